"""The spans of a call, out of a record as calls make it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pytest

from voicebot.address import Address
from voicebot.audio import PCMU
from voicebot.calls import RecordBuilder
from voicebot.calls.going_on import one_record
from voicebot.events import (
    BotDone,
    BotFailed,
    BotMessage,
    CallAnswered,
    CallNotAnswered,
    CallRinging,
    Event,
    Final,
    KeyPressed,
    LegEnded,
    NotReached,
    PlaybackEnded,
    PlaybackFailed,
    PlaybackStarted,
    SpeechStarted,
    SpeechStopped,
    TransferAsked,
    TransferEnded,
)
from voicebot.legs import LegInfo
from voicebot.trace_context import CallTrace, span_id
from voicebot.traces import Span, SpanKind, something_failed, spans_of
from voicebot.turns import AskKind, TurnEnd

CALL = "4bf92f3577b34da6a3ce929d0e0e4736"
START = 1000.0
WALL = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
INFO = LegInfo(
    call_id="a84b4c76e66710@pc33", caller="+15550100", callee="7000", audio=PCMU, trunk="sbc", display_name="Ann Smith"
)
OUTBOUND = LegInfo(call_id="b1@us", caller="7000", callee="+15550101", audio=PCMU, direction="outbound")


def builder(info: LegInfo = INFO) -> RecordBuilder:
    return RecordBuilder(CALL, info, started_at_wall=WALL, started_at=START, bot="dialogs", language="en-US")


def note(record: RecordBuilder, *events: Event) -> RecordBuilder:
    for event in events:
        record.note(event)
    return record


def greeted() -> RecordBuilder:
    """A call in which the bot has greeted, up to 2.0 s."""
    record = builder()
    record.asked(1, "", AskKind.START, START + 0.01)
    note(record, CallAnswered(START + 0.1), BotMessage(START + 0.05, 1, "Hello.", "Hello."), BotDone(START + 0.06, 1))
    record.spoken(1, "Hello.", 1, START + 0.05, prepared=True)
    record.synthesised(1, 1, "Hello.", START + 0.08)
    return note(record, PlaybackStarted(START + 0.12, 1), PlaybackEnded(START + 2.0, 1, 1.88, True))


def answered() -> RecordBuilder:
    """... and a turn after it, from 2.5 s to 5.0 s."""
    record = note(
        greeted(),
        SpeechStarted(START + 2.6, onset=START + 2.5),
        SpeechStopped(START + 3.5, offset=START + 3.3),
        Final(START + 3.6, "My bill is 4711.", START + 2.5, START + 3.3, 0.93),
    )
    record.asked(2, "My bill is 4711.", AskKind.SPEECH, START + 3.65, ended=TurnEnd.FINAL)
    note(record, BotMessage(START + 3.7, 2, "Which street?", "Which street?"), BotDone(START + 3.71, 2))
    record.spoken(2, "Which street?", 2, START + 3.7)
    record.synthesised(2, 2, "Which street?", START + 3.8)
    return note(record, PlaybackStarted(START + 3.82, 2), PlaybackEnded(START + 5.0, 2, 1.2, True))


def over(record: RecordBuilder, reason: str = "caller", at: float = 6.0) -> dict[str, Any]:
    return note(record, LegEnded(START + at, reason)).build()


def by_name(spans: Iterable[Span]) -> dict[str, list[Span]]:
    found: dict[str, list[Span]] = {}
    for span in spans:
        found.setdefault(span.name, []).append(span)
    return found


def ms(span: Span) -> tuple[float, float]:
    """From and to, in ms since the call's start."""
    start_ns = round(WALL.timestamp()) * 1_000_000_000
    return (span.start_ns - start_ns) / 1e6, (span.end_ns - start_ns) / 1e6


def test_a_call_has_a_span_for_itself_its_invite_and_each_step_of_each_turn() -> None:
    spans = by_name(spans_of(over(answered())))
    assert {name: len(found) for name, found in spans.items()} == {
        "call": 1, "INVITE": 1, "turn": 2, "recognition": 1, "bot": 2, "synthesis": 2, "playout": 2,
    }  # fmt: skip
    assert ms(spans["call"][0]) == (0.0, 6000.0) and ms(spans["INVITE"][0]) == (0.0, 100.0)
    assert ms(spans["turn"][0]) == (10.0, 2000.0) and ms(spans["turn"][1]) == (2500.0, 5000.0)
    assert ms(spans["recognition"][0]) == (3300.0, 3600.0)
    assert ms(spans["bot"][1]) == (3650.0, 3700.0)
    assert ms(spans["synthesis"][1]) == (3700.0, 3800.0)
    assert ms(spans["playout"][1]) == (3820.0, 5000.0)


