"""Who speaks while a prompt plays: (prompt and question, what is heard and when) -> (what becomes of the prompt).

The prompt plays from 0.02; the caller's last voiced sample is at 1.4; voice activity notices the quiet 0.1 s later.
"""

from __future__ import annotations

import time

import pytest
from turns_call import Call

from voicebot.events import (
    AnswerKind,
    BotDone,
    BotMessage,
    CallAnswered,
    CallConfigured,
    Event,
    ExpectedAnswer,
    Final,
    Hypothesis,
    InputHint,
    NoMatch,
    PlaybackEnded,
    PlaybackStarted,
    SpeechStarted,
    SpeechStopped,
    TurnScored,
)
from voicebot.turns import AskKind, Commit, Drop, FloorState, Outcome, Overlapped, Pause, Resume, TurnPolicy
from voicebot.turns.interruption import Meaning, SpokenOver, meaning
from voicebot.turns.spoken import RecentSpeech, is_near

YES_NO = ExpectedAnswer(
    AnswerKind.CHOICE, answers=frozenset(("yes", "no", "okay", "sure")), commands=frozenset(("repeat that", "an agent"))
)
MENU = ExpectedAnswer(AnswerKind.CHOICE, answers=frozenset(("billing", "opening hours")), beside=frozenset(("please",)))
CALM = ExpectedAnswer(
    AnswerKind.CHOICE,
    answers=frozenset(("billing",)),
    beside=frozenset(("uh", "um")),
    commands=frozenset(("huh", "what", "go on")),
)
SAYING, ASKING = InputHint.ACCEPTING, InputHint.EXPECTING
LONG = "Your appointment is on Monday at ten. Shall I keep it for you?"  # about 4 s

Heard = tuple[Event, ...]
VOICE = SpeechStarted(1.1, 1.0)
SOUND: Heard = (VOICE, SpeechStopped(1.5, 1.4))


def guess(at: float, text: str) -> Hypothesis:
    return Hypothesis(at, text, 1.0, at - 0.05)


def final(at: float, text: str, confidence: float | None = 0.9) -> Final:
    return Final(at, text, 1.0, 1.4, confidence)


def over(
    hint: InputHint,
    question: ExpectedAnswer | None,
    *heard: Event,
    text: str = LONG,
    then: str = "",
    until: float = 6.0,
) -> Call:
    """A call in which ``text`` plays, and ``heard`` happens; ``then``: the question that is to follow."""
    call = Call(TurnPolicy(prepare=False))
    if question is not None:
        call.on(CallConfigured(0.0, phrases=(), answer=question))
    call.on(BotMessage(0.0, 1, text, text, hint))
    if then:
        call.on(BotMessage(0.0, 1, then, then, ASKING))
    call.on(BotDone(0.0, 1)).on(CallAnswered(0.0)).on(PlaybackStarted(0.02, call.playing[0]))
    call.take()
    for event in sorted(heard, key=lambda event: event.at):
        call.on(event)
    return call.until(until)


def became(call: Call) -> list[str]:
    """What became of the prompt, and what the bot was told."""
    names: dict[type, str] = {Pause: "pause", Resume: "resume", Drop: "drop"}
    out = []
    for command in call.take():
        if type(command) in names:
            out.append(names[type(command)])
        elif getattr(command, "kind", None) in (AskKind.SPEECH, AskKind.NO_MATCH):
            out.append(command.text)  # type: ignore[union-attr]
    return out


