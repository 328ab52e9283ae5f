"""Values that are named because they are not meant: "not on Friday", "I can't do Friday", "Friday doesn't work".

Whoever says so has not answered yet. What is said instead ("not Friday, Monday") is found before
(:mod:`~voicebot.authoring.understanding.corrections`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from voicebot.authoring.understanding.vocabulary import Vocabulary

T = TypeVar("T")

MOST = 3
"""Refusals that are looked at."""


class Refusals:
    """Reads section ``refusals``: what is said ``before`` or ``behind`` a value that is refused; ``neither`` hides such
    words in it ("not sure")."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        neither = [(phrase, False) for phrase in vocabulary.listed("refusals", "neither")]
        before, behind = (vocabulary.listed("refusals", name) for name in ("before", "behind"))
        self._before = vocabulary.phrases([*neither, *((phrase, True) for phrase in before)])
        self._behind = vocabulary.phrases([*neither, *((phrase, True) for phrase in behind)])
        self._instead = vocabulary.words("correction", "instead")

    def meant(self, parts: Sequence[str], read: Callable[[str], T | None], found: T | None) -> T | None:
        """What ``read`` has ``found`` in the last of ``parts``; if that is refused, what is said behind it instead.

        ``parts``: what was said, and what was left of it each time that something was taken back.
        """
        text = parts[-1]
        for start, end, pause in islice(self._ahead(text), MOST):
            if _found(read(text[end:pause])) and not _found(read(text[:start])):
                return read(text[pause:])
        for part in parts:
            for start, end in islice(self._after(part), MOST):
                if _found(read(part[:start])):
                    return read(part[end:])
        return found

    def _ahead(self, text: str) -> Iterator[tuple[int, int, int]]:
        """Where the words before a refused value begin, where it begins itself, and where the next pause is."""
        tokens = self._vocabulary.tokens(text)
        for start, stop, refuses in self._before.find(tokens):
            instead = any(token.word in self._instead for token in tokens[stop:])  # "not this Friday but the next"
            if refuses and stop < len(tokens) and not tokens[stop].pause and not instead:
                pause = next((token.start for token in tokens[stop + 1 :] if token.pause), len(text))
                yield tokens[start].start, tokens[stop].start, pause

    def _after(self, text: str) -> Iterator[tuple[int, int]]:
        tokens = self._vocabulary.tokens(text)
        for start, stop, refuses in self._behind.find(tokens):
            if refuses and start and not tokens[start].pause:
                yield tokens[start].start, tokens[stop - 1].end


def _found(value: object) -> bool:
    return value not in (None, "", ())
