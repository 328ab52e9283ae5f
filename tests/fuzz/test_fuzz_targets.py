"""Each fuzz target runs for a few seconds from its corpus; ``FUZZ_S`` in the environment makes it longer."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

TARGETS = ("sip", "message", "stream", "digest", "sdp", "rtp", "rtcp", "handshake")
ROOT = Path(__file__).parent.parent.parent
FUZZ_S = int(os.environ.get("FUZZ_S", "3"))

pytestmark = pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="atheris is not installed")


@pytest.mark.parametrize("target", TARGETS)
def test_nothing_escapes_and_nothing_takes_long(target: str, tmp_path: Path) -> None:
    found = tmp_path / "found"
    found.mkdir()
    command = [sys.executable, str(Path(__file__).with_name("fuzz.py")), target, str(found)]
    done = subprocess.run(
        [*command, f"-max_total_time={FUZZ_S}", f"-artifact_prefix={tmp_path}/"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        timeout=FUZZ_S + 60,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")[-4000:]
    assert b"Done " in done.stderr, "the run did not take place"
