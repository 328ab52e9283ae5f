"""Corrections: of what was misheard ("no, it is 42"), and by callers of themselves ("five, no, six")."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from voicebot.authoring.understanding.tokens import Token, prepared
from voicebot.authoring.understanding.vocabulary import Vocabulary
from voicebot.authoring.understanding.yes_no import SHORT, YesNoReader

MAX_TURNS = 3
"""How often callers may correct themselves in one breath."""

T = TypeVar("T")


class Corrections:
    """What the caller says instead: "no, it is 42", "not five, six", "six, not five", "I said nine"."""

    def __init__(self, vocabulary: Vocabulary, yes_no: YesNoReader) -> None:
        self._vocabulary = vocabulary
        self._yes_no = yes_no
        self._markers = vocabulary.listed_phrases("correction", "markers")
        self._retractions = vocabulary.listed_phrases("correction", "retractions")
        self._instead = vocabulary.words("correction", "instead")
        self._rather = vocabulary.words("correction", "rather")
        self._not = vocabulary.listed_phrases("correction", "not")
        ways = (("dates", "on"), ("dates", "in"), ("dates", "day_articles"), ("choice", "articles"), ("choice", "over"),
                ("times", "to"))  # fmt: skip
        self._leading = frozenset().union(*(vocabulary.words(*way) for way in ways))

    def read(self, text: str) -> str | None:
        """The words that are to be taken instead, as they were said; None where nothing is corrected.

        What they mean, if anything, is for the reader of the slot: "no, I want a dog" gives "I want a dog".
        """
        text = prepared(text)
        tokens = self._vocabulary.content(text)
        start, stop = 0, len(tokens)
        corrected = False
        while start < stop:
            if self._denies(tokens, start, stop):
                break
            step = self._yes_no.says_no_first(tokens[start:stop])
            if not step and (hit := self._markers.at(tokens, start)) is not None:
                step = hit[0]
            if not step:
                break
            start, corrected = start + step, True
        if start == 0 and (after_yes := self._but_after_yes(tokens)):
            start, corrected = after_yes, True
        start, stop, turned = self._without_what_is_not(tokens, start, stop)
        if (after := self._after_retraction(tokens, start, stop)) is not None:
            start, turned = after, True
        if not (corrected or turned) or start >= stop or self._yes_no.is_answer_only(tokens[start:stop]):
            return None
        return text[tokens[start].start : tokens[stop - 1].end]

    def last_word(self, text: str, value: Callable[[str], T | None], doubtful: bool = True) -> T | None:
        """``value`` of what a caller says, after they have corrected themselves: "five, no, six", "not five but six".

        What is said before a retraction counts where nothing that follows it has a value ("five, I mean it"). Without
        ``doubtful`` a single word ("no") retracts only where it stands by itself.
        """
        for part in reversed(self.parts(text, doubtful)):
            found = value(part)
            if found not in (None, ""):
                break
        return found

    def parts(self, text: str, doubtful: bool = True) -> list[str]:
        """``text``, and what is left of it each time that its speaker takes something back."""
        parts = [prepared(text)]
        while len(parts) <= MAX_TURNS and (rest := self._turned(parts[-1], doubtful)) is not None:
            parts.append(rest)
        return parts

    def in_doubt(self, text: str) -> bool:
        """Whether a word that may retract, or may not, is in ``text``: ``doubtful`` of :meth:`last_word` matters."""
        text = prepared(text)
        return self._turned(text, doubtful=True) != self._turned(text, doubtful=False)

    def _turned(self, text: str, doubtful: bool) -> str | None:
        """What is left of ``text`` when what its speaker took back is gone; None when nothing was."""
        tokens = self._vocabulary.content(text)
        begin = 0 if self._denies(tokens, 0, len(tokens)) else self._yes_no.says_no_first(tokens)
        start, stop, turned = self._without_what_is_not(tokens, begin, len(tokens))
        if not turned and (after := self._after_retraction(tokens, start, stop, doubtful)) is not None:
            start, turned = after, True
        return text[tokens[start].start : tokens[stop - 1].end] if turned and start < stop else None

    def _after_retraction(self, tokens: Sequence[Token], start: int, stop: int, doubtful: bool = True) -> int | None:
        """Where in ``tokens`` goes on what stands after "no", "I mean" and the like."""
        for begun, ended, _ in self._retractions.find(tokens[start:stop]):
            begin, end = start + begun, start + ended
            if begin == start or end >= stop:
                continue
            before, behind = tokens[begin].pause, tokens[end].pause
            # A single word ("no") only where it stands by itself, or in few words: "five no six".
            apart = end - begin > 1 or (before and behind)
            if apart or (doubtful and (stop - start <= SHORT or before or behind)):
                while (hit := self._markers.at(tokens, end)) is not None and end + hit[0] < stop:
                    end += hit[0]
                return end
        return None

    def _but_after_yes(self, tokens: Sequence[Token]) -> int:
        """Where "yes, but make it five" goes on; 0 when it is no such answer."""
        for at in range(1, min(SHORT, len(tokens) - 1)):
            if tokens[at].word in self._instead and self._yes_no.is_answer_only(tokens[:at]):
                hit = self._markers.at(tokens, at + 1)
                return at + 1 + (hit[0] if hit and at + 1 + hit[0] < len(tokens) else 0)
        return 0

    def _denies(self, tokens: Sequence[Token], start: int, stop: int) -> bool:
        """Whether a word that is both no and not begins a "not five, six" ("no cinco, seis")."""
        hit = self._not.at(tokens, start)
        behind = start + (hit[0] if hit else 0)
        return hit is not None and behind < stop and not tokens[behind].pause and (
            self._without_what_is_not(tokens, start, stop)[2]
        )  # fmt: skip

    def _alone(self, tokens: Sequence[Token], at: int, length: int) -> bool:
        """Whether a "not" that is a "no" as well stands by itself: "cinco, no, seis"."""
        behind = at + length
        apart = tokens[at].pause and (behind >= len(tokens) or tokens[behind].pause)
        return apart and self._retractions.at(tokens, at) is not None

    def _without_what_is_not(self, tokens: Sequence[Token], start: int, stop: int) -> tuple[int, int, bool]:
        """The part of ``tokens`` that is meant, where another part is said not to be."""
        for at in range(start + 1, stop - 1):
            if tokens[at].word in self._rather:
                return at + 1, stop, True
        for at in range(start, stop):
            hit = self._not.at(tokens, at)
            if hit is None or self._alone(tokens, at, hit[0]):
                continue
            after = at + hit[0]
            if at > start and after < stop and tokens[after].pause and self._retractions.at(tokens, at) is not None:
                return after, stop, True  # "cinco no, seis"
            if at > start:  # "six, not five"; "six is not" refuses it (refusals.py)
                return (start, at, True) if after < stop else (start, stop, False)
            for turn in range(after + 1, stop):  # "not five, six", "not five but six", "not five it's six"
                if tokens[turn].word in self._instead:
                    return turn + 1, stop, True
                if (marker := self._markers.at(tokens, turn)) is not None:
                    return turn + marker[0], stop, True
                if tokens[turn].pause:
                    return turn, stop, True
            if stop - after == 2 and tokens[after].word not in self._leading:  # "not five six"
                return after + 1, stop, True
        return start, stop, False
