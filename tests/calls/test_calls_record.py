from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from voicebot.address import Address
from voicebot.audio import PCMU
from voicebot.calls import record as module
from voicebot.calls import record_timeline
from voicebot.calls.record import MAX_OVERLAPS, RecordBuilder
from voicebot.events import (
    BotDone,
    BotFailed,
    BotMessage,
    CallAnswered,
    CallRinging,
    EarlyMediaReceived,
    Final,
    Hypothesis,
    KeyPressed,
    LegEnded,
    NoMatch,
    PlaybackEnded,
    PlaybackFailed,
    PlaybackStarted,
    RecognitionLost,
    SpeechStarted,
    SpeechStopped,
    TransferAsked,
    TransferEnded,
)
from voicebot.legs import LegInfo
from voicebot.records import write_record
from voicebot.turns import AskKind, Outcome, Overlapped, TurnEnd

START = 1000.0
WALL = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
INFO = LegInfo(call_id="a84b4c76e66710@pc33", caller="+15550100", callee="7000", audio=PCMU, remote_address="192.0.2.1")


def builder() -> RecordBuilder:
    return RecordBuilder("c0ffee", INFO, started_at_wall=WALL, started_at=START, bot="utility", language="en-US")


def greeted() -> RecordBuilder:
    """A call in which the bot has greeted, up to 2.0 s."""
    record = builder()
    record.asked(1, "", AskKind.START, START + 0.01)
    record.note(CallAnswered(START + 0.1))
    record.note(BotMessage(START + 0.05, 1, "Hello there.", "Hello there."))
    record.note(BotDone(START + 0.06, 1))
    record.spoken(1, "Hello there.", 1, START + 0.07)
    record.synthesised(1, 1, "Hello there.", START + 0.08)
    record.note(PlaybackStarted(START + 0.12, 1))
    record.note(PlaybackEnded(START + 2.0, 1, 1.88, True))
    return record


def test_a_turn_has_every_time_between_speech_and_the_end_of_the_answer() -> None:
    record = greeted()
    record.note(SpeechStarted(START + 2.6, onset=START + 2.5))
    record.note(Hypothesis(START + 2.9, "my bill", START + 2.5, START + 2.9))
    record.note(Hypothesis(START + 3.2, "my bill please", START + 2.5, START + 3.2))
    record.note(SpeechStopped(START + 3.5, offset=START + 3.3))
    record.note(Final(START + 3.6, "My bill, please.", START + 2.5, START + 3.3, 0.93))
    record.asked(2, "My bill, please.", AskKind.SPEECH, START + 3.65, ended=TurnEnd.FINAL)
    record.note(BotMessage(START + 3.7, 2, "Your account number?", "Your account number?"))
    record.note(BotDone(START + 3.71, 2))
    record.synthesised(2, 2, "Your account number?", START + 3.8)
    record.note(PlaybackStarted(START + 3.82, 2))
    record.note(PlaybackEnded(START + 5.0, 2, 1.2, True))
    record.note(LegEnded(START + 6, "caller"))

    document = record.build()
    turn = document["turns"][1]

    assert turn["kind"] == "speech" and turn["index"] == 2 and turn["request"] == 2
    assert turn["caller"] == {
        "text": "My bill, please.",
        "speech_start_ms": 2500.0,
        "speech_end_ms": 3300.0,
        "first_hypothesis_ms": 2900.0,
        "final_ms": 3600.0,
        "final_text": "My bill, please.",
        "confidence": 0.93,
        "keys": "",
        "keys_ms": [],
    }
    bot = turn["bot"]
    assert (bot["asked_ms"], bot["first_message_ms"], bot["done_ms"]) == (3650.0, 3700.0, 3710.0)
    assert (bot["first_audio_ms"], bot["first_packet_ms"], bot["playback_end_ms"]) == (3800.0, 3820.0, 5000.0)
    assert bot["text"] == "Your account number?" and bot["interrupted"] is None
    assert turn["gap_ms"] == 520.0
    assert turn["ended"] == "final"
    assert document["answered"] == "2026-11-22T12:00:00.100Z"
    assert document["ended"] == "2026-11-22T12:00:06.000Z"
    assert (document["duration_ms"], document["talk_ms"]) == (6000.0, 5900.0)
    assert document["end"] == {"reason": "caller", "bot_asked": False}


