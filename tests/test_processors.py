"""How many processors may be used, in control groups as Linux shows them."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

from voicebot import processors
from voicebot.processors import time_limit, usable_cores


@pytest.mark.parametrize(
    ("own", "limits", "cores"),
    [
        ("0::/\n", {"": "150000 100000\n"}, 1.5),
        ("0::/\n", {"": "max 100000\n"}, math.inf),
        ("0::/\n", {}, math.inf),
        ("0::/pod/bot\n", {"pod": "300000 100000\n", "pod/bot": "max 100000\n"}, 3.0),
        ("0::/pod/bot\n", {"pod": "300000 100000\n", "pod/bot": "50000 100000\n"}, 0.5),
        ("0::/../../elsewhere\n", {"": "100000 100000\n"}, 1.0),
        ("4:cpu:/old\n0::/\n", {"": "200000 100000\n"}, 2.0),
        ("4:cpu:/old\n", {"": "200000 100000\n"}, math.inf),
        ("0::/\n", {"": "what is this\n"}, math.inf),
        ("0::/\n", {"": "100000 0\n"}, math.inf),
        ("0::/\n", {"": ""}, math.inf),
    ],
)
def test_the_least_limit_of_the_control_groups_counts(
    tmp_path: Path, own: str, limits: dict[str, str], cores: float
) -> None:
    groups = tmp_path / "cgroup"
    for group, limit in {"": None, **limits}.items():
        (groups / group).mkdir(parents=True, exist_ok=True)
        if limit is not None:
            (groups / group / "cpu.max").write_text(limit)
    (tmp_path / "own").write_text(own)
    assert time_limit(groups, tmp_path / "own") == cores


def test_where_the_system_does_not_say_there_is_no_limit(tmp_path: Path) -> None:
    assert time_limit(tmp_path, tmp_path / "absent") == math.inf


@pytest.mark.parametrize(("limit", "cores"), [(0.2, 1), (1.0, 1), (1.2, 2), (1000.0, None), (math.inf, None)])
def test_a_limit_of_the_time_is_rounded_up(monkeypatch: pytest.MonkeyPatch, limit: float, cores: int | None) -> None:
    monkeypatch.setattr(processors, "time_limit", lambda: limit)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2})
    assert usable_cores() == (cores or 3)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="Linux only")
def test_a_process_that_may_run_on_one_processor_uses_one() -> None:
    code = "import os; from voicebot.processors import usable_cores as c; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); print(c())"  # noqa: E501
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "1\n"
