"""When the caller's turn is over, decided from voice activity and recognition results. Pure.

The recogniser's final result is accurate but late (with Azure about 1 s after the last word); voice activity detection
is fast but knows no words. So voice activity says since when it has been quiet, and the recognition result so far
decides how long the quiet must last: the first of :data:`RULES` that applies.

A result *covers* the speech if it reaches its end (within ``COVER_SLACK_S``). A hypothesis is good enough for most
sentences; but a number with a missing digit is useless, so a number waits for its final result.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from voicebot.turns.expected_answer import Judgement
from voicebot.turns.policy import TurnPolicy


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
    judgement: Judgement = Judgement.OTHER
    """What these words are, seen from the answer that the bot waits for."""
    spelled: bool = False
    """That answer is spelled."""


class EndRule(NamedTuple):
    """How long the quiet must last if ``applies`` is true. ``says``: the condition in words."""

    says: str
    applies: Callable[[TurnSoFar], bool]
    quiet_ms: Callable[[TurnPolicy], int]


RULES: tuple[EndRule, ...] = (
    EndRule(
        "a final result covers the speech, and is all of what was asked for",
        lambda turn: turn.final and turn.covered and turn.judgement is Judgement.COMPLETE,
        lambda policy: policy.complete_silence_ms,
    ),
    EndRule(
        "a final result covers the speech, and is less than what was asked for",
        lambda turn: turn.final and turn.covered and turn.judgement is Judgement.BEGINNING,
        lambda policy: policy.unfinished_silence_ms,
    ),
    EndRule(
        "a final result covers the speech, and what is being spelled may go on",
        lambda turn: turn.final and turn.covered and turn.spelled and turn.judgement is Judgement.ENOUGH,
        lambda policy: policy.patience_ms,
    ),
    EndRule(
        "a final result covers the speech and ends in a number (people pause between groups of digits)",
        lambda turn: turn.final and turn.covered and turn.in_number,
        lambda policy: policy.number_silence_ms,
    ),
    EndRule(
        "a final result covers the speech",
        lambda turn: turn.final and turn.covered,
        lambda policy: policy.end_silence_ms,
    ),
    EndRule(
        "a hypothesis covers the speech, and does not end in a number",
        lambda turn: turn.hypothesis and turn.covered and not turn.in_number,
        lambda policy: policy.end_silence_ms + policy.race_grace_ms,
    ),
    EndRule(
        "a hypothesis ends in a number",
        lambda turn: turn.hypothesis and turn.in_number,
        lambda policy: max(policy.patience_ms, policy.no_words_ms),
    ),
    EndRule("there are words, but not for all of it", lambda turn: turn.words, lambda policy: policy.patience_ms),
    EndRule("the recogniser found no words", lambda turn: turn.no_match, lambda policy: policy.end_silence_ms),
    EndRule("there is no result from the recogniser", lambda turn: True, lambda policy: policy.no_words_ms),
)


def quiet_to_end(turn: TurnSoFar, policy: TurnPolicy) -> float:
    """How many seconds of quiet since the last voiced sample end ``turn``."""
    return next(rule.quiet_ms(policy) for rule in RULES if rule.applies(turn)) / 1000