def test_a_final_that_comes_after_the_bot_was_asked_joins_the_turn_whose_speech_it_covers() -> None:
    record = greeted()
    record.note(SpeechStarted(START + 2.6, onset=START + 2.5))
    record.note(Hypothesis(START + 3.2, "outage", START + 2.5, START + 3.2))
    record.note(SpeechStopped(START + 3.5, offset=START + 3.3))
    record.asked(2, "outage", AskKind.SPEECH, START + 3.75)
    record.note(SpeechStarted(START + 4.1, onset=START + 4.0))
    record.note(Final(START + 4.2, "Outage.", START + 2.5, START + 3.3))
    record.note(Final(START + 4.9, "Now.", START + 4.0, START + 4.5))
    record.asked(3, "Now.", AskKind.SPEECH, START + 5)

    _, second, third = record.build()["turns"]

    assert (second["caller"]["text"], second["caller"]["final_text"]) == ("outage", "Outage.")
    assert second["caller"]["final_ms"] == 4200.0
    assert (third["caller"]["final_text"], third["caller"]["speech_start_ms"]) == ("Now.", 4000.0)


def test_an_interrupted_answer_says_how_much_of_it_was_heard() -> None:
    record = greeted()
    record.asked(2, "hours", AskKind.SPEECH, START + 3)
    record.spoken(2, "We are open from eight to five.", 2, START + 3.1)
    record.note(PlaybackStarted(START + 3.2, 2))
    record.note(SpeechStarted(START + 3.9, onset=START + 3.8))
    record.note(PlaybackEnded(START + 3.95, 2, 0.74, False))
    record.asked(3, "We are open", AskKind.INTERRUPTED, START + 3.96)
    record.asked(4, "An agent", AskKind.SPEECH, START + 5)

    document = record.build()

    assert [turn["kind"] for turn in document["turns"]] == ["start", "speech", "speech"]
    assert document["turns"][1]["bot"]["interrupted"] == {
        "utterance": 2,
        "at_ms": 3950.0,
        "heard_s": 0.74,
        "heard_text": "We are open",
    }
    assert document["turns"][2]["caller"]["speech_start_ms"] == 3800.0
    assert document["interruptions"] == 1


def test_keys_are_kept_with_the_turn_they_made_and_the_gap_runs_from_the_last_one() -> None:
    record = greeted()
    record.note(KeyPressed(START + 2.2, "4"))
    record.note(KeyPressed(START + 2.4, "2"))
    record.asked(2, "42", AskKind.KEY, START + 2.41)
    record.note(PlaybackStarted(START + 2.7, 2))

    turn = record.build()["turns"][1]

    assert (turn["caller"]["keys"], turn["caller"]["keys_ms"]) == ("42", [2200.0, 2400.0])
    assert turn["gap_ms"] == 300.0


def test_a_question_from_silence_leaves_speech_in_progress_to_the_turn_it_becomes() -> None:
    record = greeted()
    record.note(SpeechStarted(START + 9.05, onset=START + 9.0))
    record.asked(2, "", AskKind.NO_INPUT, START + 9.06)
    record.note(SpeechStopped(START + 9.8, offset=START + 9.5))
    record.asked(3, "yes", AskKind.SPEECH, START + 9.9)

    document = record.build()

    assert document["no_inputs"] == 1
    assert document["turns"][1]["caller"]["speech_start_ms"] is None
    assert document["turns"][2]["caller"]["speech_start_ms"] == 9000.0
    assert document["turns"][2]["caller"]["speech_end_ms"] == 9500.0


