"""``voicebot test --voice`` with offline models on both sides: a question is asked, answered, and the call judged."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.alone]

MAIN = """\
steps:
  - id: more
    ask: It is {now|time}. Anything else?
    yesno: {}
    save: more
  - id: which
    if: more
    then: hours
  - id: bye
    hangup: Goodbye.
  - id: hours
    call: shop.hours
    save: hours
  - id: told
    hangup: We are open until {hours}.
"""
TESTS = """\
tests:
  - test: Hours
    now: 2026-12-01 14:00
    functions: {shop.hours: {gives: six}}
    talk:
      - bot: It is 2:00*. Anything else?
      - caller: yes please
      - bot: We are open until six.
      - hangup: true
"""


def test_a_test_is_held_as_a_call_with_its_own_clock_and_functions(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "main.yaml").write_text(MAIN, encoding="utf-8")
    (tmp_path / "shop.py").write_text("async def hours():\n    raise RuntimeError('the real one')\n", encoding="utf-8")
    (tmp_path / "tests" / "line.yaml").write_text(TESTS, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "voicebot", "test", str(tmp_path), "--voice", "--json"],
        capture_output=True, text=True, timeout=120, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    assert (told["passed"], told["failed"], told["skipped"]) == (1, 0, 0)
    (understood,) = told["tests"][0]["understood"]
    assert understood["said"] == "yes please." and "yes" in understood["heard"].lower()
