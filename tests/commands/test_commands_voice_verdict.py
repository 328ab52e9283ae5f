"""A call that was run by voice, judged by its record as a test in text is."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from test_commands_voice_script import ENGLISH, transcript

from voicebot.caller import CallReport, TurnReport
from voicebot.commands.voice_script import voice_script
from voicebot.commands.voice_verdict import Verdict, verdict

TALK = (
    "bot: [Hello., Your number?]", "caller: 204815", "bot: I have *. Right?", 'keys: "1"', "bot: Bye.", "hangup: true",
)  # fmt: skip


def said(at_ms: float, text: str, speak: str = "") -> dict[str, Any]:
    return {"at_ms": at_ms, "event": "bot_message", "request": 1, "text": text, "speak": speak}


def asked(at_ms: float, text: str) -> dict[str, Any]:
    return {"at_ms": at_ms, "event": "asked", "request": 2, "kind": "speech", "text": text}


def event(at_ms: float, name: str, **fields: Any) -> dict[str, Any]:
    return {"at_ms": at_ms, "event": name, **fields}


GREETED = [said(80, "Hello."), said(81, "Your number?", "<speak>Your number?</speak>")]
ANSWERED = [asked(4000, "204815."), said(4010, "I have 204815. Right?")]
ENDED = [event(7000, "asked", request=3, kind="key", text="1"), said(7010, "Bye."), event(7011, "hang_up_asked")]


async def judged(
    folder: Path, talk: tuple[str, ...], onsets: tuple[float, ...], *timeline: dict[str, Any], reason: str = ""
) -> Verdict:
    """``onsets``: of the acts, in seconds since the answer, which was 100 ms after the call came."""
    test = transcript(folder, *talk)
    report = CallReport("sip:bot", "failed" if reason else "completed", reason, datetime.now(UTC))
    report.turns = [TurnReport(1, 0, "listen", "")]
    report.turns += [TurnReport(n, 0, "say", "", onset_s=onset) for n, onset in enumerate(onsets, 2)]
    record = {"answered_ms": 100.0, "timeline": list(timeline)}
    return await verdict(test, voice_script(test, ENGLISH), report, record)


async def test_a_call_that_went_as_written_passes(tmp_path: Path) -> None:
    result = await judged(tmp_path, TALK, (2.0, 6.0), *GREETED, *ANSWERED, *ENDED)
    assert result.failure is None
    (act,) = result.understood
    assert (act.line, act.said, act.recognised) == (5, "two, zero, four, eight, one, five.", "204815.")


async def test_what_the_bot_said_in_answer_is_held_against_the_pattern(tmp_path: Path) -> None:
    wrong = [asked(4000, "two zero four"), said(4010, "Your number has six digits.")]
    result = await judged(tmp_path, TALK, (2.0, 6.0), *GREETED, *wrong, *ENDED)
    assert result.failure is not None
    assert (result.failure.line, result.failure.expected) == (6, "I have *. Right?")
    assert result.failure.heard == "Your number has six digits."
    assert result.understood[0].differs


async def test_digits_that_are_heard_as_figures_are_the_same(tmp_path: Path) -> None:
    result = await judged(tmp_path, TALK, (2.0, 6.0), *GREETED, *ANSWERED, *ENDED)
    assert not result.understood[0].differs


async def test_a_question_that_came_twice_is_one_too_many(tmp_path: Path) -> None:
    """The recogniser took one utterance for two."""
    twice = [*ANSWERED, asked(4500, "five"), said(4510, "I have 5. Right?")]
    result = await judged(tmp_path, TALK, (2.0, 6.0), *GREETED, *twice, *ENDED)
    assert result.failure is not None and result.failure.expected == "nothing more"
    assert result.understood[0].recognised == "204815. | five"


async def test_a_call_that_broke_off_fails_where_it_did(tmp_path: Path) -> None:
    result = await judged(tmp_path, TALK, (2.0,), *GREETED, *ANSWERED, reason="the call ended (bot)")
    assert result.failure is not None
    assert (result.failure.line, result.failure.heard) == (7, "the call ended (bot)")


@pytest.mark.parametrize(
    ("target", "told"), [(None, "the call is over"), ("sip:desk@line", "the call was transferred to sip:desk@line")]
)
async def test_how_the_bot_ended_a_call_too_early_is_told(tmp_path: Path, target: str | None, told: str) -> None:
    test = transcript(tmp_path, *TALK)
    report = CallReport("sip:bot", "failed", "step 7: the call ended (caller)", datetime.now(UTC), ended_by="bot")
    report.transfer_target = target
    report.turns = [TurnReport(1, 0, "listen", ""), TurnReport(2, 0, "say", "", onset_s=2.0)]
    record = {"answered_ms": 100.0, "timeline": [*GREETED, *ANSWERED]}
    result = await verdict(test, voice_script(test, ENGLISH), report, record)
    assert result.failure is not None
    assert (result.failure.line, result.failure.heard) == (7, told)


async def test_a_call_that_the_bot_does_not_end_fails(tmp_path: Path) -> None:
    result = await judged(tmp_path, TALK, (2.0, 6.0), *GREETED, *ANSWERED, *ENDED[:-1], reason="no end")
    assert result.failure is not None and result.failure.expected == "the call is over"


async def test_a_step_that_fails_without_a_difference_in_words_fails_the_test(tmp_path: Path) -> None:
    result = await judged(tmp_path, TALK, (2.0, 6.0), *GREETED, *ANSWERED, *ENDED, reason="no sound")
    assert result.failure is not None and result.failure.heard == "no sound"


async def test_what_is_said_after_a_transfer_has_failed_belongs_to_that(tmp_path: Path) -> None:
    talk = ("caller: agent", "bot: One moment.", 'transfer: "+1555*"', "transferred: busy", "bot: Nobody is free.")
    handed = [
        *GREETED, asked(2500, "Agent."), said(2510, "One moment."), event(2511, "transfer_asked", target="+15550199"),
        event(4000, "transfer_ended", accepted=False, status=486, message="Busy"), said(4010, "Nobody is free."),
    ]  # fmt: skip
    assert (await judged(tmp_path, talk, (2.0,), *handed)).failure is None


async def test_another_target_of_a_transfer_is_told(tmp_path: Path) -> None:
    talk = ("caller: agent", 'transfer: "+1555*"', "transferred: completed", "hangup: true")
    handed = [event(2511, "transfer_asked", target="+1999"), event(4000, "transfer_ended", accepted=True, status=200)]
    result = await judged(tmp_path, talk, (2.0,), *GREETED, *handed)
    assert result.failure is not None and result.failure.heard == "a transfer to +1999"


async def test_what_only_text_can_tell_is_left_to_it(tmp_path: Path) -> None:
    talk = ("language: en-US", "recording: paused", "bot: [Hello., Your number?]")
    assert (await judged(tmp_path, talk, (), *GREETED)).failure is None
