"""What a draft says of how a text goes on: one that was written for nearly the same audio, and is nearly the same text.

The place in the draft that has been reached is the end of the beginning which differs the least from what is written
(by the edit distance), so that after a word more, less or other than in the draft it is known again. From one decode to
the next, as more is heard, the model often writes the same digits in another way: where digits are asked for, it is
they that are compared, and what follows is written as those before: after "Two, zero," comes " six," for "2-0-6".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from voicebot.localspeech.digit_strings import DIGITS
from voicebot.localspeech.digit_tokens import digit_tokens
from voicebot.localspeech.vocabulary import SPACE, Vocabulary

_BETWEEN = (b",", b".", b"-")
_COMMA, _STOP = b",", b"."


@dataclass(frozen=True, slots=True)
class Way:
    """A way to write digits: in words or as ``numerals``, with the same tokens ``between`` any two."""

    numerals: bool
    between: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Said:
    """A token that says something: a digit, or any other word. ``at``: its place in the text."""

    what: str | int
    at: int


class DigitWays:
    """How digits are written in the tokens of ``vocabulary``. ``digits``: which token is which."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        ids = vocabulary.ids
        self.digits = digit_tokens(vocabulary)
        self.blank = ids[SPACE.encode()]
        self.between = frozenset((self.blank, *(ids[mark] for mark in _BETWEEN)))
        self._comma, self.stop = ids[_COMMA], ids[_STOP]
        self._words = {digit: ids[(SPACE + word).encode()] for word, digit in DIGITS.items() if word != "oh"}
        self.numerals = {digit: ids[digit.encode()] for digit in DIGITS.values()}
        self._numeral = frozenset(self.numerals.values())

    def token(self, digit: str, way: Way) -> int:
        return (self.numerals if way.numerals else self._words)[digit]

    def way(self, text: Sequence[int], said: Sequence[_Said]) -> Way | None:
        """How the last digits of ``text`` are written, as far as that is seen. ``said``: by its tokens."""
        behind = tuple(text[said[-1].at + 1 :]) if said else tuple(text)
        if not said:
            return Way(True, (self._comma, self.blank)) if behind == (self.blank,) else None
        if said[-1].what not in self.numerals:
            return None
        numerals = text[said[-1].at] in self._numeral
        if len(said) > 1 and said[-2].what in self.numerals and (text[said[-2].at] in self._numeral) == numerals:
            return Way(numerals, tuple(text[said[-2].at + 1 : said[-1].at]))
        if numerals and behind[-1:] == (self._comma,):
            behind = (*behind, self.blank)
        return Way(numerals, behind or ((self._comma, self.blank) if numerals else (self._comma,)))


def following(draft: Sequence[int], text: Sequence[int], ways: DigitWays | None) -> list[int]:
    """The tokens that come after ``text`` if all goes on as in ``draft``. ``ways``: where digits are asked for."""
    drafted, said = _said(draft, ways), _said(text, ways)
    reached = _reached([each.what for each in drafted], [each.what for each in said])
    rest = list(draft[drafted[reached - 1].at + 1 if reached else 0 :])
    if ways is None or reached == len(drafted):
        return rest
    behind = list(text[said[-1].at + 1 if said else 0 :])
    way = ways.way(text, said)
    if way is None or way == ways.way(draft[: drafted[reached].at + 1], drafted[: reached + 1]):
        return _without(rest, behind, ways)
    tokens: list[int] = []
    last = drafted[reached - 1].at if reached else -1
    for each in drafted[reached:]:
        if isinstance(each.what, str):
            tokens += [*(way.between if tokens or said else ()), ways.token(each.what, way)]
        else:
            tokens += draft[last + 1 : each.at + 1]
        last = each.at
    return _without([*tokens, ways.stop], behind, ways)


def _without(rest: list[int], behind: list[int], ways: DigitWays) -> list[int]:
    """``rest`` without the marks with which it begins, as far as such are ``behind`` what is written."""
    if rest[: len(behind)] == behind:
        return rest[len(behind) :]
    return rest[next((at for at, token in enumerate(rest) if token not in ways.between), len(rest)) :]


def _said(text: Sequence[int], ways: DigitWays | None) -> list[_Said]:
    if ways is None:
        return [_Said(token, at) for at, token in enumerate(text)]
    return [_Said(ways.digits.get(token, token), at) for at, token in enumerate(text) if token not in ways.between]


def _reached(draft: Sequence[str | int], text: Sequence[str | int]) -> int:
    """The length of the beginning of ``draft`` that differs the least from ``text``. Of several: one that ends as the
    text does, and is as long."""
    distances = list(range(len(draft) + 1))
    for number, one in enumerate(text, 1):
        before, distances[0] = distances[0], number
        for at, other in enumerate(draft, 1):
            least = min(before + (one != other), distances[at] + 1, distances[at - 1] + 1)
            before, distances[at] = distances[at], least
    last = text[-1] if text else None
    return min(
        range(len(distances)),
        key=lambda at: (distances[at], not at or draft[at - 1] != last, abs(at - len(text))),
    )
