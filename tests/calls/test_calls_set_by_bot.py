"""What a bot has set for its call: told again in another process, it gives the same call."""

from __future__ import annotations

import json
from typing import Any

import pytest

from voicebot.calls.set_by_bot import SetByBot
from voicebot.events import AnswerKind, CallConfigured, ExpectedAnswer, KeyCollection, Pace
from voicebot.turns.call_policy import CallPolicy
from voicebot.turns.commands import Command, Expect
from voicebot.turns.policy import TurnPolicy

ANSWER = ExpectedAnswer(AnswerKind.CHOICE, answers=frozenset({"no", "yes"}), beside=frozenset({"um"}), likely=("yes",))
OTHER = ExpectedAnswer(AnswerKind.DIGITS, 4, 4, words=frozenset({"four"}))
ALL = CallConfigured(
    1.0, phrases=("Ada", "Turing"), no_input_s=9.0, barge_in=False, keys_barge_in=False, barge_in_words=3,
    end_silence_s=1.5, no_input_speech="Hello?", no_input_audio="https://example.com/a.wav", no_input_event=True,
    no_input_retries=2, keys=KeyCollection(4, "*", 1.0), answer=ANSWER, pace=Pace.PATIENT, masking_s=2.0,
    masking_text="Wait.", masking_audio="https://example.com/b.wav", masking_retries=1, bot_give_up_s=30.0,
    hypotheses=True, listening=False,
)  # fmt: skip


def made_of(events: list[CallConfigured]) -> tuple[dict[str, Any], set[str], list[Command]]:
    """What a call is by then: its policy, the recogniser's hints, and the other commands."""
    policy, hints, others = CallPolicy(TurnPolicy(), "en-US"), set[str](), list[Command]()
    for command in [command for event in events for command in policy.take(event)]:
        if isinstance(command, Expect):
            hints = set(command.phrases)
        else:
            others.append(command)
    return vars(policy), hints, others


@pytest.mark.parametrize(
    "events",
    [
        [],
        [ALL],
        [CallConfigured(1.0, barge_in=False), CallConfigured(2.0, barge_in=True, masking_s=1.0)],
        [ALL, CallConfigured(2.0, phrases=())],
        [ALL, CallConfigured(2.0, no_input_speech="", masking_audio="", end_silence_s=0.0, listening=True)],
        [CallConfigured(1.0, phrases=("Ada",)), CallConfigured(2.0, answer=ANSWER)],
        [CallConfigured(1.0, answer=ANSWER, pace=Pace.QUICK), CallConfigured(2.0, answer=OTHER)],
        [CallConfigured(1.0, masking_text="Wait."), CallConfigured(2.0, masking_text="", hypotheses=False)],
    ],
)
def test_what_was_set_one_by_one_is_set_again_in_another_process(events: list[CallConfigured]) -> None:
    settings = SetByBot()
    for event in events:
        settings.take(event)
    kept = SetByBot.of(json.loads(json.dumps(settings.as_json())))
    assert kept == settings
    again = kept.again(5.0, voice="", language="")
    policy, hints, others = made_of(again)
    policy_before, hints_before, others_before = made_of(events)
    assert policy == policy_before and hints >= hints_before
    assert others == others_before[-1:]
    for event in again:
        kept.take(event)
    assert kept == settings, "a third process can go on, too"


def test_it_is_written_anew_only_when_something_has_changed() -> None:
    settings = SetByBot()
    settings.take(ALL)
    assert settings.as_json() is settings.as_json()
    before = settings.as_json()
    settings.take(CallConfigured(2.0, barge_in=True))
    assert settings.as_json() != before


def test_voice_and_language_are_told_with_the_rest_and_nothing_where_nothing_was_set() -> None:
    assert SetByBot().again(1.0, voice="", language="") == []
    assert SetByBot().again(1.0, voice="Ada", language="") == [CallConfigured(1.0, voice="Ada")]