def test_steps_belong_to_their_turn_and_turns_to_the_call_and_each_has_an_id_of_its_own() -> None:
    spans = list(spans_of(over(answered())))
    known = {span.id: span.name for span in spans}
    assert len(known) == len(spans) and all(len(span.id) == 16 for span in spans)
    parents = {(span.name, known.get(span.parent, "")) for span in spans}
    assert parents == {("call", ""), ("INVITE", "call"), ("turn", "call"), *(
        (step, "turn") for step in ("recognition", "bot", "synthesis", "playout"))}  # fmt: skip
    assert spans[0].name == "call" and spans[0].id == span_id(CALL)


def test_a_bot_span_is_the_one_that_the_bot_was_told() -> None:
    first, second = by_name(spans_of(over(answered())))["bot"]
    assert CallTrace(CALL).traceparent(1).split("-")[2] == first.id
    assert CallTrace(CALL).traceparent(2).split("-")[2] == second.id


def test_a_call_tells_how_it_went_and_neither_words_nor_keys_nor_numbers() -> None:
    record = note(answered(), KeyPressed(START + 5.1, "7"), KeyPressed(START + 5.2, "9"))
    record.asked(3, "79", AskKind.KEY, START + 5.3)
    record.note(BotFailed(START + 5.4, 3, "ValueError: no account 4711"))
    spans = list(spans_of(over(record)))
    assert spans[0].attributes == {
        "sip.call_id": "a84b4c76e66710@pc33", "voicebot.direction": "inbound", "voicebot.trunk": "sbc",
        "voicebot.front_end": "sip", "voicebot.codec": "PCMU", "voicebot.bot": "dialogs", "voicebot.language": "en-US",
        "voicebot.no_inputs": 0, "voicebot.no_matches": 0, "voicebot.interruptions": 0, "voicebot.failures": 1,
        "voicebot.end": "caller", "voicebot.turns": 3,
    }  # fmt: skip
    told = repr([(span.name, list(span.attributes.values()), span.failed, span.moments) for span in spans[1:]])
    for secret in ("bill", "street", "4711", "'79'", "15550100", "7000'", "Smith", "Hello"):
        assert secret not in told, secret


def test_a_turn_tells_why_it_was_over_and_how_long_the_caller_waited() -> None:
    first, second = by_name(spans_of(over(answered())))["turn"]
    assert first.attributes == {
        "voicebot.turn": 1, "voicebot.request": 1, "voicebot.asked_for": "start", "voicebot.interrupted": False,
    }  # fmt: skip
    assert second.attributes == {
        "voicebot.turn": 2, "voicebot.request": 2, "voicebot.asked_for": "speech", "voicebot.turn_end": "final",
        "voicebot.gap_ms": 520.0, "voicebot.interrupted": False,
    }  # fmt: skip


def test_a_result_that_was_there_before_the_voice_had_ended_took_no_time() -> None:
    record = note(
        greeted(),
        SpeechStarted(START + 2.6, onset=START + 2.5),
        Final(START + 3.2, "Yes.", START + 2.5, START + 3.0),
        SpeechStopped(START + 3.5, offset=START + 3.3),
    )
    record.asked(2, "Yes.", AskKind.SPEECH, START + 3.55)
    (recognition,) = by_name(spans_of(over(record)))["recognition"]
    assert ms(recognition) == (3200.0, 3200.0)


def test_a_turn_without_a_final_result_has_no_recognition() -> None:
    record = note(greeted(), SpeechStarted(START + 2.6, onset=START + 2.5))
    record.asked(2, "yes", AskKind.SPEECH, START + 3.5)
    assert "recognition" not in by_name(spans_of(over(record)))


def test_a_turn_by_keys_begins_with_the_first_one() -> None:
    record = note(greeted(), KeyPressed(START + 3.0, "1"), KeyPressed(START + 3.5, "2"))
    record.asked(2, "12", AskKind.KEY, START + 3.6)
    turn = by_name(spans_of(over(record)))["turn"][1]
    assert ms(turn) == (3000.0, 6000.0) and turn.attributes["voicebot.keys"] == 2


