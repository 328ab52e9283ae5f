"""A call that another process has begun: the bot says again what it waits for, and there is one record."""

from __future__ import annotations

import wave
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from call_world import World

from voicebot.calls.call_recording import RecordingState
from voicebot.calls.going_on import GoingOn, one_record
from voicebot.calls.set_by_bot import SetByBot
from voicebot.events import (
    TAKEN,
    CallConfigured,
    HoldEnded,
    HoldStarted,
    KeyCollection,
    RecordingAction,
    RecordingAsked,
    SpeechStarted,
    SpeechStopped,
)

BEGAN = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
SET = CallConfigured(0.0, barge_in=False, no_input_s=20.0, keys=KeyCollection(4), listening=False)
GOING_ON = GoingOn(
    "aa", BEGAN, "voice", "de-DE", "desk", {"order": 7}, RecordingState.PAUSED, SetByBot(SET)
)  # fmt: skip


def part(**changes: Any) -> dict[str, Any]:
    empty: dict[str, Any] = {name: [] for name in ("metadata", "turns", "keys", "overlaps", "failures", "timeline")}
    counts = ("turns_dropped", "no_inputs", "no_matches", "interruptions", "overlap_count", "failure_count")
    moments = {"ringing_ms": None, "early_media_ms": None, "answered_ms": None, "answered": None, "duration_ms": None}
    return empty | dict.fromkeys(counts, 0) | moments | {"prepared": {"trials": 1}, "talk_ms": None} | changes


def test_it_comes_out_of_a_store_as_it_went_in() -> None:
    assert GoingOn.of(GOING_ON.as_json(), None) == GOING_ON
    assert GoingOn.of(GOING_ON.as_json(), {"turns": []}).record == {"turns": []}


@pytest.mark.parametrize(
    "change",
    [
        {"recording": "maybe"},
        {"call": 3},
        {"began": "yesterday"},
        {"began": "2026-11-28T12:00:00"},
        {"context": []},
        {"voice": None},
        {"settings": {"pace": "slow"}},
        {"settings": {"barge_in": [True]}},
        {"settings": 3},
    ],
)
def test_what_is_no_call_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        GoingOn.of(GOING_ON.as_json() | change, None)
    with pytest.raises(ValueError, match="is missing"):
        GoingOn.of({}, None)


def test_two_parts_are_one_record_with_turns_in_order_and_counts_added() -> None:
    first = part(turns=[{"index": 1, "n": "a"}], keys=[{"key": "1"}], answered_ms=20.0, answered="then", no_inputs=2)
    second = part(
        turns=[{"index": 1, "n": "b"}, {"index": 2, "n": "c"}], keys=[{"key": "2"}], answered_ms=9000.0,
        answered="later", duration_ms=12_020.0, no_inputs=1, end={"reason": "caller"},
    )  # fmt: skip
    joined = one_record(first, second)
    assert [(turn["index"], turn["n"]) for turn in joined["turns"]] == [(1, "a"), (2, "b"), (3, "c")]
    assert [key["key"] for key in joined["keys"]] == ["1", "2"] and joined["no_inputs"] == 3
    assert (joined["answered_ms"], joined["answered"], joined["talk_ms"]) == (20.0, "then", 12_000.0)
    assert joined["prepared"] == {"trials": 2} and joined["end"] == {"reason": "caller"}
    assert joined["taken_over"] == [{"at_ms": 9000.0}]
    again = one_record(joined, second)
    assert len(again["taken_over"]) == 2 and len(again["turns"]) == 5


def test_without_a_first_part_the_second_is_the_record() -> None:
    second = part()
    assert one_record({}, second) is second


@pytest.mark.virtual_time
async def test_the_bot_is_asked_to_say_again_what_it_waits_for(tmp_path: Path) -> None:
    began = datetime.now(UTC) - timedelta(seconds=30)
    first = part(turns=[{"index": 1, "kind": "start"}], answered_ms=20.0)
    world = World(records=tmp_path, going_on=GoingOn("aa", began, record=first))
    await world.settle()
    assert world.session.id == "aa" and world.session.phase == "up"
    assert world.bot.told[0]["type"] == "conversationUpdate"
    await world.until(lambda: any(activity.get("name") == "voicebot.resume" for activity in world.bot.told))
    world.line.end("caller")
    record = await world.over()
    assert record["turns"][0] == {"index": 1, "kind": "start"} and len(record["turns"]) > 1
    assert record["answered_ms"] == 20.0 and 29_000 < record["taken_over"][0]["at_ms"] < 40_000
    assert (tmp_path / "aa.json").exists()


