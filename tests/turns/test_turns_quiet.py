"""When a turn is over: (the question, what is heard and when) -> (what is done, and when), on virtual time.

The caller's last voiced sample is at 4.0; voice activity notices the quiet 0.1 s later.
"""

from __future__ import annotations

import pytest
from turns_call import Call

from voicebot.events import (
    AnswerKind,
    BotDone,
    CallConfigured,
    Event,
    ExpectedAnswer,
    Final,
    Hypothesis,
    NoMatch,
    SpeechMayStart,
    SpeechStarted,
    SpeechStopped,
    TurnScored,
)
from voicebot.turns import AskKind, Command, Commit, Prepare, ScoreTurn, TurnEnd, TurnPolicy

DIGIT_WORDS = frozenset(("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"))
OPEN = ExpectedAnswer(AnswerKind.OPEN, commands=frozenset(("agent",)))
MENU = ExpectedAnswer(
    AnswerKind.CHOICE,
    answers=frozenset(("billing", "opening hours", "two", "yes", "no")),
    beside=frozenset(("please", "um", "the")),
    commands=frozenset(("agent",)),
)
SIX = ExpectedAnswer(AnswerKind.DIGITS, 6, 6, DIGIT_WORDS, commands=frozenset(("agent",)))
SOME = ExpectedAnswer(AnswerKind.DIGITS, 4, 8, DIGIT_WORDS)
NAME = ExpectedAnswer(AnswerKind.SPELLED, 2, 9, DIGIT_WORDS)
AMOUNT = ExpectedAnswer(AnswerKind.VALUE, words=DIGIT_WORDS, others=frozenset(("forty", "hundred")))

DATE = ExpectedAnswer(
    AnswerKind.VALUE,
    words=frozenset(("may", "ninth", "twenty", "seven", "five", "dollars", "thirty", "two", "hours")),
    others=frozenset(("of", "and", "the")),
    answers=frozenset(("tomorrow", "pm", "cents", "2027")),
)

SURE = ExpectedAnswer(
    AnswerKind.CHOICE, answers=frozenset(("yes", "no", "okay", "it is")), open_answers=frozenset(("okay", "it is"))
)

Heard = tuple[Event, ...]
UNTIL_QUIET: Heard = (SpeechStarted(3.1, 3.0), SpeechStopped(4.1, 4.0))


def guess(at: float, text: str, end: float = 4.0) -> Hypothesis:
    return Hypothesis(at, text, 3.0, end)


def final(at: float, text: str, end: float = 4.0) -> Final:
    return Final(at, text, 3.0, end, 0.9)


def asked(question: ExpectedAnswer | None, *heard: Event, policy: TurnPolicy | None = None) -> Call:
    call = Call(policy or TurnPolicy(prepare=False)).waiting()
    call.on(CallConfigured(2.5, phrases=(), answer=question))
    call.take()
    for event in sorted(heard, key=lambda event: event.at):
        call.on(event)
    return call


def over(call: Call) -> tuple[str, float, TurnEnd | None] | None:
    """Words, time and reason of the first turn of which the bot is told."""
    for _ in range(200):
        for ask in call.asks():
            if ask.kind in (AskKind.SPEECH, AskKind.NO_MATCH):
                return ask.text, round(call.now, 3), ask.ended
        due = call.machine.deadline
        if due is None:
            return None
        call.until(due)
    raise AssertionError("no end")


def ahead(call: Call, kind: type[Command]) -> list[tuple[float, Command]]:
    return [(at, command) for at, command in call.ahead if isinstance(command, kind)]


COMPLETE, FINAL, MODEL = TurnEnd.COMPLETE, TurnEnd.FINAL, TurnEnd.MODEL
SILENCE, PATIENCE = TurnEnd.SILENCE, TurnEnd.PATIENCE


