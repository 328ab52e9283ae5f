from __future__ import annotations

import json
from datetime import UTC, datetime

from voicebot.audio import PCMU
from voicebot.calls.privacy import NOT_KEPT, Privacy
from voicebot.calls.record import RecordBuilder
from voicebot.events import (
    Alternative,
    BotMessage,
    Final,
    Hypothesis,
    KeyPressed,
    RecordingAction,
    RecordingAsked,
    StepReached,
)
from voicebot.legs import LegInfo
from voicebot.turns import AskKind

INFO = LegInfo(call_id="c", caller="+15550100", callee="7000", audio=PCMU, remote_address="192.0.2.1")


def asked(at: float, action: RecordingAction) -> RecordingAsked:
    return RecordingAsked(at, action)


def test_words_and_keys_are_taken_out_while_the_recording_is_paused() -> None:
    privacy = Privacy()
    message = BotMessage(1.0, 1, "Your PIN?", "Your PIN?")
    assert privacy.event(message) is message
    privacy.event(asked(1.1, RecordingAction.PAUSE))
    assert privacy.event(Hypothesis(2.0, "one two", 1.5, 2.0)) == Hypothesis(2.0, NOT_KEPT, 1.5, 2.0)
    assert privacy.event(KeyPressed(2.0, "7")) == KeyPressed(2.0, "x")
    assert privacy.event(BotMessage(2.5, 1, "1 2?", "1 2?")) == BotMessage(2.5, 1, NOT_KEPT, NOT_KEPT)
    assert privacy.text("one two") == NOT_KEPT
    assert privacy.text("") == ""
    privacy.event(asked(3.0, RecordingAction.RESUME))
    assert privacy.text("one two") == "one two"
    key = KeyPressed(3.1, "7")
    assert privacy.event(key) is key


def test_a_secret_that_is_said_while_nothing_is_recorded_is_taken_out_as_well() -> None:
    privacy = Privacy()
    for at, action in enumerate((RecordingAction.STOP, RecordingAction.PAUSE)):
        privacy.event(asked(float(at), action))
    assert privacy.text("one two") == NOT_KEPT
    privacy.event(asked(2.0, RecordingAction.STOP))
    assert privacy.text("my bill") == "my bill", "as before the pause"
    assert privacy.event(Final(3.2, "one two", 1.5, 2.8)).text == NOT_KEPT  # type: ignore[attr-defined]


def test_who_pauses_and_then_stops_goes_on_keeping_nothing() -> None:
    privacy = Privacy()
    for at, action in enumerate((RecordingAction.PAUSE, RecordingAction.STOP)):
        privacy.event(asked(float(at), action))
    assert privacy.text("one two") == NOT_KEPT


def test_variables_that_are_the_same_as_before_are_not_in_the_timeline_again() -> None:
    record = RecordBuilder("1d", INFO, started_at_wall=datetime(2026, 11, 22, tzinfo=UTC), started_at=0.0)
    for at, variables in enumerate([{"a": "1", "pin": None}, {"a": "1", "pin": None}, {"a": "2"}, {}]):
        record.note(StepReached(float(at), at, "main.a", took="date", value="x" * 9000, variables=variables))
    lines = record.build()["timeline"]
    assert [line["variables"] for line in lines] == [{"a": "1", "pin": None}, None, {"a": "2"}, {}]
    assert (lines[0]["event"], lines[0]["step"], lines[0]["took"]) == ("step_reached", "main.a", "date")
    assert len(lines[0]["value"]) < 5000


def test_the_version_of_the_dialogs_is_in_the_timeline_once() -> None:
    record = RecordBuilder("1d", INFO, started_at_wall=datetime(2026, 11, 22, tzinfo=UTC), started_at=0.0)
    for at, version in enumerate(["3f2a", "3f2a", "77b0"]):
        record.note(StepReached(float(at), at, "main.a", variables={"a": str(at)}, dialogs=version))
    assert [line["dialogs"] for line in record.build()["timeline"]] == ["3f2a", "", "77b0"]


def test_what_is_recognised_late_belongs_to_when_it_was_said() -> None:
    privacy = Privacy()
    privacy.event(asked(1.0, RecordingAction.PAUSE))
    privacy.event(asked(3.0, RecordingAction.RESUME))
    secret = Final(3.2, "one two", 2.0, 2.8, 0.9, (Alternative("one to", 0.1),))
    assert privacy.event(secret) == Final(3.2, NOT_KEPT, 2.0, 2.8, 0.9)
    after = Final(5.0, "my bill", 4.0, 4.8)
    assert privacy.event(after) is after


def test_a_record_that_was_never_paused_and_is_resumed_keeps_everything() -> None:
    privacy = Privacy()
    privacy.event(asked(3.0, RecordingAction.RESUME))
    early = Final(3.2, "my bill", 2.0, 2.8)
    assert privacy.event(early) is early


def test_nothing_of_a_card_number_is_in_the_call_record() -> None:
    record = RecordBuilder("1d", INFO, started_at_wall=datetime(2026, 11, 22, tzinfo=UTC), started_at=0.0)
    record.asked(1, "", AskKind.START, 0.1)
    record.note(BotMessage(0.2, 1, "Your card number?", "Your card number?"))
    record.note(asked(0.3, RecordingAction.PAUSE))
    record.note(Hypothesis(1.0, "four one", 0.5, 1.0))
    record.note(Final(1.5, "four one one one", 0.5, 1.4))
    record.asked(2, "four one one one", AskKind.SPEECH, 1.6)
    for key in "4111":
        record.note(KeyPressed(1.7, key))
    record.note(BotMessage(1.8, 2, "I have 4 1 1 1", "I have four one one one"))
    record.spoken(2, "I have four one one one", 2, 1.8)
    record.asked(3, "yes", AskKind.SPEECH, 2.6)
    record.note(asked(2.7, RecordingAction.RESUME))
    record.synthesised(2, 2, "I have four one one one", 2.8)
    record.note(BotMessage(2.9, 3, "Thank you.", "Thank you."))
    kept = json.dumps(record.build())
    assert "four one" not in kept
    assert "4 1" not in kept
    assert "4111" not in kept
    assert "Your card number?" in kept
    assert "Thank you." in kept