@pytest.mark.parametrize(
    ("hint", "question", "heard", "happens"),
    [
        # who only listens
        (SAYING, None, (*SOUND, guess(1.3, "mhm"), final(1.7, "Mhm.")), ["pause", "resume"]),
        (SAYING, YES_NO, (*SOUND, guess(1.3, "okay"), final(1.7, "Okay.")), ["pause", "resume"]),
        (SAYING, None, (*SOUND, final(1.45, "Yeah, right.")), ["pause", "resume"]),
        (SAYING, None, (*SOUND, guess(1.3, "okay")), ["pause", "resume"]),
        (ASKING, MENU, (*SOUND, guess(1.3, "sure"), final(1.7, "Sure.")), ["pause", "resume"]),
        (ASKING, MENU, (*SOUND, guess(1.3, "yes"), final(1.7, "Yes.")), ["pause", "resume"]),
        (SAYING, None, (guess(1.3, "okay"), final(1.7, "Okay.")), []),
        # who answers the question
        (ASKING, YES_NO, (*SOUND, guess(1.3, "yes"), final(1.7, "Yes.")), ["pause", "drop", "Yes."]),
        (ASKING, YES_NO, (*SOUND, guess(1.3, "no"), final(1.7, "No.")), ["pause", "drop", "No."]),
        (ASKING, None, (*SOUND, guess(1.3, "yes"), final(1.7, "Yes.")), ["pause", "resume"]),  # not asked yet
        (ASKING, MENU, (*SOUND, guess(1.3, "billing"), final(1.7, "Billing.")), ["pause", "drop", "Billing."]),
        (ASKING, MENU, (*SOUND, guess(1.3, "opening hours")), ["pause", "drop", "opening hours"]),
        # who interrupts
        (SAYING, None, (*SOUND, guess(1.3, "stop")), ["pause", "drop", "stop"]),
        (SAYING, None, (*SOUND, guess(1.3, "okay wait")), ["pause", "drop", "okay wait"]),
        (SAYING, YES_NO, (*SOUND, guess(1.3, "an agent"), final(1.6, "An agent.")), ["pause", "drop", "An agent."]),
        (SAYING, None, (*SOUND, guess(1.3, "no that is wrong")), ["pause", "drop", "no that is wrong"]),
        (SAYING, None, (*SOUND, guess(1.3, "my bill")), ["pause", "drop", "my bill"]),
        (SAYING, None, (guess(1.3, "stop"), final(1.7, "Stop.")), ["drop", "Stop."]),
        # who may be about to say "no problem"
        (SAYING, None, (*SOUND, guess(1.2, "no"), final(1.7, "No problem.")), ["pause", "resume"]),
        (SAYING, None, (*SOUND, guess(1.2, "no"), final(1.7, "No.")), ["pause", "drop", "No."]),
        (SAYING, None, (VOICE, guess(1.2, "no"), guess(1.35, "no that")), ["pause", "drop"]),
        (SAYING, None, (*SOUND, guess(1.4, "no")), ["pause", "drop", "no"]),
        (SAYING, None, (*SOUND, guess(1.55, "no")), ["pause", "drop", "no"]),
        # a word, or a noise
        (SAYING, None, (*SOUND, guess(1.3, "billing")), ["pause", "resume"]),
        (SAYING, None, (*SOUND, guess(1.3, "billing"), final(1.7, "Billing.")), ["pause", "drop", "Billing."]),
        (SAYING, None, (*SOUND, guess(1.3, "billing"), final(1.7, "Billing.", None)), ["pause", "drop", "Billing."]),
        (SAYING, None, (*SOUND, guess(1.3, "bill"), final(1.7, "Bill.", 0.3)), ["pause", "resume"]),
        (SAYING, None, (*SOUND, guess(1.3, "billing"), NoMatch(1.7, 1.0, 1.4)), ["pause", "resume"]),
        (SAYING, None, (VOICE, guess(1.3, "billing"), guess(1.5, "billing please")), ["pause", "drop"]),
        (SAYING, None, (VOICE, guess(1.3, "billing"), guess(1.5, "billing")), ["pause", "drop"]),
        (SAYING, None, (*SOUND, guess(1.3, "bill"), guess(1.6, "bill"), final(1.7, "Bill.", 0.3)), ["pause", "resume"]),
        (SAYING, None, (VOICE, guess(1.3, "chips"), guess(1.5, "ships"), NoMatch(1.9, 1.0, 1.7)), ["pause", "resume"]),
        (SAYING, None, (*SOUND, guess(1.3, "the"), final(1.7, "The.")), ["pause", "resume"]),
        (SAYING, None, (*SOUND, guess(1.3, "you"), final(1.7, "You.", 0.3)), ["pause", "resume"]),
        (SAYING, None, (*SOUND, final(1.7, "Thank you.")), ["pause", "resume"]),
        (SAYING, None, (guess(1.3, "billing"), final(1.7, "Billing.")), ["pause", "drop", "Billing."]),
        (SAYING, None, (guess(1.3, "billing"),), ["pause", "resume"]),
        # a final result that comes late, after the prompt has gone on
        (SAYING, None, (*SOUND, guess(1.3, "bill"), final(2.6, "Bill.")), ["pause", "resume", "drop", "Bill."]),
        (SAYING, None, (*SOUND, guess(1.3, "okay"), final(2.6, "Okay.")), ["pause", "resume"]),
        # half of it was heard first
        (SAYING, None, (*SOUND, guess(1.3, "huh"), final(1.7, "Uh-huh.")), ["pause", "resume"]),
        (SAYING, None, (*SOUND, guess(1.3, "huh"), final(1.7, "Aha!")), ["pause", "resume"]),
        (SAYING, None, (*SOUND, guess(1.3, "huh"), final(1.7, "Huh?")), ["pause", "drop", "Huh?"]),
        # a word or two were taken for a sound of listening first
        (SAYING, None, (*SOUND, guess(1.3, "uh huh"), final(1.7, "Ahow,,", 0.57)), ["pause", "resume"]),
        (SAYING, None, (*SOUND, guess(1.3, "uh huh"), final(1.7, "A-how!", 0.57)), ["pause", "resume"]),
        (SAYING, None, (*SOUND, guess(1.3, "uh huh"), guess(1.5, "a how"), final(1.7, "Ahow.", 0.4)),
         ["pause", "resume"]),
        (SAYING, None, (*SOUND, guess(1.3, "oh"), final(1.7, "Oregon.", 0.9)), ["pause", "drop", "Oregon."]),
        (SAYING, None, (*SOUND, guess(1.3, "uh"), final(1.7, "A new meter.", 0.6)), ["pause", "drop", "A new meter."]),
        (SAYING, None, (*SOUND, guess(1.3, "um"), final(1.7, "Um, billing.", 0.6)), ["pause", "drop", "Um, billing."]),
        (SAYING, None, (*SOUND, guess(1.3, "uh"), final(1.7, "Stop.", 0.6)), ["pause", "drop", "Stop."]),
        # several words, of which the recogniser is not sure
        (SAYING, None, (VOICE, guess(1.3, "lost card"), guess(1.5, "lost card please")), ["pause", "drop"]),
        (SAYING, None, (*SOUND, guess(1.3, "lost car"), final(1.7, "My card.", 0.4)), ["pause", "drop", "My card."]),
        (SAYING, None, (*SOUND, guess(1.3, "lost car"), final(1.7, "Lost card.", None)),
         ["pause", "drop", "Lost card."]),
        (SAYING, MENU, (*SOUND, guess(1.3, "opening hours please")), ["pause", "drop", "opening hours please"]),
        (SAYING, None, (*SOUND, guess(1.3, "I hope"), final(1.7, "Uh-huh.")), ["pause", "resume"]),
        (SAYING, None, (*SOUND, guess(1.3, "I hope"), final(1.7, "I have.", 0.2)), ["pause", "resume"]),
        (SAYING, None, (*SOUND, guess(1.3, "love love love"), NoMatch(1.7, 1.0, 1.4)), ["pause", "resume"]),
        (SAYING, None, (VOICE, guess(1.2, "you know what"), guess(1.4, "exactly"), SpeechStopped(1.5, 1.4),
                        final(1.7, "Exactly.")), ["pause", "resume"]),
        # a command is heard in a sound of listening, or is one
        (SAYING, CALM, (*SOUND, guess(1.3, "uh huh"), final(1.7, "Uh-huh.")), ["pause", "resume"]),
        (SAYING, CALM, (*SOUND, guess(1.3, "uh huh okay"), final(1.7, "Uh-huh, okay.")), ["pause", "resume"]),
        (SAYING, CALM, (*SOUND, guess(1.3, "go on"), final(1.7, "Go on.")), ["pause", "drop", "Go on."]),
        (SAYING, CALM, (*SOUND, guess(1.3, "um what"), final(1.7, "Um, what?")), ["pause", "drop", "Um, what?"]),
        # a noise
        (SAYING, None, SOUND, ["pause", "resume"]),
        (SAYING, None, (*SOUND, NoMatch(1.6, 1.0, 1.4)), ["pause", "resume"]),
    ],
)  # fmt: skip
def test_a_prompt_is_dropped_only_for_what_is_meant(
    hint: InputHint, question: ExpectedAnswer | None, heard: Heard, happens: list[str]
) -> None:
    assert became(over(hint, question, *heard))[: len(happens) + 1] == happens


