"""``voicebot assist-demo`` as a newcomer runs it: with the embedded speech and language services."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import wave
from pathlib import Path
from typing import Any

import pytest
from served import ROOT

pytestmark = pytest.mark.slow

DEMO_S = 240.0
CARD = "4539148803436467"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where the demo is started: with its samples, and the settings of somebody who would see another call."""
    for folder in ("assist", "dialogs"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    (tmp_path / "voicebot.toml").write_text(
        '[sip]\nprot = 5060\n[assist]\nwithhold = []\nfolder = ""\n[language]\nservice = "off"\n'
    )
    return tmp_path


SHORT = f"""\
caller: {{name: Ada, number: "+15550101", pitch: 1.15}}
agent: {{name: Ben, number: "7001"}}
expect: [sentiment, suggestion, checklist]
steps:
  - agent: "Good morning, my name is Ben. How can I help you?"
  - caller: "I got a reminder for a late payment. This is terrible."
  - caller: "My card is four five three nine, one four eight eight, zero three four three, six four six seven."
    secret: "{CARD}"
  - agent: "Please tell me the security code."
  - until: paused
  - until: listening
"""


def test_a_demo_shows_all_that_is_to_come_and_nothing_that_is_secret(place: Path) -> None:
    (script := place / "call.yaml").write_text(SHORT)
    shown_by_the_demo(place, "--script", str(script))


@pytest.mark.long
def test_so_does_the_one_that_comes_with_the_product(place: Path) -> None:
    record = shown_by_the_demo(place)
    assert "bill" not in record["summary"]["Reason"], "the second matter of the caller"


def shown_by_the_demo(place: Path, *options: str) -> dict[str, Any]:
    """The record of the call of a demo that has come to its end, with all that was to come."""
    out = place / "out"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("VOICEBOT_")}
    done = subprocess.run(
        [sys.executable, "-m", "voicebot", "assist-demo", "--out", str(out), "--json", *options],
        cwd=place,
        env=kept,
        capture_output=True,
        text=True,
        timeout=DEMO_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["ok"] and not told["missing"]
    assert {"Utterance", "Sentiment", "Suggestion", "ChecklistItem", "Listening", "Summary", "Ended"} <= {
        event["EventType"] for event in told["events"]
    }
    assert f"{told['page']}" in done.stderr and "[card number]" in done.stderr
    record: dict[str, Any] = json.loads((out / "assist-call.json").read_text())
    assert record["withheld"]["card number"]
    assert not (place / "audit.jsonl").exists(), "all that it leaves is in the folder that was named"
    with wave.open(str(out / "assist-call.wav")) as recording:
        assert recording.getnchannels() == 2
    for text in (done.stdout, done.stderr, json.dumps(record), (out / "assist-serve.log").read_text()):
        assert CARD[:7] not in text.replace(" ", "").replace("-", "")
    return record


def test_a_script_with_a_mistake_is_told_with_its_line_before_anything_starts(tmp_path: Path) -> None:
    (script := tmp_path / "call.yaml").write_text("caller: {name: Ada}\nsteps: []\n")
    done = subprocess.run(
        [sys.executable, "-m", "voicebot", "assist-demo", "--script", str(script), "--out", str(tmp_path / "out")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [
        'call.yaml:1: `caller` has no number; write `caller: {name: Ada, number: "7001"}`'
    ]
