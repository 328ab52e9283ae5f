"""Leaning towards what is expected to be said: the phrase list against what the recogniser wrote.

The client sends the few phrases that the dialog waits for ("yes", "no", "billing"). Where the recogniser wrote one of
them, nothing is done. Where it wrote something as short that the audio supports hardly better than one of the phrases
("Hotage." and "outage"), the phrase is taken. A clear different text stays: the phrase must come within a margin of
it *on the same audio*, and be ahead of the other phrases.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

_WORDS = re.compile(r"[a-z0-9]+(?:'[a-z]+)?")

_MARGIN = 3.5
"""How much less likely than the written text (natural log, whole phrase) a phrase may be and still be taken."""

_LEAD = 1.0
"""How much more likely it must be than the next best phrase."""

_WIDE_MARGIN, _WIDE_LEAD = 7.0, 3.5
"""A phrase that is far ahead of the others may be less likely ("A." for eight; measured on telephone recordings, where
phrases that were not said stayed 10 and more behind and 3 or less apart).
"""

_CLEAR = -0.12
"""Above this mean log probability per token, the written text is certain and is kept."""


@dataclass(frozen=True, slots=True)
class ChosenPhrase:
    """The phrase that was taken, as it is displayed, with its confidence."""

    text: str
    confidence: float


def lexical(text: str) -> str:
    """Words alone: lower case, no punctuation."""
    return " ".join(_WORDS.findall(text.lower()))


def choose(
    text: str,
    log_probability: float,
    tokens: int,
    expected: tuple[str, ...],
    score: Callable[[list[str]], list[float]],
) -> ChosenPhrase | None:
    """Decide whether one of ``expected`` was meant where ``text`` was written.

    Args:
        log_probability: of ``text``, summed over its ``tokens``.
        score: gives the log probability of each phrase on the same audio; called at most once.
    """
    words = lexical(text).split()
    by_words = {lexical(phrase): phrase for phrase in expected if lexical(phrase)}
    if " ".join(words) in by_words or not by_words:
        return None
    if log_probability / max(1, tokens) > _CLEAR:
        return None
    candidates = [
        phrase for key, phrase in by_words.items() if abs(len(key.split()) - len(words)) <= 1 + len(key.split()) // 3
    ]
    if not candidates:
        return None
    candidates.sort(key=lambda phrase: -_resemblance(lexical(phrase), " ".join(words)))
    scores = score(candidates)
    ranked = sorted(range(len(scores)), key=lambda index: -scores[index])
    best = ranked[0]
    behind = log_probability - scores[best]
    lead = scores[best] - scores[ranked[1]] if len(ranked) > 1 else 0.0
    near = behind <= _MARGIN and (lead >= _LEAD or len(ranked) == 1)
    if not near and not (behind <= _WIDE_MARGIN and lead >= _WIDE_LEAD):
        return None
    phrase = candidates[best].strip()
    display = phrase[:1].upper() + phrase[1:]
    if display[-1:] not in ".?!":
        display += "."
    total = sum(math.exp(value - scores[best]) for value in scores) + math.exp(log_probability - scores[best])
    return ChosenPhrase(display, 1.0 / total)


def _resemblance(one: str, other: str) -> float:
    """The share of common pairs of letters (Dice coefficient), 0 to 1, to select the phrases to score if there are
    many."""
    pairs = [{text[index : index + 2] for index in range(len(text) - 1)} or {text} for text in (one, other)]
    return 2 * len(pairs[0] & pairs[1]) / (len(pairs[0]) + len(pairs[1]))