@pytest.mark.parametrize("at", [1.55, 1.7, 2.0])
def test_after_a_back_channel_the_prompt_goes_on_as_soon_as_its_final_result_is_there(at: float) -> None:
    call = over(SAYING, None, *SOUND, guess(1.3, "mhm"), final(at, "Mhm."), until=at)
    assert became(call) == ["pause", "resume"]
    assert call.ahead == [(1.52, Commit())][: 1 if at > 1.52 else 0]
    call.heard(5.0).until(11.9)
    assert became(call) == [], "its words are used up"


def test_it_goes_on_when_it_is_quiet_and_not_while_the_caller_speaks() -> None:
    call = over(SAYING, None, VOICE, guess(1.3, "okay"), Final(1.8, "Okay.", 1.0, 1.4, 0.9), until=2.4)
    assert became(call) == ["pause"]
    call.on(SpeechStopped(2.5, 2.4)).on(Final(2.6, "I see.", 1.9, 2.4, 0.9))
    assert became(call) == ["resume"]
    call = over(SAYING, None, VOICE, guess(1.3, "okay"), guess(1.6, "okay but I want"), until=1.6)
    assert became(call) == ["pause", "drop"]


LATE: Heard = (SpeechStarted(3.1, 3.0), SpeechStopped(3.4, 3.3), Final(3.6, "Okay.", 3.0, 3.3, 0.9))


