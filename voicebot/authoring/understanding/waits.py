"""Who asks for a moment: "one moment please", "just a second". It is no answer, though it has a number in it.

Section ``waiting``: ``moments`` are no number and no duration; ``minutes`` are a duration, but no other number ("one
minute"); ``asked`` ask for a time that is a duration where nobody asks for it ("give me five minutes").
"""

from __future__ import annotations

from collections.abc import Sequence

from voicebot.authoring.understanding.tokens import Token, prepared, without
from voicebot.authoring.understanding.vocabulary import Vocabulary

ALL = ("moments", "minutes", "asked")


class Waits:
    """Finds what asks for a moment in the words of a caller."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        named = [phrase for key in ALL for phrase in vocabulary.listed("waiting", key)]
        self._named = vocabulary.phrases(dict.fromkeys(named, True))
        self._no_durations = vocabulary.phrases(
            {phrase: True for key in ("moments", "asked") for phrase in vocabulary.listed("waiting", key)}
        )
        asking = [*named, *vocabulary.listed("withheld", "holding")]
        holding = [*asking, *vocabulary.listed("withheld", "hesitant")]
        beside = [*vocabulary.listed("beside"), *vocabulary.listed("yes_if_short"), *vocabulary.listed("yes")]
        self._asking = vocabulary.phrases(dict.fromkeys(asking, True))
        self._holding = vocabulary.phrases(dict.fromkeys(holding, True))
        self._beside = vocabulary.phrases(dict.fromkeys([*holding, *beside], True))

    def names_moment(self, tokens: Sequence[Token]) -> bool:
        """Whether a moment is named somewhere in ``tokens``."""
        return bool(self._named.find(tokens))

    def is_all(self, text: str) -> bool:
        """Whether ``text`` asks for a moment or hesitates ("I'm not sure"), and says nothing else."""
        tokens = self._vocabulary.content(text)
        return bool(self._holding.find(tokens)) and not without(self._beside, tokens)

    def asks(self, text: str, *, whole: bool) -> bool:
        """Whether ``text`` asks for a moment: with its first words ("let me get my card"), or with its last ones, after
        a pause; ``whole``: and says nothing else."""
        tokens = self._vocabulary.content(text)
        found = self._asking.find(tokens)
        if whole or not found:
            return bool(found) and not without(self._beside, tokens)
        begins, ends = found[0][0], found[-1]
        leads = not without(self._beside, tokens[:begins])
        return leads or (ends[1] == len(tokens) and tokens[ends[0]].pause)

    def without_lead(self, tokens: list[Token]) -> list[Token]:
        """``tokens`` without what asks for a moment before a pause: "one moment, John Smith"."""
        while (hit := self._holding.at(tokens, 0)) is not None and (hit[0] == len(tokens) or tokens[hit[0]].pause):
            tokens = tokens[hit[0] :]
        return tokens

    def without_durations(self, text: str) -> str:
        """``text`` without what names a duration only to ask for it: "just a minute"."""
        text = prepared(text)
        tokens = self._vocabulary.tokens(text)
        for start, stop, _ in reversed(self._no_durations.find(tokens)):
            text = f"{text[: tokens[start].start]}, {text[tokens[stop - 1].end :]}"
        return text
