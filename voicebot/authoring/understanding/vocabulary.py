"""The words of one language, read from its data file.

A new language is a new file beside this one; no code knows a word. Sections that a file lacks are empty, and what
depends on them understands nothing. Values are text as written (YAML's booleans would turn "yes" and "no" into others).
In a listed phrase ``(a|b)`` stands for either word, ``(a|)`` for a or nothing: "i (think|guess) so".

==================  ==================================================================================================
fillers             words without meaning, left out everywhere
yes, no             phrases, the most usual first; ``yes_if_short``: only in answers of few words; ``yes_alone``,
                    ``no_alone``: only when nothing else is said (homophones); ``yes_at_end``, ``no_at_end``: only as
                    the last words;
                    ``neither``: phrases that hide the words in them; ``negations``: turn a yes that follows into a no
beside, withheld    what else is said with a yes or no: see yes_no.py; ``listening``: what shows only that somebody
                    listens
correction          ``markers`` (the value follows), ``retractions``, ``instead``, ``not``
refusals            see refusals.py
contractions        "that's": that is; each phrase with the one is understood with the other, and without apostrophe
waiting             see waits.py
globals             name: ``anywhere`` in what was said, or ``alone``
choice              ``carriers`` (words around a place: "I'll take the second one"), ``pronouns`` ("one") and the
                    ``articles`` before them, ``key_words`` ("press"), ``uncounted`` ("the last time" is no place),
                    ``last``, ``ignored``, ``excluded_by``, and ``over``: what stands between ("not about billing")
numbers             see numbers.py
no_counts           see no_counts.py
money               see amounts.py
dates, times        see calendar_days.py and clock_times.py
spelling, names     see spelling.py
==================  ==================================================================================================
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from importlib.resources import files
from itertools import product
from typing import Any, TypeVar

import yaml

from voicebot.authoring.understanding.tokens import Phrases, Token, folded, prepared, tokenised, without

T = TypeVar("T")

LATEST = 16
"""Texts whose tokens are kept: what a caller says is looked at for many things in a turn."""

_EITHER = re.compile(r"\(([^()]*)\)")


def _either(written: str) -> list[str]:
    """The phrases that "i (think|guess) so" stands for."""
    if "(" not in written:
        return [written]
    parts = [part.split("|") for part in _EITHER.split(written)]
    return [" ".join("".join(parts).split()) for parts in product(*parts)]


class UnknownLanguage(LookupError):
    """There is no data file for the language."""


class Vocabulary:
    """One data file with its phrases made ready. Immutable after loading; shared by all calls."""

    def __init__(self, language: str, data: Mapping[str, Any]) -> None:
        self.language = language
        self._data = data
        self.elisions = data.get("elisions") == "true"
        self.fillers = self._fillers()
        self._compound_parts = frozenset(folded(part) for part in data.get("compounds", ()))
        self._latest = lru_cache(maxsize=LATEST)(self._tokens_and_content)

    def section(self, name: str) -> Mapping[str, Any]:
        """The mapping ``name`` of the file; empty where it has none. Raises TypeError for what is no mapping."""
        section = self._data.get(name, {})
        if not isinstance(section, Mapping):
            raise TypeError(f"{self.language}: {name} is not a section")
        return section

    def listed(self, *path: str) -> list[str]:
        """The list at ``path``; empty where the file has none."""
        node: Any = self._data
        for name in path:
            node = node.get(name, {})
        return [phrase for written in node for phrase in _either(str(written))]

    def written_out(self, *path: str) -> list[str]:
        """The phrases at ``path`` that are written without alternatives, also with "that is" for "that's"."""
        node: Any = self._data
        for name in path:
            node = node.get(name, {})
        found = [str(phrase) for phrase in node if "(" not in str(phrase)]
        others = self._contracted([(phrase, phrase.replace("'", "")) for phrase in found], set(found))
        return found + [phrase for phrase, unpointed in others if phrase != unpointed]

    def mapped(self, *path: str) -> dict[str, str]:
        """The phrases at ``path`` with what each stands for; empty where the file has none."""
        node: Any = self._data
        for name in path:
            node = node.get(name, {})
        return self.expanded(node)

    def expanded(self, entries: Mapping[str, Any]) -> dict[str, str]:
        """``entries`` with each of the phrases that "(this|next) one" stands for."""
        return {phrase: str(meaning) for written, meaning in entries.items() for phrase in _either(str(written))}

    def words(self, *path: str) -> frozenset[str]:
        """The single words listed at ``path``, folded."""
        return frozenset(folded(word) for word in self.listed(*path))

    def phrases(self, entries: Mapping[str, T] | Sequence[tuple[str, T]]) -> Phrases[T]:
        """``entries``, phrases with their meanings, to be found in what was said, also in their short forms."""
        listed = list(entries.items() if isinstance(entries, Mapping) else entries)
        written = {phrase for phrase, _ in listed}
        return Phrases(listed + self._contracted(listed, written), self.elisions)

    def _contracted(self, listed: Sequence[tuple[str, T]], written: set[str]) -> list[tuple[str, T]]:
        """``listed`` with "that is" for "that's" and the other way round, where these are not listed themselves."""
        found: dict[str, T] = {}
        for phrase, meaning in listed:
            for short, pattern, long, unpointed in self._contractions:
                variants = (
                    (phrase.replace(short, long), phrase.replace(short, unpointed)) if short in phrase
                    else (pattern.sub(short, phrase),) if long in phrase else ()
                )  # fmt: skip
                for variant in variants:
                    if variant not in written:
                        found.setdefault(variant, meaning)
        return list(found.items())

    @cached_property
    def _contractions(self) -> list[tuple[str, re.Pattern[str], str, str]]:
        return [
            (short, re.compile(rf"\b{re.escape(long)}\b"), long, short.replace("'", ""))
            for short, long in self.section("contractions").items()
        ]

    def listed_phrases(self, *path: str) -> Phrases[bool]:
        return self.phrases({phrase: True for phrase in self.listed(*path)})

    @cached_property
    def regions(self) -> Mapping[str, Mapping[str, Any]]:
        """What differs by country: ``GB: {date_order: dmy}``, ``MX: {decimal: ".", group: ","}``."""
        return self.section("regions")

    def tokens(self, text: str) -> list[Token]:
        """The tokens of ``text`` with compounds taken apart ("dreiundzwanzig")."""
        return list(self._latest(text)[0])

    def content(self, text: str) -> list[Token]:
        """The same without fillers; with them where there is nothing else ("please")."""
        return list(self._latest(text)[1])

    def _tokens_and_content(self, text: str) -> tuple[tuple[Token, ...], tuple[Token, ...]]:
        found = tokenised(prepared(text), self.elisions)
        if self._compound_parts:
            found = [part for token in found for part in self.taken_apart(token)]
        return tuple(found), tuple(without(self.fillers, found) or found)

    def _fillers(self) -> Phrases[bool]:
        """The fillers, and as False the phrases that are none though such a word is in them ("uh-huh")."""
        fillers = self.listed("fillers")
        heard = {token.word for phrase in fillers for token in tokenised(prepared(phrase), self.elisions)}
        kept = [
            phrase for phrase in self.listed("yes") + self.listed("no") + self.listed("dates", "ignored")
            if heard & {token.word for token in tokenised(prepared(phrase), self.elisions)}
        ]  # fmt: skip
        return self.phrases([(phrase, False) for phrase in kept] + [(phrase, True) for phrase in fillers])

    def taken_apart(self, token: Token) -> list[Token]:
        """The parts of a compound ("dreiundzwanzig"), or the token itself."""
        word = token.word
        if len(word) > 60 or word in self._compound_parts or token.numeral:
            return [token]
        # best[n]: the parts of word[:n], the longest last part preferred.
        best: list[list[str] | None] = [[]] + [None] * len(word)
        for stop in range(1, len(word) + 1):
            for start in range(max(0, stop - 16), stop):
                before = best[start]
                if before is not None and word[start:stop] in self._compound_parts:
                    best[stop] = [*before, word[start:stop]]
                    break
        parts = best[len(word)]
        if not parts:
            return [token]
        return [Token(part, token.start, token.end, token.pause and n == 0) for n, part in enumerate(parts)]


@lru_cache(maxsize=16)
def load(language: str) -> Vocabulary:
    """The vocabulary of a language by its two letters.

    Raises:
        UnknownLanguage: there is no such file.
    """
    if not (language.isascii() and language.isalpha()):
        raise UnknownLanguage(language)
    source = files(__package__) / f"{language.lower()}.yaml"
    try:
        text = source.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise UnknownLanguage(language) from error
    data = yaml.load(
        text, Loader=getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    )  # plain text, lists and mappings, nothing else
    return Vocabulary(language.lower(), data)


def languages() -> list[str]:
    """The languages that have a data file."""
    found = [entry.name for entry in files(__package__).iterdir()]
    return sorted(name.removesuffix(".yaml") for name in found if name.endswith(".yaml"))