@pytest.mark.parametrize(
    ("question", "heard", "end"),
    [
        # whole answers and commands: a moment of quiet, longer behind one word; for closed questions on a hypothesis
        (MENU, (guess(3.9, "billing"),), ("billing", 4.26, COMPLETE)),
        (MENU, (guess(4.3, "billing"),), ("billing", 4.3, COMPLETE)),
        (MENU, (guess(3.9, "Billing, please."),), ("Billing, please.", 4.12, COMPLETE)),
        (MENU, (final(4.3, "Billing."),), ("Billing.", 4.3, COMPLETE)),
        (MENU, (guess(3.9, "agent"),), ("agent", 4.35, COMPLETE)),
        (SIX, (final(4.11, "agent"),), ("agent", 4.35, COMPLETE)),
        (OPEN, (final(4.11, "agent"),), ("agent", 4.35, COMPLETE)),
        (SIX, (final(4.05, "4 2 5 5 5 5"),), ("4 2 5 5 5 5", 4.12, COMPLETE)),
        # a hypothesis must reach the end of the speech: it may lack a word
        (MENU, (guess(3.9, "billing", 3.84),), ("billing", 4.26, COMPLETE)),
        (MENU, (guess(3.9, "billing", 3.83), final(4.4, "Billing dispute.")), ("Billing dispute.", 4.4, FINAL)),
        # what is not expected, and all numbers, wait for the final
        (MENU, (guess(3.9, "the count bellant"), final(4.8, "Billing.")), ("Billing.", 4.8, COMPLETE)),
        (MENU, (guess(3.9, "the count bellant"),), ("the count bellant", 6.5, PATIENCE)),
        (MENU, (guess(3.9, "two"), final(4.4, "Two.")), ("Two.", 4.4, COMPLETE)),
        (SIX, (guess(3.9, "worse"), final(4.8, "I do not know.")), ("I do not know.", 4.8, FINAL)),
        (SIX, (guess(3.9, "four two five five five five"), final(4.6, "425556")), ("425556", 4.6, COMPLETE)),
        (NAME, (guess(3.9, "smith"), final(4.6, "S M I T H.")), ("S M I T H.", 5.2, PATIENCE)),
        (AMOUNT, (guess(3.9, "four"), final(4.4, "4")), ("4", 4.5, FINAL)),
        (AMOUNT, (guess(3.9, "four hundred"),), ("four hundred", 6.5, PATIENCE)),
        (AMOUNT, (final(4.3, "a gift"),), ("a gift", 4.35, FINAL)),
        # visibly incomplete
        (SIX, (final(4.3, "4 2 5 5"),), ("4 2 5 5", 5.5, PATIENCE)),
        (OPEN, (final(4.3, "I want to pay the"),), ("I want to pay the", 5.2, PATIENCE)),
        (OPEN, (guess(3.9, "my bill and"),), ("my bill and", 5.2, PATIENCE)),
        (None, (final(4.3, "um"),), ("um", 5.2, PATIENCE)),
        (MENU, (final(4.05, "yes, um"),), ("yes, um", 5.2, PATIENCE)),
        (SOME, (final(4.3, "4 2 5 5 5"),), ("4 2 5 5 5", 4.7, FINAL)),
        # an answer, or the beginning of one: the sound tells
        (SURE, (final(4.1, "Okay."), TurnScored(4.15, 4.0, 0.9)), ("Okay.", 4.2, MODEL)),
        (SURE, (final(4.1, "Okay."), TurnScored(4.15, 4.0, 0.2)), ("Okay.", 4.35, FINAL)),
        # a sentence that ends in one of the answers
        (MENU, (final(4.1, "It is about billing."), TurnScored(4.15, 4.0, 0.2)), ("It is about billing.", 4.35, FINAL)),
        (MENU, (final(4.1, "It is about it."), TurnScored(4.15, 4.0, 0.2)), ("It is about it.", 4.5, MODEL)),
        (SURE, (final(4.1, "Yes, it is."), TurnScored(4.15, 4.0, 0.9)), ("Yes, it is.", 4.2, MODEL)),
        (SURE, (final(4.1, "Okay."),), ("Okay.", 4.35, FINAL)),
        # open speech
        (OPEN, (final(4.3, "My card is gone."),), ("My card is gone.", 4.35, FINAL)),
        (None, (guess(3.9, "my card is gone"),), ("my card is gone", 4.45, SILENCE)),
        (None, (final(4.3, "My number is 603"),), ("My number is 603", 4.7, FINAL)),
        (OPEN, (final(4.19, "My card is gone."), TurnScored(4.15, 4.0, 0.9)), ("My card is gone.", 4.2, MODEL)),
        (OPEN, (final(4.25, "My card is gone."), TurnScored(4.15, 4.0, 0.9)), ("My card is gone.", 4.25, MODEL)),
        (OPEN, (guess(3.9, "my card is gone"), TurnScored(4.15, 4.0, 0.9)), ("my card is gone", 4.3, MODEL)),
        (OPEN, (final(4.19, "My card is gone."), TurnScored(4.15, 4.0, 0.2)), ("My card is gone.", 4.5, MODEL)),
        (OPEN, (final(4.3, "My card is gone."), TurnScored(4.15, 3.7, 0.9)), ("My card is gone.", 4.35, FINAL)),
        (OPEN, (final(4.3, "My number is 603."), TurnScored(4.15, 4.0, 0.9)), ("My number is 603.", 4.7, FINAL)),
        (SIX, (final(4.3, "no idea"), TurnScored(4.15, 4.0, 0.9)), ("no idea", 4.35, FINAL)),
        # a value of which more may come: a year, the half of the day, cents; the sound can only make it longer
        *(
            (DATE, (final(4.3, text),), (text, 4.5, FINAL))
            for text in ("May ninth.", "The ninth of May.", "May 9.", "five thirty", "Twenty dollars.", "two hours")
        ),
        *(
            (DATE, (final(4.3, text), TurnScored(4.2, 4.0, 0.2)), (text, 4.7, MODEL))
            for text in ("May ninth.", "May 9.", "five thirty", "$20.", "two hours")
        ),
        (DATE, (final(4.3, "May ninth."), TurnScored(4.2, 4.0, 0.9)), ("May ninth.", 4.5, FINAL)),
        (DATE, (final(4.05, "May 9, 2027."), TurnScored(4.11, 4.0, 0.2)), ("May 9, 2027.", 4.12, COMPLETE)),
        (DATE, (final(4.3, "Tomorrow."), TurnScored(4.2, 4.0, 0.2)), ("Tomorrow.", 4.3, COMPLETE)),
        (DATE, (final(4.05, "Five thirty PM."),), ("Five thirty PM.", 4.12, COMPLETE)),
        (DATE, (final(4.3, "The ninth of"), TurnScored(4.2, 4.0, 0.9)), ("The ninth of", 5.2, PATIENCE)),
        (DATE, (guess(3.9, "may ninth"), TurnScored(4.2, 4.0, 0.9)), ("may ninth", 6.5, PATIENCE)),
        (
            OPEN,
            (final(4.1, "Where is my order now?"), TurnScored(4.2, 4.0, 0.2)),
            ("Where is my order now?", 4.35, FINAL),
        ),
        (OPEN, (final(4.1, "Can you tell me?"), TurnScored(4.2, 4.0, 0.2)), ("Can you tell me?", 4.5, MODEL)),
        # nothing that could be understood
        (MENU, (NoMatch(4.3, 3.0, 4.0),), ("", 4.35, SILENCE)),
        (MENU, (), ("", 6.5, SILENCE)),
    ],
)
def test_a_turn_ends_by_what_was_said(
    question: ExpectedAnswer | None, heard: Heard, end: tuple[str, float, TurnEnd]
) -> None:
    assert over(asked(question, *UNTIL_QUIET, *heard)) == end


