"""What of a record can be searched for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from kept_calls import BEGAN, kept_call
from watched_call import CALLER, agent

from voicebot.archive.digest import digest_of, iso, microseconds
from voicebot.assist.entries import Ended, PartiesChanged, Utterance
from voicebot.assist.record import AssistRecord
from voicebot.calls.privacy import NOT_KEPT
from voicebot.events import Final, RecordingAction, RecordingAsked, StepReached
from voicebot.legs.recorded import RecordedInfo


def test_a_call_of_a_bot_in_short() -> None:
    said = [("My parcel?", "<speak>On its <emphasis>way</emphasis>.</speak>"), ("Thanks", "Goodbye!")]
    digest = digest_of(kept_call(7, said, caller="+15550101", bot="sales", trunk="sbc", reason="bot"))
    assert (digest.kind, digest.caller, digest.callee, digest.bot, digest.trunk) == (
        *("bot", "+15550101", "bot", "sales", "sbc"),
    )
    assert (digest.outcome, digest.turns, digest.gap_ms, digest.began) == (
        "bot",
        2,
        500.0,
        microseconds(BEGAN.isoformat()),
    )
    assert digest.caller_words == "My parcel?\nThanks"
    assert digest.other_words.split() == ["On", "its", "way", ".", "Goodbye!"]


def test_what_was_said_while_the_recording_was_paused_is_not_among_the_words() -> None:
    record = kept_call(1, further=[RecordingAsked(6.0, RecordingAction.PAUSE, ""), Final(7.0, "4111 1111", 6.2, 6.9)])
    assert NOT_KEPT in str(record)
    digest = digest_of(record)
    assert "4111" not in str(digest) and NOT_KEPT not in str(digest)


def test_what_was_said_over_prompts_is_among_the_words_once() -> None:
    record = kept_call(1, [("My parcel?", "On its way.")])
    record["overlaps"] = [
        {"began_ms": 2600.0, "at_ms": 2900.0, "outcome": "back-channel", "text": "that is right"},
        {"began_ms": 3600.0, "at_ms": 3900.0, "outcome": "interruption", "text": "my par"},
        {"began_ms": 4600.0, "at_ms": 4900.0, "outcome": "noise", "text": ""},
    ]
    assert digest_of(record).caller_words == "My parcel?\nthat is right"


def test_the_steps_of_the_dialog_each_once() -> None:
    reached = [StepReached(6.0, 1, "main.ask", ("main.hi", "main.ask")), StepReached(7.0, 2, "main.ask")]
    record = kept_call(1, further=[*reached, StepReached(8.0, 3, "main.bye", ("sub.look", "main.bye"))])
    assert digest_of(record).steps == ("main.hi", "main.ask", "sub.look", "main.bye")


def test_a_call_between_people() -> None:
    people = AssistRecord("c" * 32, BEGAN)
    people.note(PartiesChanged(0, (CALLER, agent("7001"))))
    people.note(Utterance("u1", CALLER.key, "Where is my parcel?", 0, 900, False))
    people.note(Utterance("u2", agent().key, "Let me look.", 1000, 1900, False))
    people.note(Ended(5000, "hung up"))
    digest = digest_of(people.build(RecordedInfo("call-1", "pbx"), [], 0))
    assert (digest.kind, digest.caller, digest.callee) == ("people", "+15550100", "sip:7001@pbx.example")
    assert (digest.caller_words, digest.other_words) == ("Where is my parcel?", "Let me look.")
    assert (digest.outcome, digest.duration_ms, digest.trunk) == ("hung up", 5000.0, "pbx")


@pytest.mark.parametrize("record", [{}, {"id": 1},
                                    {"turns": None}, {"kind": "assist"}, {**kept_call(1), "started": "x"},
                                    {**kept_call(1), "turns": [{}]}, {**kept_call(1), "end": []}])  # fmt: skip
def test_what_is_no_record_is_refused(record: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        digest_of(record)


def test_half_a_surrogate_pair_and_control_characters_are_replaced() -> None:
    digest = digest_of(kept_call(1, [("a\ud83d\x01\x00b", "c")]))
    assert digest.caller_words == "a?  b"


def test_moments() -> None:
    moment = microseconds("2026-11-29T12:00:00.250Z")
    assert iso(moment) == "2026-11-29T12:00:00.250Z"
    assert moment == microseconds("2026-11-29T13:00:00.250+01:00") == microseconds("2026-11-29T12:00:00.250")
    assert microseconds("2026-11-29") == microseconds(datetime(2026, 11, 29, tzinfo=UTC).isoformat())