@pytest.mark.virtual_time
@pytest.mark.parametrize("words_lost", [True, False])
async def test_callers_whose_words_may_be_lost_hear_so_before_the_question(tmp_path: Path, words_lost: bool) -> None:
    world = World(records=tmp_path, going_on=GoingOn("aa", datetime.now(UTC), words_lost=words_lost))
    await world.settle()
    await world.until(lambda: any(activity.get("name") == "voicebot.resume" for activity in world.bot.told))
    world.says("Question two.")
    await world.settle()
    world.line.pull(110)
    await world.line.hang_up()
    record = await world.over()
    said = [utterance["text"] for turn in record["turns"] for utterance in turn["bot"]["utterances"]]
    lost = ["Are you still there? I could not hear you for a moment."] if words_lost else []
    assert said == [*lost, "Question two."]


@pytest.mark.virtual_time
async def test_words_would_be_lost_while_somebody_speaks_or_an_answer_is_due(tmp_path: Path) -> None:
    world = World(records=tmp_path)
    seen = []

    async def look(what: str) -> None:
        await world.settle()
        seen.append((what, world.session.midway))

    await look("it is being answered, and the greeting made")
    await world.greeted()
    world.line.pull(2)
    await look("the bot speaks")
    world.session.fact(HoldStarted(world.now))
    await look("on hold")
    world.session.fact(HoldEnded(world.now))
    world.line.pull(60)
    await look("the caller is silent")
    world.session.dispatch(SpeechStarted(world.now, world.now))
    await look("the caller speaks")
    world.session.dispatch(SpeechStopped(world.now, world.now))
    await world.caller_says("one two three")
    await look("the bot thinks")
    await world.line.hang_up()
    await world.over()
    await look("it is over")
    lost = ("the bot speaks", "the caller speaks", "the bot thinks", "it is being answered, and the greeting made")
    assert seen == [(what, what in lost) for what, _ in seen]


@pytest.mark.virtual_time
async def test_what_the_bot_has_set_for_its_call_holds_in_the_next_process() -> None:
    world = World(going_on=GoingOn("aa", datetime.now(UTC), "", "de-DE", settings=SetByBot(SET)))
    await world.settle()
    policy = world.session._turns._machine.floor.policy
    assert (policy.barge_in, policy.no_input_s, policy.keys, policy.language) == (
        False,
        20.0,
        KeyCollection(4),
        "de-DE",
    )
    assert world.session._playback.voice.language == "de-DE" and not world.session._hearing.listening
    assert world.session._settings.given.barge_in is False, "a third process gets it, too"
    await world.line.hang_up()
    await world.over()


@pytest.mark.virtual_time
@pytest.mark.parametrize("before", RecordingState)
async def test_nothing_is_recorded_that_was_not_recorded_before(tmp_path: Path, before: RecordingState) -> None:
    going_on = GoingOn("aa", datetime.now(UTC), recording=before)
    world = World(tmp_path, recording=True, going_on=going_on)
    await world.settle()
    world.line.pull(4)
    world.bot.on_event(RecordingAsked(world.now, RecordingAction.RESUME, "r"))
    world.line.pull(4)
    await world.line.hang_up()
    await world.over()
    assert (tmp_path / "aa.wav").exists() is (before is not RecordingState.NONE)
    if before is not RecordingState.NONE:
        with wave.open(str(tmp_path / "aa.wav")) as recording:
            assert (recording.getnframes() == 640) is (before is RecordingState.PAUSED)


@pytest.mark.virtual_time
async def test_a_call_that_another_process_has_leaves_no_record_here(tmp_path: Path) -> None:
    world = World(records=tmp_path)
    await world.greeted()
    assert world.session.kept() is None, "this leg cannot be kept"
    world.line.end(TAKEN)
    await world.task
    assert world.session.record is None and not (tmp_path / f"{world.session.id}.json").exists()
    assert world.bot.closed == TAKEN