@pytest.mark.parametrize(
    ("question", "heard", "at"),
    [
        (MENU, (guess(3.9, "two"),), [4.12]),
        (MENU, (guess(3.9, "two", 3.7),), [4.55]),
        (MENU, (guess(3.9, "the count bellant"),), [4.2]),
        (MENU, (), [4.2]),
        (SIX, (guess(3.9, "four two five five five five"),), [4.12]),
        (SIX, (guess(4.3, "four two five five five five"),), [4.3]),
        (SIX, (guess(3.9, "four two five five"),), [5.35]),
        (SIX, (guess(3.9, "four two five five"), final(4.4, "4255")), []),
        (SIX, (guess(3.9, "agent"),), [4.2]),
        (SIX, (guess(3.9, "boor boor"),), []),
        (SIX, (guess(3.5, "424444", 3.4), guess(3.9, "425555")), []),
        (SIX, (guess(3.5, "424444", 3.4), guess(3.9, "425555"), guess(4.3, "425555")), [4.3]),
        (SIX, (), []),
        (SIX, (guess(3.9, "four two five", 3.5),), []),
        (SOME, (guess(3.9, "four two five five five"),), [4.55]),
        (OPEN, (guess(3.9, "my card is gone"),), [4.2]),
        (OPEN, (guess(3.9, "my card is gone"), TurnScored(4.14, 4.0, 0.9)), [4.14]),
        (OPEN, (guess(3.9, "my card is gone"), TurnScored(4.14, 4.0, 0.2)), [4.35]),
        (OPEN, (guess(3.9, "my card and the"),), [5.05]),
        (OPEN, (final(4.05, "My card is gone."),), []),
        (OPEN, (NoMatch(4.11, 3.0, 4.0),), []),
        (AMOUNT, (guess(3.9, "four"),), [4.35]),
        (DATE, (guess(3.9, "may ninth"), TurnScored(4.15, 4.0, 0.2)), [4.55]),
        (DATE, (guess(3.9, "may ninth"), TurnScored(4.15, 4.0, 0.9)), [4.35]),
    ],
)
def test_the_recogniser_is_told_to_finish_in_time(
    question: ExpectedAnswer | None, heard: Heard, at: list[float]
) -> None:
    call = asked(question, *UNTIL_QUIET, *heard)
    assert [when for when, _ in ahead(call.until(5.4), Commit)] == at


