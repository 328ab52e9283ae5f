"""Activities that were reported to be heard wrongly, or not at all (README.md)."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from voicebot.bots import events_from_activity
from voicebot.events import BotMessage
from voicebot.speech.ssml import document, is_ssml

ACTIVITIES = sorted((Path(__file__).parent / "activities").glob("*.json"))


def report(file: Path) -> dict[str, Any]:
    return json.loads(file.read_text(encoding="utf-8"))


def heard(activity: dict[str, Any]) -> str:
    """The words that the synthesiser is given."""
    messages = [event for event in events_from_activity(activity, 1, 0.0) if isinstance(event, BotMessage)]
    speak = " ".join(message.speak for message in messages)
    if not is_ssml(speak) and "<" not in speak:
        return speak
    return re.sub("<[^>]*>", " ", document(speak, voice="en-US-AvaNeural", language="en-US"))


def marked(file: Path) -> Any:
    why = report(file).get("wrong")
    return pytest.param(file, marks=[pytest.mark.xfail(reason=why, strict=True)] if why else [], id=file.stem)


@pytest.mark.parametrize("file", [marked(file) for file in ACTIVITIES])
def test_what_a_bot_sends_is_heard_as_it_is_meant(file: Path) -> None:
    wanted = report(file)
    words = heard(wanted["activity"])
    assert [part for part in wanted.get("has", []) if part not in words] == []
    assert [part for part in wanted.get("hasnt", []) if part in words] == []
    assert {part: words.count(part) for part in wanted.get("once", [])} == dict.fromkeys(wanted.get("once", []), 1)


@pytest.mark.parametrize("file", ACTIVITIES, ids=lambda file: file.stem)
def test_every_report_has_its_source_and_says_what_is_wanted(file: Path) -> None:
    wanted = report(file)
    assert wanted["source"].startswith("http")
    assert wanted.get("has") or wanted.get("once")
    assert set(wanted) <= {"source", "activity", "has", "hasnt", "once", "wrong"}