def test_the_same_word_is_an_answer_when_the_question_was_heard() -> None:
    early = (*SOUND, final(1.7, "Okay."))
    assert became(over(ASKING, YES_NO, *early)) == ["pause", "resume"]
    assert became(over(ASKING, YES_NO, *LATE)) == ["pause", "drop", "Okay."]
    assert became(over(SAYING, YES_NO, *LATE)) == ["pause", "drop", "Okay."], "the last one of a turn that asks"
    assert became(over(SAYING, YES_NO, *LATE, then="Yes or no?")) == ["pause", "resume"], "the question is to come"
    assert became(over(SAYING, None, *LATE)) == ["pause", "resume"]
    assert became(over(ASKING, MENU, *LATE)) == ["pause", "resume"]


def test_how_much_was_heard_of_a_question_does_not_grow_while_it_is_paused() -> None:
    noise = (SpeechStarted(0.3, 0.2), SpeechStopped(2.8, 2.7), NoMatch(2.9, 0.2, 2.7))
    assert became(over(ASKING, YES_NO, *noise, *LATE)) == ["pause", "resume", "pause", "resume"]


def test_a_plain_yes_may_come_before_the_question() -> None:
    yes = (*SOUND, final(1.7, "Yes, okay."))
    answers = ExpectedAnswer(AnswerKind.CHOICE, answers=frozenset(("yes", "yes okay")))
    assert became(over(SAYING, answers, *yes, then="Shall I keep it?")) == ["pause", "drop", "Yes, okay."]
    assert became(over(SAYING, None, *yes, then="Shall I keep it?")) == ["pause", "resume"]


def test_what_was_expected_of_the_last_question_makes_no_answer_of_a_word_over_the_reply() -> None:
    call = over(ASKING, YES_NO).heard(6.0)
    call.says("yes", 7.0, 7.3).until(8.0).take()
    call.on(BotMessage(8.1, 2, LONG, LONG)).on(BotDone(8.1, 2)).on(PlaybackStarted(8.12, call.playing[0]))
    call.take()
    call.on(SpeechStarted(11.1, 11.0)).on(SpeechStopped(11.4, 11.3)).on(Final(11.6, "Okay.", 11.0, 11.3, 0.9))
    assert became(call) == ["pause", "resume"]


def test_words_that_began_before_the_prompt_are_the_callers_turn() -> None:
    call = Call().waiting().says("a question", 3.0, 3.5).until(4.0)
    call.on(SpeechStarted(4.1, 4.0)).on(BotMessage(4.2, 2, LONG, LONG)).on(BotDone(4.2, 2))
    call.on(PlaybackStarted(4.22, call.playing[0]))
    call.take()
    call.on(Hypothesis(4.5, "billing", 4.0, 4.4))
    assert became(call) == ["drop"]


