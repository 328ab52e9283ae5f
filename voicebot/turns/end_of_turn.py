"""When the caller's turn is over: the rules of the race between voice activity and the recogniser. Pure.

The recogniser's final is good but late (Azure: about 1 s after the last word); voice activity is early but knows no
words. So voice activity says since when it is quiet, and what the recogniser has made of the speech by then decides how
long the quiet must last: the first of :data:`RULES` that applies.

A result *covers* the speech when it reaches to its end (``COVER_SLACK_S``). The gist of a sentence is there with the
hypothesis, but one digit that is still missing makes an account number worthless: a number waits for its final.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from voicebot.turns.policy import TurnPolicy


@dataclass(frozen=True, slots=True)
class TurnSoFar:
    """What is known of the turn in progress, now that it is quiet."""

    final: bool
    """The newest result is a final."""
    hypothesis: bool
    """The newest result is a hypothesis: its final is still to come."""
    covered: bool
    """The newest result covers all that was spoken."""
    words: bool
    """Words are known that the bot has not been told."""
    in_number: bool
    """... and the last of them is a number."""
    no_match: bool
    """The recogniser found no words in it."""


class EndRule(NamedTuple):
    """How long it must be quiet when ``applies``; ``says`` is the rule in words."""

    says: str
    applies: Callable[[TurnSoFar], bool]
    quiet_ms: Callable[[TurnPolicy], int]


RULES: tuple[EndRule, ...] = (
    EndRule(
        "a final covers the speech and ends in a number: who reads out digits pauses between groups",
        lambda turn: turn.final and turn.covered and turn.in_number,
        lambda policy: policy.number_silence_ms,
    ),
    EndRule(
        "a final covers the speech",
        lambda turn: turn.final and turn.covered,
        lambda policy: policy.end_silence_ms,
    ),
    EndRule(
        "a hypothesis covers the speech and does not end in a number",
        lambda turn: turn.hypothesis and turn.covered and not turn.in_number,
        lambda policy: policy.end_silence_ms + policy.race_grace_ms,
    ),
    EndRule(
        "a hypothesis ends in a number",
        lambda turn: turn.hypothesis and turn.in_number,
        lambda policy: max(policy.patience_ms, policy.no_words_ms),
    ),
    EndRule("there are words, but not of all the speech", lambda turn: turn.words, lambda policy: policy.patience_ms),
    EndRule("the recogniser found no words", lambda turn: turn.no_match, lambda policy: policy.end_silence_ms),
    EndRule("nothing has come from the recogniser", lambda turn: True, lambda policy: policy.no_words_ms),
)


def quiet_to_end(turn: TurnSoFar, policy: TurnPolicy) -> float:
    """Seconds of quiet, since the last voiced sample, that end ``turn``."""
    return next(rule.quiet_ms(policy) for rule in RULES if rule.applies(turn)) / 1000