def test_in_each_quiet_it_is_told_once_and_never_while_the_caller_speaks() -> None:
    call = asked(SIX, SpeechStarted(3.1, 3.0), guess(3.5, "four two five five five five", 3.4))
    assert ahead(call.until(4.0), Commit) == []
    call.on(SpeechStopped(4.1, 3.4)).on(guess(4.2, "four two five five five five", 3.4))
    call.on(SpeechStarted(4.3, 4.2)).on(SpeechStopped(4.8, 4.7)).on(guess(4.81, "four two five five five six", 4.7))
    assert ahead(call.until(5.5), Commit) == [(4.1, Commit()), (4.82, Commit())]


@pytest.mark.parametrize(("until", "at"), [(3.89, 4.12), (3.84, 4.12), (3.83, 6.5)])
def test_noise_behind_an_answer_to_choose_from_may_be_taken_for_its_end(until: float, at: float) -> None:
    call = asked(MENU, *UNTIL_QUIET, guess(3.9, "opening hours", until))
    assert over(call) == ("opening hours", at, COMPLETE if at < 5 else PATIENCE)
    for text in ("something else", "agent"):
        assert over(asked(MENU, *UNTIL_QUIET, guess(3.9, text, until - 0.01))) == (text, 6.5, PATIENCE)


@pytest.mark.parametrize(("until", "at"), [(4.0, [4.12]), (4.12, [4.12]), (4.25, [4.12, 4.3])])
def test_it_is_told_again_if_it_has_taken_noise_for_more_of_the_phrase(until: float, at: list[float]) -> None:
    said = "four two five five five five"
    call = asked(SIX, *UNTIL_QUIET, guess(3.9, said), guess(4.3, said, until))
    assert [when for when, _ in ahead(call.until(5.4), Commit)] == at


@pytest.mark.parametrize(
    ("question", "first", "then", "said"),
    [
        (OPEN, "My card is gone.", "Since Monday.", "My card is gone. Since Monday."),
        (None, "Sorry.", "I have a question.", "Sorry. I have a question."),
        (DATE, "May ninth.", "2027.", "May ninth. 2027."),
        (DATE, "Five thirty.", "PM.", "Five thirty. PM."),
        (DATE, "Twenty dollars.", "And five cents.", "Twenty dollars. And five cents."),
        (AMOUNT, "Four hundred", "five.", "Four hundred five."),
        (SOME, "4 2 5 5", "5 5 0 1", "4 2 5 5 5 5 0 1"),
        (NAME, "S M I", "T H", "S M I T H"),
        (MENU, "Hmm opening", "Billing.", "Hmm opening Billing."),
    ],
)
def test_what_the_recogniser_finished_before_the_caller_went_on_is_a_part_of_the_turn(
    question: ExpectedAnswer | None, first: str, then: str, said: str
) -> None:
    """The voice goes on after 0.31 s, which is known to be speech 0.09 s later."""
    call = asked(question, *UNTIL_QUIET, guess(3.9, first.lower()), final(4.3, first), SpeechMayStart(4.34, 4.44))
    call.on(SpeechStarted(4.4, 4.31)).on(SpeechStopped(5.6, 5.5)).on(Final(5.61, then, 4.31, 5.5, 0.9))
    ended = over(call)
    assert ended is not None and ended[0] == said
    assert over(call.until(9.0)) is None


@pytest.mark.parametrize(
    ("voices", "at"),
    [
        ((SpeechMayStart(4.1, 4.2), SpeechMayStart(4.16, 4.16)), 4.16),
        ((SpeechMayStart(4.1, 4.2),), 4.2),
        ((SpeechMayStart(4.11, 4.21), SpeechMayStart(4.115, 4.115)), 4.12),
    ],
)
def test_a_turn_does_not_end_while_a_voice_begins(voices: Heard, at: float) -> None:
    heard = (SpeechStarted(3.1, 3.0), SpeechStopped(4.09, 4.0), final(4.09, "Billing, please."))
    assert over(asked(MENU, *heard, *voices)) == ("Billing, please.", at, COMPLETE)