def test_noise_that_pauses_a_prompt_again_and_again_pauses_it_no_more() -> None:
    call = over(SAYING, None, until=0.5)
    for i in range(3):
        at = 1.0 + i
        call.on(SpeechStarted(at + 0.1, at)).on(SpeechStopped(at + 0.3, at + 0.2)).on(NoMatch(at + 0.4, at, at + 0.2))
        assert became(call) == ["pause", "resume"]
    call.on(SpeechStarted(4.1, 4.0)).on(Hypothesis(4.3, "chips", 4.0, 4.2))
    assert became(call) == []
    call.on(Hypothesis(4.6, "chips and fish", 4.0, 4.5))
    assert became(call) == ["drop"]


BACK_CHANNEL, INTERRUPTION = Outcome.BACK_CHANNEL, Outcome.INTERRUPTION


@pytest.mark.parametrize(
    ("heard", "told"),
    [
        ((*SOUND, final(1.7, "Mhm.")), Overlapped(1.0, BACK_CHANNEL, "Mhm.")),
        ((*SOUND, guess(1.3, "my bill"), final(1.7, "My bill.")), Overlapped(1.0, INTERRUPTION, "My bill.")),
        ((guess(1.3, "my bill"),), Overlapped(1.0, INTERRUPTION, "my bill")),
        ((*SOUND, guess(1.3, "billing")), Overlapped(1.0, Outcome.UNCONFIRMED, "billing")),
        ((*SOUND, final(1.7, "The.")), Overlapped(1.0, Outcome.NOISE, "The.")),
        (SOUND, Overlapped(1.0, Outcome.NOISE)),
        ((*SOUND, NoMatch(1.6, 1.0, 1.4)), Overlapped(1.0, Outcome.NOISE)),
        ((*SOUND, final(1.7, "Appointment is on Monday.")), Overlapped(1.0, Outcome.ECHO)),
    ],
)
def test_it_is_told_what_became_of_each_sound(heard: Heard, told: Overlapped) -> None:
    assert over(SAYING, None, *heard).overlaps == [told]


# --- echoes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("heard", "happens"),
    [
        ((*SOUND, guess(1.3, "appointment is on"), final(1.7, "Appointment is on Monday.")), ["pause", "resume"]),
        ((*SOUND, guess(1.3, "a pointment is one"), final(1.7, "A pointment is on Mondays.")), ["pause", "resume"]),
        ((guess(1.3, "on Monday"), final(1.7, "On Monday at ten.")), []),
        ((*SOUND, final(1.7, "I want another appointment")), ["pause", "drop", "I want another appointment"]),
        ((*SOUND, final(1.7, "Monday at ten")), ["pause", "drop", "Monday at ten"]),
    ],
)  # fmt: skip
def test_what_repeats_the_prompt_is_its_echo(heard: Heard, happens: list[str]) -> None:
    assert became(over(SAYING, None, *heard))[: len(happens) + 1] == happens


def test_an_answer_is_not_lost_when_the_bot_says_more_meanwhile() -> None:
    call = over(ASKING, YES_NO).heard(6.0)
    call.on(SpeechStarted(6.6, 6.5)).on(BotMessage(6.7, 0, LONG, LONG)).on(PlaybackStarted(6.72, call.playing[0]))
    call.on(SpeechStopped(7.0, 6.9)).on(Final(7.1, "Okay.", 6.5, 6.9, 0.9)).until(9.0)
    assert became(call) == ["pause", "drop", "Okay."]


def test_who_says_stop_is_no_echo_of_a_prompt_that_offers_it() -> None:
    offer = "You can stop the recording at any time."
    assert became(over(SAYING, None, *SOUND, guess(1.3, "stop the recording"), text=offer))[:2] == ["pause", "drop"]


def test_who_says_what_was_offered_is_no_echo() -> None:
    offer = "You can say billing, or new opening hours, or agent."
    menu = ExpectedAnswer(AnswerKind.CHOICE, answers=frozenset(("new opening hours",)))
    heard = (*SOUND, final(1.7, "New opening hours."))
    assert became(over(ASKING, menu, *heard, text=offer)) == ["pause", "drop", "New opening hours."]
    assert became(over(ASKING, None, *heard, text=offer)) == ["pause", "resume"]


OFFER = "You can say technical support for business customers, moving to another home, or cancel my contract."
OPTIONS = ExpectedAnswer(
    AnswerKind.CHOICE,
    answers=frozenset(("technical support for business customers", "moving to another home", "cancel my contract")),
    beside=frozenset(("I'd like", "please")),
)
WEEK = "We have Monday the third of May, or Tuesday the fourth of May. Which day do you want?"
DAY = ExpectedAnswer(
    AnswerKind.VALUE, words=frozenset(("monday", "tuesday", "third", "fourth", "may")), others=frozenset(("the", "of"))
)


