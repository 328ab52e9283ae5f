"""Each fuzz target runs from its corpus: the same inputs each time, some seconds of them. With ``FUZZ_S`` in the
environment it is other inputs each time, for so many seconds."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from subprocess import PIPE

import pytest
from fuzz import targets

RUNS = {
    "sip": 500,
    "message": 2_000,
    "stream": 4_000,
    "digest": 20_000,
    "sdp": 5_000,
    "recording": 3_000,
    "rtp": 60_000,
    "rtcp": 20_000,
    "handshake": 5_000,
    "acs": 800,
    "activity": 1_000,
    "connector": 1_000,
    "direct_line": 4_000,
    "streaming": 10_000,
    "server_sent_events": 1_000,
    "token": 4_000,
    "speech_result": 10_000,
    "speech_message": 4_000,
    "dialogs": 60,
}
ROOT = Path(__file__).parent.parent.parent
FUZZ = Path(__file__).with_name("fuzz.py")
MODULE_OF = targets()
FUZZ_S = os.environ.get("FUZZ_S", "")

pytestmark = pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="atheris is not installed")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., tuple[int, str]]]:
    """Runs a target: its exit status, and what it said. The code of a module's targets is instrumented once."""
    folder = tmp_path_factory.mktemp("fuzz")
    with ExitStack() as stack:

        @cache
        def instrumented(module: str) -> subprocess.Popen[str]:
            with (folder / f"{module}.log").open("w") as log:
                command = [sys.executable, str(FUZZ), module]
                environment = {**os.environ, "PYTHONPATH": str(ROOT)}
                return stack.enter_context(
                    subprocess.Popen(command, cwd=ROOT, env=environment, text=True, stdin=PIPE, stdout=PIPE, stderr=log)
                )

        def run(target: str, *arguments: str) -> tuple[int, str]:
            log = folder / f"{target}.log"
            process = instrumented(MODULE_OF[target])
            print(json.dumps([str(log), target, *arguments]), file=process.stdin, flush=True)
            assert process.stdout is not None
            status = process.stdout.readline()
            assert status, (folder / f"{MODULE_OF[target]}.log").read_text()[-4000:]
            return int(status), log.read_text(errors="replace")

        yield run


@pytest.mark.parametrize("target", RUNS)
def test_nothing_escapes_and_nothing_takes_long(
    target: str, run: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    (found := tmp_path / "found").mkdir()
    much = [f"-max_total_time={FUZZ_S}"] if FUZZ_S else ["-seed=1", f"-runs={RUNS[target]}", "-max_total_time=600"]
    status, said = run(target, str(found), *much, f"-artifact_prefix={tmp_path}/")
    assert status == 0, said[-4000:]
    assert "Done " in said, "the run did not take place"


def test_every_target_is_run() -> None:
    assert RUNS.keys() == MODULE_OF.keys()