@pytest.mark.parametrize("pause_s", [0.13, 0.16, 0.19])
def test_who_makes_a_short_pause_behind_one_word_is_not_cut_off(pause_s: float) -> None:
    """ "Yes, please": a voice is noticed in its first frame of 32 ms, and known for one after two."""
    again = 4.0 + pause_s
    call = asked(MENU, SpeechStarted(3.1, 3.0), SpeechStopped(4.1, 4.0), guess(4.11, "billing"))
    call.on(SpeechMayStart(again + 0.03, again + 0.13)).on(SpeechStarted(again + 0.06, again))
    call.on(SpeechStopped(4.8, 4.7)).on(Final(4.75 + 0.06, "Billing, please.", 3.0, 4.7, 0.9))
    ended = over(call)
    assert ended is not None and ended[0] == "Billing, please."


def test_a_sound_without_words_behind_the_words_does_not_make_the_wait_longer() -> None:
    call = asked(OPEN, *UNTIL_QUIET, final(4.25, "My card is gone."))
    call.on(SpeechStarted(4.32, 4.25)).on(SpeechStopped(4.6, 4.5)).on(NoMatch(4.7, 4.25, 4.5))
    assert over(call) == ("My card is gone.", 4.85, FINAL)
    call = asked(OPEN, *UNTIL_QUIET, NoMatch(3.5, 3.0, 3.2), final(4.25, "My card", end=3.6))
    assert over(call) == ("My card", 5.2, PATIENCE)


def test_the_late_result_of_a_phrase_takes_nothing_of_the_next_one() -> None:
    call = asked(OPEN, *UNTIL_QUIET, SpeechStarted(4.35, 4.28), SpeechStopped(5.1, 5.0))
    call.on(Hypothesis(5.12, "since monday", 4.28, 5.0)).on(final(5.14, "My card is gone."))
    assert over(call) == ("My card is gone. since monday", 5.45, SILENCE)


def test_who_pauses_for_a_breath_and_goes_on_has_said_one_thing() -> None:
    """Voice activity reports pauses of 100 ms: quiet may be followed by speech at any time."""
    call = asked(OPEN, SpeechStarted(3.1, 3.0))
    for i in range(5):
        begun = 3.5 + i * 0.3
        call.on(SpeechStopped(begun + 0.1, begun)).on(SpeechStarted(begun + 0.15, begun + 0.12))
    call.on(SpeechStopped(5.6, 5.5)).on(Final(5.75, "My card is gone.", 3.0, 5.5))
    assert over(call) == ("My card is gone.", 5.85, FINAL)


@pytest.mark.parametrize("pause_s", [0.2, 0.35, 0.55])
def test_groups_of_digits_with_pauses_between_them_are_one_turn(pause_s: float) -> None:
    for question in (SIX, SOME, None):
        again = 4.0 + pause_s
        call = asked(question, *UNTIL_QUIET, guess(3.9, "four two five five"), final(4.4, "4 2 5 5"))
        call.on(SpeechStarted(max(again + 0.1, 4.45), again)).on(SpeechStopped(6.1, 6.0))
        call.on(Final(6.15, "5 5", again, 6.0, 0.9))
        ended = over(call)
        assert ended is not None and ended[0] == "4 2 5 5 5 5"


@pytest.mark.parametrize(
    ("question", "heard", "asked_at"),
    [
        (OPEN, (guess(3.9, "my card is gone"),), [4.1]),
        (None, (), [4.1]),
        (OPEN, (guess(3.9, "my card is the"),), []),
        (OPEN, (guess(3.9, "my number is six oh"),), []),
        (MENU, (guess(3.9, "billing"),), []),
        (MENU, (), []),
        (MENU, (guess(3.9, "I have a question"),), [4.1]),
        (MENU, (guess(4.3, "I have a question"),), [4.3]),
        (SIX, (guess(3.9, "no idea"),), []),
        (NAME, (guess(3.9, "smith"),), []),
        (AMOUNT, (guess(3.9, "forty dollars"),), []),
        (AMOUNT, (guess(3.9, "four"),), [4.1]),
        (DATE, (guess(3.9, "may ninth"),), [4.1]),
        (DATE, (guess(4.2, "may 9"),), [4.2]),
        (DATE, (guess(3.9, "tomorrow"),), []),
        (DATE, (guess(3.9, "the ninth of"),), []),
    ],
)
def test_the_sound_of_the_voice_is_asked_about_where_it_can_tell(
    question: ExpectedAnswer | None, heard: Heard, asked_at: list[float]
) -> None:
    call = asked(question, *UNTIL_QUIET, *heard).until(4.31)
    assert ahead(call, ScoreTurn) == [(at, ScoreTurn(4.0)) for at in asked_at]