def test_what_is_going_on_when_the_call_ends_ends_with_it() -> None:
    record = answered()
    record.spoken(3, "Are you there?", 0, START + 5.1)
    record.synthesised(3, 0, "Are you there?", START + 5.2)
    record.note(PlaybackStarted(START + 5.3, 3))
    record.asked(3, "yes", AskKind.SPEECH, START + 5.8)
    spans = by_name(spans_of(over(record)))
    assert ms(spans["playout"][-1]) == (5300.0, 6000.0) and ms(spans["bot"][-1]) == (5800.0, 6000.0)


def test_a_bot_that_fails_and_a_prompt_that_cannot_be_played_are_errors_from_when_to_when() -> None:
    record = greeted()
    record.asked(2, "hello", AskKind.SPEECH, START + 3.0)
    record.note(BotFailed(START + 4.5, 2, "no answer within 1.5 s"))
    record.spoken(2, "Sorry.", 2, START + 4.6)
    record.note(PlaybackFailed(START + 5.6, 2, 0.0, "the service is away"))
    spans = by_name(spans_of(over(record)))
    assert ms(spans["bot"][1]) == (3000.0, 4500.0) and spans["bot"][1].failed == "the bot did not answer"
    assert ms(spans["synthesis"][1]) == (4600.0, 5600.0)
    assert spans["synthesis"][1].failed == "the prompt could not be played"
    assert [span.failed for span in spans["bot"][:1] + spans["call"]] == ["", ""], "others have not failed"


@pytest.mark.parametrize(
    ("reason", "failed"), [("caller", False), ("bot", False), ("busy", False), ("media-timeout", True), ("error", True)]
)
def test_a_call_has_failed_when_nobody_wanted_its_end(reason: str, failed: bool) -> None:
    record = over(greeted(), reason)
    assert bool(next(spans_of(record)).failed) is failed is something_failed(record)


def test_something_has_failed_in_a_call_whose_bot_has_though_it_ended_well() -> None:
    record = greeted()
    record.asked(2, "hello", AskKind.SPEECH, START + 3.0)
    record.note(BotFailed(START + 4.5, 2, "it crashed"))
    assert something_failed(over(record)) and not something_failed(over(greeted()))


def test_a_call_of_ours_that_nobody_answers_is_all_invite() -> None:
    record = builder(OUTBOUND)
    note(record, CallRinging(START + 1, 180), CallNotAnswered(START + 9, NotReached.BUSY, 486, "Busy Here"))
    call, invite = spans_of(over(record, "busy", 9.0))
    assert call.kind is SpanKind.CLIENT and ms(invite) == ms(call) == (0.0, 9000.0)
    assert invite.attributes == {"voicebot.not_answered": "busy", "sip.status": 486}
    assert [(moment.name, moment.ns - call.start_ns) for moment in invite.moments] == [("ringing", 1_000_000_000)]


def test_a_transfer_lasts_until_its_outcome_and_a_failed_one_is_an_error() -> None:
    record = note(
        greeted(),
        TransferAsked(START + 3, Address.parse("+15550199")),
        TransferEnded(START + 4, False, 486, "Busy Here"),
    )
    (transfer,) = by_name(spans_of(over(record)))["transfer"]
    assert ms(transfer) == (3000.0, 4000.0) and transfer.failed == "the transfer failed"
    assert transfer.attributes == {"voicebot.accepted": False, "sip.status": 486}


def test_a_call_that_was_killed_ends_where_something_was_last_known_of_it() -> None:
    record = greeted().build()
    record["end"] = {**record["end"], "reason": "killed"}
    call = next(spans_of(record))
    assert ms(call) == (0.0, 2000.0) and call.failed == "the call ended: killed"


def test_requests_of_two_processes_that_had_the_call_are_told_apart() -> None:
    first, second = greeted().build(), over(answered())
    spans = by_name(spans_of(one_record(first, second)))
    assert [span.id for span in spans["bot"]] == [
        CallTrace(CALL, part=part).traceparent(request).split("-")[2] for part, request in ((0, 1), (1, 1), (1, 2))
    ]
    assert [moment.name for moment in spans["call"][0].moments] == ["taken over"]


def test_the_record_of_an_earlier_version_which_began_the_call_can_be_used() -> None:
    record = over(greeted())
    del record["turns"][0]["bot"]["failed_ms"], record["turns"][0]["bot"]["utterances"][0]["said_ms"]
    spans = by_name(spans_of(record))
    assert len(spans["bot"]) == 1 and "synthesis" not in spans
