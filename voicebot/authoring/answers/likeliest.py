"""What was answered, by all that the recogniser may have heard and not by its first guess alone. Pure.

A recogniser tells several texts. The question tells which of them are answers: of "You 9281590." and "Zero 9281590.",
to a question for eight digits, only the second is one. It is taken where the first guess shows that such an answer was
being given; else callers are asked about it, because what was meant otherwise is often near what is expected.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from voicebot.authoring.answers.answer import Answered, Reading, Unclear
from voicebot.authoring.answers.doubt import DOUBTED, SURE

UNLISTED = 0.15
"""The probability of answers that the recogniser does not tell, beside those that it does."""
LEAST = 0.3
"""A less probable answer is not worth a question: the first one is asked again."""
FAINT = 0.25
"""How probable beside the first text must be what is taken or asked about instead."""
CLEARER = 3.0
"""How much more probable than the others must be one of the values that may be meant."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What one of the texts is to the question, and how sure the recogniser is of it, 0 to 1. None: it does not say, as
    of the first text in other words."""

    reading: Reading
    confidence: float | None


def agreed(reading: Answered, confidence: float | None, others: Sequence[Heard]) -> tuple[Answered, float | None]:
    """``reading``, that of the first text, or the plainest of ``others`` that mean the same ("A." and "Eight."), with
    the confidence of all of them. None: the recogniser does not say. A text that only lacks what stands in a gap of the
    first fills it with nothing, and is no plainer."""
    same = [one for one in others if isinstance(one.reading, Answered) and _means(one.reading) == _means(reading)]
    known = [one.reading for one in same if isinstance(one.reading, Answered) and one.confidence is not None]
    plainest = reading if reading.gap else max([reading, *known], key=lambda one: one.likeness)
    if confidence is None:
        return plainest, None
    return plainest, min(1.0, confidence + sum(one.confidence or 0.0 for one in same))


def in_words(others: Sequence[Heard]) -> Answered | None:
    """The answer of the first text in other words, which has no confidence of its own; None: there are none."""
    return next((one.reading for one in others if one.confidence is None and isinstance(one.reading, Answered)), None)


def instead(
    first: Reading, confidence: float | None, others: Sequence[Heard], *, begun: bool, asks: bool
) -> tuple[Answered, float] | None:
    """The answer of ``others`` that is meant where the ``first`` text is none, or not a clear one, and how probable it
    is; None: it cannot be told. ``begun``: the first text shows that such an answer was being given; ``asks``: callers
    can be asked about an answer of this kind, as they can about an option."""
    unknown = 1.0 if isinstance(first, Unclear) else 0.0
    found: dict[Any, tuple[Answered, float]] = {}
    for one in others:
        if isinstance(one.reading, Answered) and one.reading.likeness == 1 and _possible(one.reading, first):
            before = found.get(_means(one.reading), (one.reading, 0.0))
            found[_means(one.reading)] = (
                before[0],
                before[1] + (unknown if one.confidence is None else one.confidence),
            )
    if not found:
        return None
    best, *rest = sorted(found.values(), key=lambda one: one[1], reverse=True)
    answer, weight = best
    if isinstance(first, Unclear):
        return best if weight >= CLEARER * sum(other for _, other in rest) else None
    sure = weight / (weight + sum(other for _, other in rest) + UNLISTED)
    if confidence is not None and weight < FAINT * confidence:
        return None
    if begun and sure >= SURE:
        return answer, sure
    return (replace(answer, likeness=DOUBTED), sure) if sure >= LEAST and (asks or answer.option is not None) else None


def _possible(answer: Answered, first: Reading) -> bool:
    return not isinstance(first, Unclear) or answer.value in first.values


def _means(reading: Reading) -> Any:
    return (reading.option, reading.value) if isinstance(reading, Answered) else None
