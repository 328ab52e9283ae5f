"""What is said over a prompt and is known, or ends, only when the prompt has ended."""

from __future__ import annotations

import pytest
from test_turns_over_prompts import MENU, SAYING, SOUND, VOICE, YES_NO, Heard, became, final, guess, over
from turns_call import Call

from voicebot.events import Event, ExpectedAnswer, Final, Hypothesis, InputHint, NoMatch, SpeechStarted, SpeechStopped
from voicebot.turns import FloorState


def after(question: ExpectedAnswer | None, *heard: Event, ended: float, hint: InputHint = SAYING) -> Call:
    """A call in which the prompt is played to its end at ``ended``, whatever is ``heard``."""
    early = [event for event in heard if event.at <= ended]
    call = over(hint, question, *early, until=ended).heard(ended)
    for event in heard:
        if event not in early:
            call.on(event)
    return call.until(ended + 5.0)


NOISE: Heard = (VOICE, guess(1.3, "aha"), final(1.7, "Aha!"))  # and the noise goes on


@pytest.mark.parametrize("question", [None, MENU, YES_NO])
@pytest.mark.parametrize(
    ("heard", "ended"),
    [
        ((*SOUND, Hypothesis(2.6, "aha", 1.0, 1.4), final(3.2, "Aha!")), 2.5),  # the recogniser is slow
        ((*SOUND, final(3.2, "Mhm.")), 2.5),
        ((final(3.2, "Mhm."),), 2.5),  # voice activity has heard nobody
        ((final(1.7, "Mhm."),), 1.75),  # it has just come
        ((*NOISE, SpeechStopped(6.6, 6.5)), 6.0),
        ((*NOISE, SpeechStopped(6.6, 6.5), NoMatch(6.9, 1.9, 6.5)), 6.0),
    ],
)
def test_a_back_channel_over_a_prompt_is_no_turn_after_it(
    question: ExpectedAnswer | None, heard: Heard, ended: float
) -> None:
    call = after(question, *heard, ended=ended)
    assert [name for name in became(call) if name not in ("pause", "resume")] == []
    assert call.machine.state is FloorState.WAITING
    call.says("billing", ended + 6.0, ended + 6.4).until(ended + 8.0)
    assert became(call) == ["billing"]


@pytest.mark.parametrize(
    ("question", "heard", "told"),
    [
        (YES_NO, (*SOUND, final(3.2, "Okay.")), "Okay."),  # an answer, though its result is late
        (None, (*SOUND, final(3.2, "Yes.")), "Yes."),
        (MENU, (*SOUND, final(3.2, "Billing.")), "Billing."),
        (MENU, (*SOUND, final(3.2, "Stop.")), "Stop."),
        (MENU, (SpeechStarted(2.7, 2.6), SpeechStopped(3.1, 3.0), Final(3.2, "Okay.", 2.6, 3.0, 0.9)), "Okay."),
        (MENU, (SpeechStarted(2.5, 2.4), SpeechStopped(2.9, 2.8), Final(3.2, "Okay.", 2.4, 2.8, 0.9)), "Okay."),
        (MENU, (*SOUND, final(3.2, "Mhm."), SpeechStarted(3.3, 3.2), Final(3.9, "Hours.", 3.2, 3.6, 0.9),
                SpeechStopped(3.8, 3.6)), "Hours."),
    ],
)  # fmt: skip
def test_what_is_an_answer_or_goes_on_after_the_prompt_is_a_turn(
    question: ExpectedAnswer | None, heard: Heard, told: str
) -> None:
    call = after(question, *sorted(heard, key=lambda event: event.at), ended=2.5)
    assert became(call)[-1:] == [told]
