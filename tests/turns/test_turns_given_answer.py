"""Who goes on behind an answer that has ended the turn: (answer, addition) -> (whether the prompt goes on, what the bot
is told)."""

from __future__ import annotations

import pytest
from turns_call import Call

from voicebot.events import (
    AnswerKind,
    BotDone,
    BotMessage,
    CallConfigured,
    ExpectedAnswer,
    Final,
    Hypothesis,
    InputHint,
    PlaybackStarted,
    SpeechStarted,
    SpeechStopped,
)
from voicebot.turns import Ask, AskKind, Drop, FloorState, Resume, TurnPolicy
from voicebot.turns.given_answer import GOES_ON_S, GivenAnswer

SURE = ExpectedAnswer(
    AnswerKind.CHOICE,
    answers=frozenset(("yes", "no", "that's right", "it is", "it isn't", "that's wrong", "correct")),
    beside=frozenset(("please", "thank", "you")),
)
MENU = ExpectedAnswer(AnswerKind.CHOICE, answers=frozenset(("billing", "outage")), beside=frozenset(("please",)))
NEXT = "Your balance is eighty four dollars. Is there anything else?"


def gone_on(
    question: ExpectedAnswer, answer: str, added: str, *, begun: float = 4.5, bot_at: float = 4.4, guesses: str = ""
) -> Call:
    """``answer`` ends at 4.0; the caller goes on at ``begun`` with what is ``added``; the bot speaks at ``bot_at``.
    ``guesses``: the hypotheses ahead of the final result, between commas."""
    call = Call(TurnPolicy(prepare=False)).waiting()
    call.on(CallConfigured(2.5, phrases=(), answer=question))
    call.on(SpeechStarted(3.1, 3.0)).on(Hypothesis(3.9, answer, 3.0, 4.0)).on(SpeechStopped(4.1, 4.0))
    call.until(4.3)
    asks = call.asks()
    assert [(ask.kind, ask.text) for ask in asks] == [(AskKind.SPEECH, answer)]
    request = asks[0].request

    def reply() -> None:
        call.on(CallConfigured(bot_at, phrases=(), answer=SURE))
        call.on(BotMessage(bot_at, request, NEXT, NEXT, InputHint.EXPECTING)).on(BotDone(bot_at, request))
        call.on(PlaybackStarted(bot_at + 0.02, call.playing[-1]))

    if bot_at < begun + 0.07:
        reply()
    call.on(SpeechStarted(begun + 0.07, begun))
    for index, guess in enumerate(filter(None, guesses.split(","))):
        call.on(Hypothesis(begun + 0.25 + index / 10, guess, begun, begun + 0.2 + index / 10))
    call.on(SpeechStopped(begun + 0.8, begun + 0.7))
    call.on(Final(begun + 0.9, added, begun, begun + 0.7, 0.95))
    call.until(begun + 2.0)
    if bot_at >= begun + 0.07:
        reply()
    return call


@pytest.mark.parametrize(
    ("question", "answer", "added"),
    [
        (SURE, "yes", "That's right."), (SURE, "yes", "Please."), (SURE, "yes", "Yes."), (SURE, "yes", "It is."),
        (SURE, "yes", "Okay."), (SURE, "no", "It isn't."), (SURE, "no", "That's wrong."), (SURE, "no", "Thank you."),
        (SURE, "no", "No."), (MENU, "billing", "Please."), (MENU, "billing", "Thanks."),
    ],
)  # fmt: skip
@pytest.mark.parametrize("begun", [4.35, 4.5])
def test_what_says_the_same_again_neither_drops_the_prompt_nor_reaches_the_bot(
    question: ExpectedAnswer, answer: str, added: str, begun: float
) -> None:
    call = gone_on(question, answer, added, begun=begun)
    commands = call.take()
    assert any(isinstance(command, Resume) for command in commands)
    assert not any(isinstance(command, Drop) for command in commands)
    assert call.machine.state is FloorState.SPEAKING
    assert not [ask for ask in call.asks() if ask.kind is AskKind.SPEECH]


@pytest.mark.parametrize(
    ("answer", "added", "guesses"),
    [
        ("yes", "That's right.", "that,that's"), ("yes", "That's right.", "that's,that's,that's right"),
        ("yes", "That's correct.", "it's,it's a"), ("no", "It isn't.", "it,it is"), ("yes", "Please.", "please hold"),
        ("yes", "That's right.", "billing"),
    ],
)  # fmt: skip
@pytest.mark.parametrize(("begun", "bot_at"), [(4.32, 4.35), (4.35, 4.33), (4.5, 4.4)])
def test_what_says_the_same_again_is_known_only_when_all_of_it_is(
    answer: str, added: str, guesses: str, begun: float, bot_at: float
) -> None:
    call = gone_on(SURE, answer, added, guesses=guesses, begun=begun, bot_at=bot_at)
    commands = call.take()
    assert not any(isinstance(command, Drop) for command in commands)
    assert call.machine.state is FloorState.SPEAKING
    assert not [c for c in commands if isinstance(c, Ask) and c.kind is AskKind.SPEECH]


def test_what_stops_the_bot_does_so_at_once_also_behind_an_answer() -> None:
    assert any(isinstance(command, Drop) for command in gone_on(SURE, "yes", "", guesses="wait").take())


def test_a_bot_that_was_dropped_for_words_that_were_none_is_told_the_words_and_not_left_in_silence() -> None:
    call = Call(TurnPolicy(prepare=False)).answered()
    call.on(SpeechStarted(1.1, 1.0)).on(Hypothesis(1.3, "stop", 1.0, 1.3)).on(SpeechStopped(1.5, 1.35))
    call.on(Final(1.7, "Mhm.", 1.0, 1.4, 0.9)).until(4.0)
    assert [ask.text for ask in call.asks() if ask.kind is AskKind.SPEECH] == ["Mhm."]


@pytest.mark.parametrize(
    ("question", "answer", "added"),
    [
        (SURE, "yes", "No."), (SURE, "yes", "No, wait."), (SURE, "no", "Yes."), (SURE, "yes", "But what does it cost?"),
        (MENU, "billing", "Outage."), (MENU, "billing", "An agent, please."), (SURE, "yes", "Hold on."),
    ],
)  # fmt: skip
def test_what_says_something_else_interrupts(question: ExpectedAnswer, answer: str, added: str) -> None:
    assert any(isinstance(command, Drop) for command in gone_on(question, answer, added).take())


def test_what_begins_when_the_bot_can_be_understood_is_an_answer_to_it() -> None:
    call = gone_on(SURE, "yes", "No, that's wrong.", begun=7.9)
    assert any(isinstance(command, Drop) for command in call.take())


def test_a_bot_that_thinks_is_not_told_either() -> None:
    call = gone_on(SURE, "yes", "That's right.", bot_at=6.6)
    assert not [ask for ask in call.asks() if ask.kind is AskKind.SPEECH]
    assert call.machine.state is FloorState.SPEAKING


def test_nothing_goes_on_with_what_was_no_whole_answer() -> None:
    given = GivenAnswer()
    assert not given.goes_on("please", 1.0, "en-US")
    given.told("my bill", SURE, 1.0)
    assert not given.goes_on("please", 1.1, "en-US")
    given.told("yes", SURE, 2.0)
    assert given.goes_on("please", 2.1, "en-US")
    assert not given.goes_on("please", 2.0 + GOES_ON_S, "en-US")
    assert not given.goes_on("please", None, "en-US")
    given.told("yes", None, 3.0)
    assert not given.goes_on("please", 3.1, "en-US")