def voice(text: str, until: float, *, guessed: str = "", noticed: bool = True) -> Heard:
    """Somebody speaks from 1.0 to ``until``; with ``guessed`` on the way. The prompt is paused at 1.1."""
    sound = (VOICE, SpeechStopped(until + 0.1, until)) if noticed else ()
    guesses = (Hypothesis(until - 0.1, guessed, 1.0, until - 0.2),) if guessed else ()
    return (*sound, *guesses, Final(until + 0.3, text, 1.0, until, 0.9))


@pytest.mark.parametrize(
    ("question", "offer", "heard", "taken"),
    [
        # in the caller's voice, which goes on after the prompt was paused
        (OPTIONS, OFFER, voice("Technical support for business customers.", 2.9), True),
        (OPTIONS, OFFER, voice("Moving to another home.", 2.1), True),
        (OPTIONS, OFFER, voice("Moving to another home.", 2.1, guessed="moving to another"), True),
        (OPTIONS, OFFER, voice("Support for business customers.", 2.6), True),  # only a part of it
        (OPTIONS, OFFER, voice("Technical support or business customer", 2.9), True),  # misheard
        (OPTIONS, OFFER, voice("I'd like technical support for business customers, please.", 3.4), True),
        (OPTIONS, OFFER, voice("Cancel my contract.", 1.6), True),  # a whole answer, however fast
        (None, OFFER, voice("Moving to another home.", 2.1), True),  # the bot has not told what it expects
        (DAY, WEEK, voice("Tuesday the fourth of May.", 2.4), True),
        # an echo, which ends when the prompt does
        (OPTIONS, OFFER, voice("Support for business customers.", 1.6), False),
        (OPTIONS, OFFER, voice("You can say technical support", 1.6, guessed="can say technical"), False),
        (OPTIONS, OFFER, voice("can say tactical support for", 1.7), False),
        (None, OFFER, voice("technical support for business", 1.5), False),
        (DAY, WEEK, voice("Monday the third of May", 1.7), False),
        # voice activity has heard nobody
        (OPTIONS, OFFER, voice("Technical support for business customers.", 2.9, noticed=False), False),
        (OPTIONS, OFFER, voice("Support for business customers.", 2.6, noticed=False), False),
        (DAY, WEEK, voice("Tuesday the fourth of May.", 2.4, noticed=False), False),
    ],
)
def test_what_repeats_the_prompt_is_the_callers_if_the_voice_goes_on_when_the_prompt_does_not(
    question: ExpectedAnswer | None, offer: str, heard: Heard, taken: bool
) -> None:
    final = heard[-1]
    assert isinstance(final, Final)
    happened = became(over(ASKING, question, *heard, text=offer))
    assert happened[-1:] == ([final.text] if taken else ["resume"] if VOICE in heard else []), happened
    assert ("drop" in happened) is taken


def test_an_echo_that_comes_again_when_the_prompt_goes_on_is_still_one() -> None:
    heard = (*voice("can say technical support", 1.6), SpeechStarted(3.1, 3.0), SpeechStopped(3.5, 3.4))
    call = over(ASKING, OPTIONS, *heard, Final(3.8, "support for business customers", 3.0, 3.4, 0.9), text=OFFER)
    assert became(call) == ["pause", "resume", "pause", "resume"]


def test_an_echo_repeats_what_is_spoken_not_what_is_shown() -> None:
    call = Call(TurnPolicy(prepare=False))
    call.on(BotMessage(0.0, 1, "[balance]", f"<speak>{LONG}</speak>")).on(BotDone(0.0, 1)).on(CallAnswered(0.0))
    call.on(PlaybackStarted(0.02, 1))
    call.take()
    for event in (*SOUND, final(1.7, "Appointment is on Monday.")):
        call.on(event)
    assert became(call) == ["pause", "resume"]


