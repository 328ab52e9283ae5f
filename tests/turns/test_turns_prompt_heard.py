"""How much of the bot's last message the caller had heard when beginning to speak: told with every request of words."""

from __future__ import annotations

import pytest
from turns_call import Call

from voicebot.events import (
    BotDone,
    BotMessage,
    CallAnswered,
    Hypothesis,
    InputHint,
    PlaybackEnded,
    SpeechStarted,
    SpeechStopped,
)
from voicebot.turns import AskKind, TurnMachine
from voicebot.turns.bot_speech import heard_share

EXPLAINED = "If you cancel now, a fee will be taken from your card."
QUESTION = "Shall I cancel it?"


def heard(call: Call) -> list[float]:
    return [ask.prompt_heard for ask in call.asks() if ask.kind is AskKind.SPEECH]


class Two(Call):
    """A call whose bot explains something, and then asks; of the question ``question_s`` of 2 s are played."""

    def __init__(self, explained_s: float, question_s: float) -> None:
        super().__init__()
        self.played_s = {1: explained_s, 2: question_s}
        self.on(BotMessage(0.0, 1, EXPLAINED, EXPLAINED)).on(
            BotMessage(0.0, 1, QUESTION, QUESTION, InputHint.EXPECTING)
        )
        self.on(BotDone(0.0, 1))
        self.on(CallAnswered(0.0))
        self.take()

    def dropped(self, number: int, was_playing: bool) -> PlaybackEnded:
        return PlaybackEnded(self.now, number, self.played_s.get(number, 0.0), False, 2.0)


@pytest.mark.parametrize(
    ("explained_s", "question_s", "share"),
    [(1.0, 0.0, 0.0), (4.0, 0.1, 0.0), (4.0, 1.1, 0.5), (4.0, 2.1, 1.0)],
)
def test_what_was_played_of_the_last_message_before_the_caller_spoke_is_told(
    explained_s: float, question_s: float, share: float
) -> None:
    call = Two(explained_s, question_s)
    call.says("my bill", 4.0, 4.4).until(7.0)  # voice activity is noticed 0.1 s later; the bot went on until then
    assert heard(call) == [pytest.approx(share)]


def test_a_voice_that_only_the_recogniser_hears_counts_from_where_its_words_begin() -> None:
    call = Two(4.0, 1.5)
    call.on(Hypothesis(5.5, "my bill", 4.1, 4.5)).until(9.0)
    assert heard(call) == [pytest.approx(0.05)]


def test_a_message_that_was_played_to_its_end_was_heard() -> None:
    call = Call().waiting()
    call.says("billing", 3.0, 3.5).until(6.0)
    assert heard(call) == [1.0]


def test_who_speaks_before_the_bot_has_answered_has_not_heard_the_answer() -> None:
    call = Call().waiting()
    call.says("yes", 3.0, 3.3).until(5.0)
    call.says("yes please", 5.0, 5.5).until(8.0)
    assert heard(call) == [1.0, 0.0]


def test_who_speaks_when_the_answer_comes_has_not_heard_it() -> None:
    call = Call().waiting()
    call.heard_s = 0.0
    call.says("yes", 3.0, 3.3).until(5.0)
    call.on(SpeechStarted(5.1, 5.0)).on(BotMessage(5.2, 2, QUESTION, QUESTION)).on(BotDone(5.2, 2))
    call.says("yes please", 5.0, 5.5).until(9.0)
    assert heard(call) == [1.0, 0.0]


def test_what_a_bot_is_only_told_of_leaves_nothing_to_be_heard() -> None:
    call = Call().answered("Welcome.")
    call.heard_s = 0.5
    call.says("billing", 1.0, 1.5).until(4.0)
    told = [ask.kind for ask in call.commands if hasattr(ask, "kind")]
    assert told == [AskKind.INTERRUPTED, AskKind.SPEECH]
    assert heard(call)[0] > 0.5  # the bot has not finished with the first of the two yet


def test_a_pause_in_a_prompt_is_not_counted_as_played() -> None:
    call = Two(4.0, 1.0)
    call.on(SpeechStarted(4.1, 4.0)).on(Hypothesis(6.0, "my bill", 4.0, 4.4))
    call.on(SpeechStopped(6.5, 6.2)).until(12.0)
    assert heard(call) == [pytest.approx(0.45)]


@pytest.mark.parametrize(
    ("text", "heard_s", "whole_s", "share"),
    [("", 0.0, None, 0.0), ("", 1.0, None, 1.0), ("x" * 30, 1.0, None, 0.5), (f"<s>{'x' * 30}</s>", 3.0, None, 1.0),
     ("x", 1.0, 4.0, 0.25), ("x", -1.0, 4.0, 0.0), ("x", 9.0, 4.0, 1.0)],
)  # fmt: skip
def test_the_share_is_of_the_whole_as_far_as_that_is_known(
    text: str, heard_s: float, whole_s: float | None, share: float
) -> None:
    assert heard_share(text, heard_s, whole_s) == share


def test_a_fresh_machine_has_nothing_unheard() -> None:
    assert TurnMachine().floor.bot.last_heard == 1.0