def test_failures_and_transfers_are_told() -> None:
    record = greeted()
    record.asked(2, "agent", AskKind.SPEECH, START + 3)
    record.note(BotFailed(START + 4, 2, "no answer within 5 s"))
    record.note(RecognitionLost(START + 4.5, "connection closed"))
    record.note(PlaybackFailed(START + 5, 3, 0.0, "synthesis timed out"))
    record.note(NoMatch(START + 5.5, START + 5, START + 5.4))
    record.note(TransferAsked(START + 6, Address.parse("+15550199")))
    record.note(TransferEnded(START + 7, True, 200, "OK"))
    record.ended("transfer", START + 7.5, {"lost": 3})

    document = record.build()

    assert [failure["what"] for failure in document["failures"]] == ["bot", "recognition", "playback"]
    assert document["turns"][1]["bot"]["failed"] == "no answer within 5 s"
    assert document["no_matches"] == 1
    assert document["transfer"]["target"] == "+15550199" and document["transfer"]["accepted"] is True
    assert document["quality"] == {"lost": 3}


def test_what_the_bot_says_by_itself_belongs_to_the_turn_in_which_it_was_said() -> None:
    record = greeted()
    record.note(BotMessage(START + 3, 0, "One moment.", "One moment."))
    record.spoken(2, "One moment.", 0, START + 3)
    record.note(PlaybackStarted(START + 3.1, 2))

    (turn,) = record.build()["turns"]

    assert turn["bot"]["text"] == "Hello there. One moment."
    assert [u["utterance"] for u in turn["bot"]["utterances"]] == [1, 2]


def test_of_what_may_come_again_the_first_time_counts() -> None:
    record = builder()
    record.note(CallRinging(START + 1, 180))
    record.note(CallRinging(START + 61, 180))
    record.note(EarlyMediaReceived(START + 62, 183))
    record.note(EarlyMediaReceived(START + 63, 183))
    document = record.build()
    assert (document["ringing_ms"], document["early_media_ms"]) == (1000.0, 62000.0)


def test_the_timeline_is_bounded_and_counts_what_it_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record_timeline, "MAX_TIMELINE", 3)
    record = builder()
    for number in range(5):
        record.note(KeyPressed(START + number, "1"))

    document = record.build()

    assert document["timeline"][0] == {"at_ms": 0.0, "event": "key_pressed", "key": "1"}
    assert len(document["timeline"]) == 3 and document["timeline_dropped"] == {"key_pressed": 2}


def test_times_inside_an_event_are_on_the_calls_clock_too() -> None:
    record = builder()
    record.note(SpeechStarted(START + 1.2, onset=START + 1.1))
    assert record.build()["timeline"] == [{"at_ms": 1200.0, "event": "speech_started", "onset_ms": 1100.0}]


def test_a_wall_time_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        RecordBuilder("c0ffee", INFO, started_at_wall=datetime(2026, 11, 22), started_at=START)


def test_a_call_that_was_never_answered_has_a_record(tmp_path: Path) -> None:
    record = builder()
    record.ended("caller", START + 1)
    document = record.build()
    assert document["answered"] is None and document["talk_ms"] is None and document["duration_ms"] == 1000.0


@pytest.mark.parametrize("call_id", ["../../etc/passwd", ".hidden", "a/b", "ü" * 300, "", "nul\0", "c0ffee"])
async def test_a_record_is_named_by_the_calls_id_whatever_its_call_id_is(call_id: str, tmp_path: Path) -> None:
    record = RecordBuilder("1d", replace(INFO, call_id=call_id), started_at_wall=WALL, started_at=START)
    path = await record.write(tmp_path / "records")
    assert files_in(tmp_path) == ["records/1d.json"]
    document = json.loads(path.read_text())
    assert (document["id"], document["call_id"]) == ("1d", call_id)
    assert (record.summary()["id"], record.summary()["call_id"]) == ("1d", call_id)


async def test_the_document_is_written_whole_and_leaves_no_draft(tmp_path: Path) -> None:
    path = await greeted().write(tmp_path / "records")
    assert json.loads(path.read_text())["schema"] == module.SCHEMA
    assert [file.name for file in path.parent.iterdir()] == ["c0ffee.json"]