def test_an_echo_is_known_also_when_the_prompt_was_dropped_or_has_ended() -> None:
    call = over(SAYING, None, guess(1.3, "wait a"), until=1.4)
    assert became(call) == ["drop"]
    call.on(Final(1.9, "Appointment is on Monday.", 1.0, 1.4)).until(6.0)
    assert call.machine.state is not FloorState.THINKING
    assert became(call) == []
    call = over(SAYING, None, until=3.9).heard(4.0)
    call.on(Final(4.3, "Shall I keep it for you", 3.0, 3.9)).until(6.0)
    assert became(call) == []
    assert call.machine.state is FloorState.WAITING
    call.on(Final(6.3, "keep it for you", 5.0, 6.0)).until(7.0)
    assert became(call) == ["keep it for you"], "long after the prompt"


def test_an_echo_of_the_prompt_before_may_come_a_second_late() -> None:
    recent = RecentSpeech()
    recent.started(1, "Your appointment is on Monday.", 0.0)
    recent.ended(1, 3.0, more=True)
    recent.started(2, "Shall I keep it?", 3.1)
    assert recent.since == 0.0
    assert recent.is_repeated("appointment is on Monday", 3.9, 4.8, noticed=True)
    assert not recent.is_repeated("appointment is on Monday", 4.1, 4.8, noticed=True)
    recent.ended(2, 5.0, more=False)
    assert recent.since is None
    assert recent.is_repeated("Shall I keep it", 4.9, 5.6, noticed=True)
    assert not recent.is_repeated("Shall I keep it", 4.9, 5.7, noticed=True), "an echo does not go on for so long"
    assert recent.is_repeated("Shall I keep it", 4.9, 5.7, noticed=False)
    assert not recent.is_repeated("Shall I keep it", 5.0, 5.6, noticed=True)
    assert not recent.is_repeated("", 4.9, 5.0, noticed=False)


@pytest.mark.parametrize(
    ("wanted", "text", "near"),
    [
        ("howcanihelpyou", "welcomehowcanihelpyoutoday", True),
        ("howcanhellyou", "welcomehowcanihelpyoutoday", True),
        ("iwanttopaymybill", "welcomehowcanihelpyoutoday", False),
        ("appointment", "", False),
        ("accountbalanceplease", "sayaccountbalanceoropeninghours", False),
    ],
)
def test_near_is_what_has_few_wrong_letters(wanted: str, text: str, near: bool) -> None:
    assert is_near(wanted, text) is near


def test_echoes_are_looked_for_in_no_time_also_in_long_prompts() -> None:
    recent = RecentSpeech()
    recent.started(1, "We are open from nine to five. " * 500, 0.0)
    begun = time.process_time()
    for _ in range(20):
        recent.is_repeated("from nine to six and then from one to eleven " * 200, 300.0, 301.0, noticed=True)
    assert time.process_time() - begun < 0.5


# --- what is meant ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "language", "means"),
    [
        ("", "en-US", Meaning.NOTHING),
        ("um", "en-US", Meaning.LISTENING),
        ("the", "en-US", Meaning.NOTHING),
        ("I", "en-US", Meaning.NOTHING),
        ("so the", "en-US", Meaning.NOTHING),
        ("billing", "en-US", Meaning.UNSURE),
        ("I want", "en-US", Meaning.LIKELY),
        ("cheers", "en-GB", Meaning.LISTENING),
        ("okay", "", Meaning.LISTENING),
        ("okay", "it-IT", Meaning.LISTENING),
        ("ja genau", "de-DE", Meaning.LISTENING),
        ("nein", "de-DE", Meaning.INTERRUPTION),
        ("der", "de-DE", Meaning.NOTHING),
        ("Moment mal", "de-DE", Meaning.INTERRUPTION),
        ("vale", "es-ES", Meaning.LISTENING),
        ("attendez", "fr-FR", Meaning.INTERRUPTION),
    ],
)
def test_each_language_has_its_words(text: str, language: str, means: Meaning) -> None:
    assert meaning(text, language, None, SpokenOver(), confirmed=False) is means


