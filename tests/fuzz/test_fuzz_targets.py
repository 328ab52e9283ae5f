"""Each fuzz target runs from its corpus: the same inputs each time, some seconds of them. With ``FUZZ_S`` in the
environment it is other inputs each time, for so many seconds."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

RUNS = {
    "sip": 2_500,
    "message": 10_000,
    "stream": 20_000,
    "digest": 100_000,
    "sdp": 25_000,
    "recording": 15_000,
    "rtp": 300_000,
    "rtcp": 100_000,
    "handshake": 25_000,
    "acs": 4_000,
    "activity": 5_000,
    "connector": 5_000,
    "direct_line": 20_000,
    "streaming": 50_000,
    "server_sent_events": 5_000,
    "token": 20_000,
    "speech_result": 50_000,
    "speech_message": 20_000,
    "dialogs": 300,
}
ROOT = Path(__file__).parent.parent.parent
FUZZ_S = os.environ.get("FUZZ_S", "")

pytestmark = pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="atheris is not installed")


@pytest.mark.parametrize("target", RUNS)
def test_nothing_escapes_and_nothing_takes_long(target: str, tmp_path: Path) -> None:
    found = tmp_path / "found"
    found.mkdir()
    command = [sys.executable, str(Path(__file__).with_name("fuzz.py")), target, str(found)]
    much = [f"-max_total_time={FUZZ_S}"] if FUZZ_S else ["-seed=1", f"-runs={RUNS[target]}"]
    done = subprocess.run(
        [*command, *much, f"-artifact_prefix={tmp_path}/"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        timeout=float(FUZZ_S or 60) + 60,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")[-4000:]
    assert b"Done " in done.stderr, "the run did not take place"