def test_a_record_is_never_overwritten(tmp_path: Path) -> None:
    record = greeted()
    path = write_record(record.build(), tmp_path)
    before = path.read_bytes()
    record.ended("caller", START + 9)
    with pytest.raises(FileExistsError):
        write_record(record.build(), tmp_path)
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


def files_in(folder: Path) -> list[str]:
    return sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())


def test_sounds_over_prompts_are_told_with_what_became_of_them_and_are_counted() -> None:
    record = greeted()
    assert record.build()["overlaps"] == []
    for _ in range(MAX_OVERLAPS + 1):
        record.overlapped(Overlapped(START + 1.0, Outcome.BACK_CHANNEL, "mhm"), START + 1.5)
    document = record.build()
    assert document["overlaps"][0] == {"began_ms": 1000.0, "at_ms": 1500.0, "outcome": "back-channel", "text": "mhm"}
    assert (len(document["overlaps"]), document["overlap_count"]) == (MAX_OVERLAPS, MAX_OVERLAPS + 1)


@pytest.mark.parametrize("outcome", [Outcome.BACK_CHANNEL, Outcome.UNCONFIRMED, Outcome.NOISE, Outcome.ECHO])
def test_what_was_said_over_a_prompt_that_went_on_is_no_part_of_the_next_turn(outcome: Outcome) -> None:
    record = greeted()
    record.note(SpeechStarted(START + 1.2, onset=START + 1.0))
    record.note(Hypothesis(START + 1.3, "that is", START + 1.0, START + 1.3))
    record.note(SpeechStopped(START + 1.6, offset=START + 1.4))
    record.note(Final(START + 1.7, "That is right.", START + 1.0, START + 1.4, 0.9))
    record.note(KeyPressed(START + 1.8, "4"))
    record.overlapped(Overlapped(START + 1.0, outcome, "That is right."), START + 1.9)
    record.note(SpeechStarted(START + 2.6, onset=START + 2.5))
    record.note(SpeechStopped(START + 3.5, offset=START + 3.3))
    record.note(Final(START + 3.6, "My bill.", START + 2.5, START + 3.3, 0.8))
    record.asked(2, "My bill.", AskKind.SPEECH, START + 3.65, ended=TurnEnd.FINAL)
    caller = record.build()["turns"][1]["caller"]
    assert (caller["speech_start_ms"], caller["speech_end_ms"]) == (2500.0, 3300.0)
    assert (caller["final_text"], caller["confidence"], caller["keys"]) == ("My bill.", 0.8, "4")


@pytest.mark.parametrize("unfinished", ["speech", "final", "interruption"])
def test_what_goes_on_or_interrupts_or_is_still_to_be_recognised_is_a_part_of_it(unfinished: str) -> None:
    record = greeted()
    record.note(SpeechStarted(START + 1.2, onset=START + 1.0))
    record.note(Hypothesis(START + 1.3, "my bill", START + 1.0, START + 1.3))
    if unfinished != "speech":
        record.note(SpeechStopped(START + 1.6, offset=START + 1.4))
    if unfinished != "final":
        record.note(Final(START + 1.7, "My bill", START + 1.0, START + 1.4, 0.9))
    outcome = Outcome.INTERRUPTION if unfinished == "interruption" else Outcome.UNCONFIRMED
    record.overlapped(Overlapped(START + 1.0, outcome), START + 1.9)
    record.note(SpeechStopped(START + 3.5, offset=START + 3.3))
    record.note(Final(START + 3.6, "please.", START + 1.0, START + 3.3, 0.8))
    record.asked(2, "My bill please.", AskKind.SPEECH, START + 3.65, ended=TurnEnd.FINAL)
    caller = record.build()["turns"][1]["caller"]
    assert (caller["speech_start_ms"], caller["speech_end_ms"]) == (1000.0, 3300.0)
    assert caller["final_text"].endswith("please.")
