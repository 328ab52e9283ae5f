"""Text to tokens, and phrases found in tokens.

Whatever a recogniser does with case, accents, apostrophes, hyphens and punctuation is dealt with here, once: tokens are
compared by :attr:`Token.word`, phrases of the data files go through the same mill. Numerals keep their separators
("1,250.75", "3/5", "555-1234"): what these mean depends on what is asked for.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

MAX_TEXT = 1000
"""Characters that are looked at, about a minute and a half of speech; the rest is not read."""

_TOKEN = re.compile(
    r"[0-9]+(?:[.,:/'’-][0-9]+)*"  # a numeral with what holds it together
    r"|[^\W\d_]+(?:['’][^\W\d_]+)*"  # a word
    r"|(?<![\w])[-−](?=[0-9.])"  # a minus
    r"|[$€£¥¢%]"
)
_PLAIN = re.compile(r"[a-z]+(?:'[a-z]+)*(?: [a-z]+(?:'[a-z]+)*)*")
_PAUSE = re.compile(r"[,.;:!?…]")
_ELISION = re.compile(r"['’]")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a numeral or a sign. ``start`` and ``end`` are offsets in the text as :func:`prepared` gives it."""

    word: str
    start: int
    end: int
    pause: bool
    """Punctuation stands before it."""

    @property
    def numeral(self) -> bool:
        return self.word[0].isdigit()


def prepared(text: str) -> str:
    """``text`` in composed characters and within :data:`MAX_TEXT`."""
    return unicodedata.normalize("NFC", text[:MAX_TEXT])[:MAX_TEXT]


def folded(word: str) -> str:
    """``word`` without case and accents."""
    if word.isascii():
        return word.lower()
    decomposed = unicodedata.normalize("NFKD", word.casefold().replace("’", "'").replace("−", "-"))
    return "".join(character for character in decomposed if not unicodedata.combining(character)) or word


def tokenised(text: str, elisions: bool = False) -> list[Token]:
    """The tokens of prepared ``text``. ``elisions``: an apostrophe divides words ("l'agent")."""
    found: list[Token] = []
    last = 0
    for match in _TOKEN.finditer(text):
        pause = bool(_PAUSE.search(text, last, match.start())) and bool(found)
        last = match.end()
        if elisions and not match[0][0].isdigit() and _ELISION.search(match[0]):
            start = match.start()
            for part in _ELISION.split(match[0]):
                found.append(Token(folded(part), start, start + len(part), pause))
                start, pause = start + len(part) + 1, False
        else:
            found.append(Token(folded(match[0]), match.start(), match.end(), pause))
    return found


class Phrases(Generic[T]):
    """Phrases with what they stand for; the longest that begins at a token is found, in time linear in its length."""

    def __init__(self, entries: Mapping[str, T] | Iterable[tuple[str, T]], elisions: bool = False) -> None:
        self._meanings: dict[tuple[str, ...], T] = {}
        self._lengths: dict[str, list[int]] = {}
        self.single: dict[str, T] = {}
        pairs = entries.items() if isinstance(entries, Mapping) else entries
        for phrase, meaning in pairs:
            if _PLAIN.fullmatch(phrase) and not elisions:
                words = tuple(phrase.split())  # what the mill would give, in no time: there are thousands
            else:
                words = tuple(token.word for token in tokenised(prepared(phrase), elisions))
            if not words:
                raise ValueError(f"no words in the phrase {phrase!r}")
            if words in self._meanings:
                continue
            self._meanings[words] = meaning
            lengths = self._lengths.setdefault(words[0], [])
            if len(words) not in lengths:
                lengths.append(len(words))
            if len(words) == 1:
                self.single[words[0]] = meaning
        for lengths in self._lengths.values():
            lengths.sort(reverse=True)

    def at(self, tokens: Sequence[Token], index: int) -> tuple[int, T] | None:
        """How many tokens the longest phrase at ``index`` has, and its meaning."""
        if index >= len(tokens) or index < 0:
            return None
        for length in self._lengths.get(tokens[index].word, ()):
            words = tuple(token.word for token in tokens[index : index + length])
            if words in self._meanings:
                return len(words), self._meanings[words]
        return None

    def ending(self, tokens: Sequence[Token], stop: int) -> tuple[int, T] | None:
        """Where the phrase that ends before ``stop`` begins, and its meaning."""
        return next(((start, meaning) for start, end, meaning in self.find(tokens[:stop]) if end == stop), None)

    def find(self, tokens: Sequence[Token]) -> list[tuple[int, int, T]]:
        """Start, stop and meaning of all phrases, left to right, the longest first, none within another."""
        found = []
        index = 0
        while index < len(tokens):
            if hit := self.at(tokens, index):
                found.append((index, index + hit[0], hit[1]))
                index += hit[0]
            else:
                index += 1
        return found


def without(phrases: Phrases[bool], tokens: Sequence[Token]) -> list[Token]:
    """``tokens`` without the phrases that mean True. The pause before such a phrase passes to what follows it."""
    kept: list[Token] = []
    index, pause = 0, False
    while index < len(tokens):
        hit = phrases.at(tokens, index) or (1, False)
        taken = tokens[index : index + hit[0]]
        index += hit[0]
        if hit[1]:
            pause = pause or any(token.pause for token in taken)
            continue
        if pause and kept and not taken[0].pause:
            taken = [replace(taken[0], pause=True), *taken[1:]]
        kept += taken
        pause = False
    return kept