@pytest.mark.parametrize(
    ("text", "over", "means"),
    [
        ("okay", SpokenOver(), Meaning.LISTENING),
        ("okay", SpokenOver(turn=True), Meaning.LISTENING),
        ("okay", SpokenOver(question=True, turn=True), Meaning.INTERRUPTION),
        ("yes", SpokenOver(turn=True), Meaning.INTERRUPTION),
        ("yes", SpokenOver(), Meaning.LISTENING),
        ("right", SpokenOver(question=True, turn=True), Meaning.LISTENING),
        ("okay", SpokenOver(later=True), Meaning.LISTENING),
        ("yes", SpokenOver(later=True), Meaning.INTERRUPTION),
        ("billing", SpokenOver(later=True), Meaning.INTERRUPTION),
        ("okay", SpokenOver(turn=True, later=True), Meaning.INTERRUPTION),
        ("right", SpokenOver(turn=True, later=True), Meaning.LISTENING),
        ("weasels have eaten our phones", SpokenOver(doubtful=True), Meaning.NOTHING),
        ("an agent", SpokenOver(doubtful=True), Meaning.INTERRUPTION),
        ("wait please", SpokenOver(doubtful=True), Meaning.INTERRUPTION),
        ("yes", SpokenOver(question=True, turn=True, doubtful=True), Meaning.INTERRUPTION),
        ("okay", SpokenOver(doubtful=True), Meaning.LISTENING),
    ],
)
def test_what_plays_decides_whether_a_word_is_an_answer(text: str, over: SpokenOver, means: Meaning) -> None:
    assert meaning(text, "en-US", YES_NO, over, confirmed=False) is means


def test_a_yes_to_a_question_of_which_nothing_is_known_is_taken_when_it_was_heard() -> None:
    assert meaning("yes", "en-US", None, SpokenOver(question=True), confirmed=True) is Meaning.INTERRUPTION
    assert meaning("okay", "en-US", None, SpokenOver(question=True), confirmed=True) is Meaning.LISTENING


def test_an_answer_to_a_question_that_was_not_heard_may_go_on() -> None:
    question = ExpectedAnswer(AnswerKind.CHOICE, answers=frozenset(("no thank you", "no", "yes")))
    heard = (
        SpeechStarted(3.1, 3.0),
        Hypothesis(3.6, "no thank you", 3.0, 3.6),
        PlaybackEnded(3.62, 1, 3.0, complete=False, whole_s=4.0),
        PlaybackEnded(3.63, 2, 0.0, complete=False),
        SpeechStopped(3.75, 3.65),
        SpeechStarted(3.9, 3.85),
        Hypothesis(4.3, "no thank you that is all", 3.0, 4.2),
        SpeechStopped(4.6, 4.45),
        Final(4.6, "no thank you that is all", 3.0, 4.45, 0.9),
    )
    call = over(SAYING, question, *heard, then="Is there anything else?", until=8.0)
    assert became(call) == ["pause", "drop", "no thank you that is all"]


UNHEARD = (
    SpeechStarted(3.1, 3.0),
    Hypothesis(3.6, "no thank you", 3.0, 3.6),
    PlaybackEnded(3.62, 1, 3.0, complete=False, whole_s=4.0),
    PlaybackEnded(3.63, 2, 0.0, complete=False),
    SpeechStopped(3.75, 3.65),
    Final(3.8, "No, thank you.", 3.0, 3.6, 0.9),
)


def test_such_an_answer_always_sounds_finished_and_the_sound_does_not_count() -> None:
    question = ExpectedAnswer(AnswerKind.CHOICE, answers=frozenset(("no thank you", "no", "yes")))
    further = (TurnScored(3.84, 3.65, 0.95), SpeechStarted(3.97, 3.9), SpeechStopped(4.6, 4.4))
    end = Final(4.7, "That is all.", 3.9, 4.4, 0.9)
    call = over(SAYING, question, *UNHEARD, *further, end, then="Is there anything else?", until=8.0)
    assert became(call) == ["pause", "drop", "No, thank you. That is all."]


def test_what_is_said_behind_it_reaches_the_bot_which_asks_again() -> None:
    question = ExpectedAnswer(AnswerKind.CHOICE, answers=frozenset(("no thank you", "that is all", "no", "yes")))
    call = over(SAYING, question, *UNHEARD, then="Is there anything else?", until=4.05)
    assert became(call) == ["pause", "drop", "No, thank you."]
    call.on(BotMessage(4.1, 2, "Is there anything else?", "Is there anything else?", ASKING))
    call.on(PlaybackStarted(4.12, call.playing[-1])).on(SpeechStarted(4.2, 4.1))
    call.on(Hypothesis(4.5, "that is all", 4.1, 4.5)).on(SpeechStopped(4.8, 4.6))
    call.on(Final(4.9, "That is all.", 4.1, 4.6, 0.9)).until(8.0)
    assert became(call) == ["pause", "drop", "that is all"]
