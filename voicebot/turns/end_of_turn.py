"""When the caller's turn is over, decided from voice activity and recognition results. Pure.

The recogniser's final result is accurate but late; voice activity detection is fast but knows no words. So voice
activity says since when it has been quiet, and what was said so far decides how long the quiet must last: the first of
:data:`RULES` that applies.

A result *covers* the speech if it reaches its end (``caller_speech.py``). The hypothesis of a whole answer to a
closed question is as good as its final result; so is one that ends in an answer. What the question does not expect
may be misheard, and a number with a wrong digit is useless: they wait for their final result, which
:func:`quiet_to_commit` brings as soon as it could end the turn.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple

from voicebot.events import AnswerKind
from voicebot.turns.expected_answer import WHOLE, Judgement
from voicebot.turns.policy import TurnPolicy

COUNTED = (AnswerKind.DIGITS, AnswerKind.SPELLED)


class TurnEnd(StrEnum):
    """Why a turn was over."""

    COMPLETE = "complete"
    """All that was asked for was said, or a command."""
    FINAL = "final"
    """There was a final result of all that was said, and it was quiet long enough."""
    MODEL = "model"
    """The voice sounded so, or it was quiet for long although it did not."""
    SILENCE = "silence"
    """It was quiet long enough for there to be no more."""
    PATIENCE = "patience"
    """More was to come, and did not."""


@dataclass(frozen=True, slots=True)
class TurnSoFar:
    """What is known of the current turn, once it is quiet."""

    final: bool
    """The latest result is a final one."""
    hypothesis: bool
    """The latest result is a hypothesis, so a final one is still to come."""
    covered: bool
    """The latest result covers all of the speech."""
    words: bool
    """There are words that the bot does not know yet."""
    in_number: bool
    """The last of these words is a number."""
    no_match: bool
    """The recogniser found no words."""
    numbers: bool = False
    """One of these words is a number."""
    judgement: Judgement = Judgement.OTHER
    """What these words are, seen from the answer that the bot waits for."""
    kind: AnswerKind = AnswerKind.OPEN
    """The kind of that answer."""
    goes_on: bool = False
    """The sentence visibly goes on: its last word wants another one, or it is the first of two clauses."""
    beginning: bool = False
    """It is a statement of so few words that it is often but the beginning."""
    one_word: bool = False
    """There is one word only."""
    closed: bool = False
    """The last words are one of the answers to choose from, or such as end a value."""
    almost: bool = False
    """Of as many digits as can be asked for, not more than one is missing, and the hypotheses agree so far."""
    question: bool = False
    """It is a whole question by its mark and its length."""
    unheard: bool = False
    """These words answer a question that was not heard; its judgement is OTHER."""
    score: float | None = None
    """How likely it is that the caller has finished, by the sound of the voice, from 0 to 1; None: not known."""


class EndRule(NamedTuple):
    """How long the quiet must last if ``applies`` is true. ``says``: the condition in words; ``why``: it has ended."""

    says: str
    applies: Callable[[TurnSoFar], bool]
    quiet_ms: Callable[[TurnPolicy], int]
    why: TurnEnd


def _final(turn: TurnSoFar) -> bool:
    return turn.final and turn.covered


def _guess(turn: TurnSoFar) -> bool:
    return turn.hypothesis and turn.covered


def _chosen(turn: TurnSoFar) -> bool:
    return _guess(turn) and turn.kind is AnswerKind.CHOICE and turn.judgement in WHOLE and not turn.in_number


def _one_word(turn: TurnSoFar) -> bool:
    """Whether a whole answer is one word. Callers often go on behind it, and sound finished before: "yes, please"."""
    return turn.one_word and turn.judgement in WHOLE and turn.kind not in COUNTED


def _one_word_command(turn: TurnSoFar) -> bool:
    """Whether it is a command that is often only the beginning: "sorry, what was that?", "wait, I have to ..."."""
    return turn.one_word and turn.judgement is Judgement.COMMAND


def _must_be_final(turn: TurnSoFar) -> bool:
    if not turn.hypothesis:
        return False
    return turn.in_number or turn.kind in (AnswerKind.CHOICE, *COUNTED) or _of_value(turn)


def _of_value(turn: TurnSoFar) -> bool:
    found = turn.numbers or turn.judgement not in (Judgement.NOTHING, Judgement.OTHER)
    return turn.kind is AnswerKind.VALUE and found


def _may_be_value(turn: TurnSoFar) -> bool:
    return turn.kind is AnswerKind.VALUE and turn.judgement is Judgement.ENOUGH


def _closed_value(turn: TurnSoFar) -> bool:
    """Whether it is a value of which little more may come: "twelve dollars". Behind a number or a day more may: its
    fraction, its year."""
    return _may_be_value(turn) and turn.closed


def _closed_choice(turn: TurnSoFar) -> bool:
    """Whether the last words say what there is to choose, whatever is before them ("when are you open?"), or what may
    follow ("okay")."""
    enough = turn.judgement in (Judgement.OTHER, Judgement.ENOUGH)
    return turn.kind is AnswerKind.CHOICE and enough and turn.closed and not turn.unheard


def _closed_guess(turn: TurnSoFar) -> bool:
    return _guess(turn) and _closed_choice(turn) and not turn.in_number and not turn.goes_on


def _may_be_miscounted(turn: TurnSoFar) -> bool:
    """Whether there may be other digits than these words tell: they do not reach the end, or are no digits (which were
    misheard, and the next ones tell), or are as many as are asked for, which a hypothesis in the middle may have."""
    as_many = turn.kind is AnswerKind.DIGITS and turn.judgement is Judgement.COMPLETE
    return not turn.covered or turn.judgement is Judgement.OTHER or as_many


def to_be_scored(turn: TurnSoFar) -> bool:
    """Whether the sound of the voice tells anything about the end of ``turn``: not where the words tell more. A number
    sounds finished after each group of its digits, and "no, thank you" before "that is all"; a value whose voice does
    not sound so has more to come."""
    if turn.goes_on or turn.unheard:
        return False
    if turn.kind is AnswerKind.VALUE:
        return _may_be_value(turn)
    if turn.numbers:
        return False
    open_ended = turn.judgement in (Judgement.OTHER, Judgement.ENOUGH)
    return turn.kind is AnswerKind.OPEN or (turn.kind is AnswerKind.CHOICE and open_ended)


def _sounds_finished(turn: TurnSoFar) -> bool:
    return turn.score is not None and turn.score > 0.5 and to_be_scored(turn)


def _begins(turn: TurnSoFar) -> bool:
    """Whether a question that may be answered at length has got a statement of a few words."""
    return turn.beginning and turn.kind is AnswerKind.OPEN and not turn.numbers


RULES: tuple[EndRule, ...] = (
    EndRule(
        "a final result covers the speech, and its sentence visibly goes on",
        lambda turn: _final(turn) and turn.goes_on,
        lambda policy: policy.patience_ms,
        TurnEnd.PATIENCE,
    ),
    EndRule(
        "a final result covers the speech, and is a command in one word",
        lambda turn: _final(turn) and _one_word_command(turn),
        lambda policy: policy.end_silence_ms,
        TurnEnd.COMPLETE,
    ),
    EndRule(
        "a final result covers the speech, and is all of what was asked for in one word",
        lambda turn: _final(turn) and _one_word(turn),
        lambda policy: policy.one_word_silence_ms,
        TurnEnd.COMPLETE,
    ),
    EndRule(
        "a final result covers the speech, and is all of what was asked for, or a command",
        lambda turn: _final(turn) and turn.judgement in WHOLE,
        lambda policy: policy.complete_silence_ms,
        TurnEnd.COMPLETE,
    ),
    EndRule(
        "a final result covers the speech, and is less than what was asked for",
        lambda turn: _final(turn) and turn.judgement is Judgement.BEGINNING,
        lambda policy: policy.unfinished_silence_ms,
        TurnEnd.PATIENCE,
    ),
    EndRule(
        "a final result covers the speech, and what is being spelled may go on",
        lambda turn: _final(turn) and turn.kind is AnswerKind.SPELLED and turn.judgement is Judgement.ENOUGH,
        lambda policy: policy.patience_ms,
        TurnEnd.PATIENCE,
    ),
    EndRule(
        "a final result covers the speech, and can be the value that was asked for, but the caller does not sound "
        "finished",
        lambda turn: _final(turn) and _may_be_value(turn) and turn.score is not None and not _sounds_finished(turn),
        lambda policy: policy.number_silence_ms,
        TurnEnd.MODEL,
    ),
    EndRule(
        "a final result covers the speech, and can be the value that was asked for, in words that end one, and the "
        "caller sounds finished",
        lambda turn: _final(turn) and _closed_value(turn) and _sounds_finished(turn),
        lambda policy: policy.end_silence_ms,
        TurnEnd.MODEL,
    ),
    EndRule(
        "a final result covers the speech, and can be the value that was asked for",
        lambda turn: _final(turn) and _may_be_value(turn),
        lambda policy: policy.unsure_silence_ms,
        TurnEnd.FINAL,
    ),
    EndRule(
        "a final result covers the speech and ends in a number (people pause between groups of digits)",
        lambda turn: _final(turn) and turn.in_number,
        lambda policy: policy.number_silence_ms,
        TurnEnd.FINAL,
    ),
    EndRule(
        "a final result covers the speech, and is a statement of a few words, behind which often more comes",
        lambda turn: _final(turn) and _begins(turn),
        lambda policy: policy.unsure_silence_ms,
        TurnEnd.FINAL,
    ),
    EndRule(
        "a final result covers the speech, and the caller sounds finished",
        lambda turn: _final(turn) and _sounds_finished(turn),
        lambda policy: policy.finished_silence_ms,
        TurnEnd.MODEL,
    ),
    EndRule(
        "a final result covers the speech, and is a question that ends in one of the answers to choose from",
        lambda turn: _final(turn) and _closed_choice(turn) and turn.question,
        lambda policy: policy.finished_silence_ms,
        TurnEnd.FINAL,
    ),
    EndRule(
        "a final result covers the speech, and ends in one of the answers to choose from",
        lambda turn: _final(turn) and _closed_choice(turn),
        lambda policy: policy.end_silence_ms,
        TurnEnd.FINAL,
    ),
    EndRule(
        "a final result covers the speech, and is a question, which often does not sound finished",
        lambda turn: _final(turn) and turn.question and to_be_scored(turn),
        lambda policy: policy.end_silence_ms,
        TurnEnd.FINAL,
    ),
    EndRule(
        "a final result covers the speech, and the caller does not sound finished",
        lambda turn: _final(turn) and turn.score is not None and to_be_scored(turn),
        lambda policy: policy.unsure_silence_ms,
        TurnEnd.MODEL,
    ),
    EndRule(
        "a final result covers the speech",
        _final,
        lambda policy: policy.end_silence_ms,
        TurnEnd.FINAL,
    ),
    EndRule(
        "a hypothesis covers the speech, and is a command in one word",
        lambda turn: _chosen(turn) and _one_word_command(turn),
        lambda policy: policy.end_silence_ms,
        TurnEnd.COMPLETE,
    ),
    EndRule(
        "a hypothesis covers the speech, and is one of the answers to choose from in one word",
        lambda turn: _chosen(turn) and _one_word(turn),
        lambda policy: policy.one_word_silence_ms,
        TurnEnd.COMPLETE,
    ),
    EndRule(
        "a hypothesis covers the speech, and is one of the answers to choose from, or a command, and no number",
        _chosen,
        lambda policy: policy.complete_silence_ms,
        TurnEnd.COMPLETE,
    ),
    EndRule(
        "a hypothesis covers the speech, and ends in one of the answers to choose from, and the caller sounds finished",
        lambda turn: _closed_guess(turn) and _sounds_finished(turn),
        lambda policy: policy.finished_silence_ms,
        TurnEnd.MODEL,
    ),
    EndRule(
        "a hypothesis covers the speech, and ends in one of the answers to choose from",
        _closed_guess,
        lambda policy: policy.end_silence_ms,
        TurnEnd.SILENCE,
    ),
    EndRule(
        "a hypothesis ends in a number, or may be a value, or is not one of the answers, or digits were asked for",
        _must_be_final,
        lambda policy: max(policy.patience_ms, policy.no_words_ms),
        TurnEnd.PATIENCE,
    ),
    EndRule(
        "the sentence visibly goes on",
        lambda turn: turn.words and turn.goes_on,
        lambda policy: policy.patience_ms,
        TurnEnd.PATIENCE,
    ),
    EndRule(
        "a hypothesis covers the speech, and is a statement of a few words",
        lambda turn: _guess(turn) and _begins(turn),
        lambda policy: policy.unsure_silence_ms + policy.race_grace_ms,
        TurnEnd.SILENCE,
    ),
    EndRule(
        "a hypothesis covers the speech, and the caller sounds finished",
        lambda turn: _guess(turn) and _sounds_finished(turn),
        lambda policy: policy.finished_silence_ms + policy.race_grace_ms,
        TurnEnd.MODEL,
    ),
    EndRule(
        "a hypothesis covers the speech, and the caller does not sound finished",
        lambda turn: _guess(turn) and turn.score is not None and to_be_scored(turn),
        lambda policy: policy.unsure_silence_ms + policy.race_grace_ms,
        TurnEnd.MODEL,
    ),
    EndRule(
        "a hypothesis covers the speech",
        _guess,
        lambda policy: policy.end_silence_ms + policy.race_grace_ms,
        TurnEnd.SILENCE,
    ),
    EndRule(
        "there are words, but not for all of it",
        lambda turn: turn.words,
        lambda policy: policy.patience_ms,
        TurnEnd.PATIENCE,
    ),
    EndRule(
        "the recogniser found no words",
        lambda turn: turn.no_match,
        lambda policy: policy.end_silence_ms,
        TurnEnd.SILENCE,
    ),
    EndRule(
        "there is no result from the recogniser",
        lambda turn: True,
        lambda policy: policy.no_words_ms,
        TurnEnd.SILENCE,
    ),
)


def end_rule(turn: TurnSoFar) -> EndRule:
    """The rule by which ``turn`` ends."""
    return next(rule for rule in RULES if rule.applies(turn))


def quiet_to_end(turn: TurnSoFar, policy: TurnPolicy) -> float:
    """How many seconds of quiet since the last voiced sample end ``turn``."""
    return end_rule(turn).quiet_ms(policy) / 1000


def quiet_to_commit(turn: TurnSoFar, policy: TurnPolicy, *, over_prompt: bool) -> float | None:
    """After how many seconds of quiet the recogniser is to give its final result, so that this is there when it could
    end ``turn``. None: there is nothing to be finished, or it may be the pause between two groups of digits.
    ``over_prompt``: a prompt waits until it is known what was said."""
    if (turn.final and turn.covered) or turn.no_match:
        return None
    if over_prompt:
        return policy.complete_silence_ms / 1000
    if turn.kind in COUNTED and _may_be_miscounted(turn):
        return policy.complete_silence_ms / 1000 if turn.almost else None
    judgement = turn.judgement if turn.covered else Judgement.OTHER  # who said more than this has not finished with it
    in_time_ms = end_rule(replace(turn, final=True, covered=True, hypothesis=False, judgement=judgement)).quiet_ms(
        policy
    )
    return max(policy.complete_silence_ms, in_time_ms - policy.final_result_ms) / 1000


def may_be_over(turn: TurnSoFar) -> bool:
    """Whether ``turn``, in quiet, may be over with the words so far: then a reply to it can be made ready."""
    return turn.words and turn.covered and not turn.goes_on and turn.judgement is not Judgement.BEGINNING