def test_each_quiet_is_asked_about_for_itself() -> None:
    call = asked(OPEN, *UNTIL_QUIET, SpeechStarted(4.3, 4.2), TurnScored(4.35, 4.0, 0.9), SpeechStopped(5.1, 5.0))
    assert [command for _, command in ahead(call, ScoreTurn)] == [ScoreTurn(4.0), ScoreTurn(5.0)]
    call.on(Final(5.3, "My card is gone.", 3.0, 5.0))
    assert over(call) == ("My card is gone.", 5.35, FINAL)


@pytest.mark.parametrize(
    ("question", "heard", "prepared"),
    [
        (MENU, (guess(3.9, "billing"),), [(3.9, "billing")]),
        (MENU, (guess(3.5, "bill"), guess(3.7, "billing"), guess(3.9, "billing")), [(3.7, "billing")]),
        (MENU, (guess(3.9, "the count bellant"),), [(4.1, "the count bellant")]),
        (MENU, (guess(3.8, "billing"), final(4.11, "Billing.")), [(3.8, "billing")]),
        (MENU, (guess(3.9, "the count bellant", 3.5),), []),
        (SIX, (guess(3.9, "4 2 5"),), []),
        (SIX, (guess(3.8, "4 2 5 5 5 5"), final(4.2, "4 2 5 5 5 6")), [(3.8, "4 2 5 5 5 5")]),
        (OPEN, (guess(3.9, "my card is gone"), final(4.3, "My card is gone.")), [(4.1, "my card is gone")]),
        (OPEN, (guess(3.9, "my car is gone"), final(4.3, "My card is gone.")),
         [(4.1, "my car is gone"), (4.3, "My card is gone.")]),
        (OPEN, (guess(3.9, "my card and the"),), []),
    ],
)  # fmt: skip
def test_the_reply_to_what_may_be_all_is_made_ready_once_for_each_text(
    question: ExpectedAnswer | None, heard: Heard, prepared: list[tuple[float, str]]
) -> None:
    call = asked(question, *UNTIL_QUIET, *heard, policy=TurnPolicy())
    over(call)
    assert ahead(call, Prepare) == [(at, Prepare(text)) for at, text in prepared]


def test_nothing_else_changes_by_it_and_the_next_turn_begins_anew() -> None:
    ends = []
    for policy in (TurnPolicy(), TurnPolicy(prepare=False)):
        call = asked(MENU, *UNTIL_QUIET, guess(3.9, "billing"), policy=policy)
        ends.append(over(call))
        call.on(BotDone(5.0, 2)).on(SpeechStarted(5.6, 5.5)).on(Hypothesis(6.0, "billing", 5.5, 6.0))
    assert ends[0] == ends[1]
    assert ahead(call, Prepare) == []
    call = asked(MENU, *UNTIL_QUIET, guess(3.9, "billing"), policy=TurnPolicy())
    over(call)
    call.on(BotDone(5.0, 2)).on(SpeechStarted(5.6, 5.5)).on(Hypothesis(6.0, "billing", 5.5, 6.0))
    assert ahead(call, Prepare) == [(3.9, Prepare("billing")), (6.0, Prepare("billing"))]


def test_who_goes_on_after_a_noise_has_the_reply_made_ready_again() -> None:
    call = asked(MENU, *UNTIL_QUIET, guess(4.11, "billing"), policy=TurnPolicy(one_word_silence_ms=400))
    call.on(SpeechStarted(4.3, 4.2)).on(SpeechStopped(4.5, 4.4)).on(Hypothesis(4.6, "billing", 3.0, 4.4))
    assert ahead(call, Prepare) == [(4.11, Prepare("billing")), (4.6, Prepare("billing"))]


def test_who_never_stops_is_cut_off_by_patience() -> None:
    call = asked(OPEN, SpeechStarted(3.1, 3.0), Hypothesis(4.0, "and so on", 3.0, 4.0))
    assert over(call) == ("and so on", 33.0, PATIENCE)
