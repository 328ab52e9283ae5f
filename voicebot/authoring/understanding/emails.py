"""E-mail addresses that are dictated or spelled: "maria dot garcia at example dot com", "m a r i a dash 84 at gmail".

A recogniser writes some of the signs itself ("Maria.Garcia@example.com."), and ends sentences with a dot. Words that
follow one another are one word of the address. Nothing is left out but what introduces an address, and words about
letters ("all lower case").
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from voicebot.authoring.understanding.digit_strings import DigitStrings
from voicebot.authoring.understanding.numbers import Atom, NumberReader, NumberWords
from voicebot.authoring.understanding.tokens import Token, folded, prepared
from voicebot.authoring.understanding.vocabulary import Vocabulary

_TOKEN = re.compile(r"[0-9]+|[^\W\d_]+(?:['’][^\W\d_]+)*|[@._+-]|[,;:!?]")
_LOCAL_PART = re.compile(r"[a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*")
_LABEL = re.compile(r"[a-z0-9-]+")
_LAST_LABEL = re.compile(r"[a-z]{2,24}")
_WORD = re.compile(r"[^\W_]*")
MAX_WORDS = 4
"""Words in front of the at sign; more of them are a sentence."""
AT, DOT, SIGNS, PAUSES = "@", ".", "._+-", ",;:!?"


@dataclass(frozen=True, slots=True)
class _Item:
    """A part of an address: a sign, or characters. ``spelled``: they were spelled, or are digits."""

    text: str
    spelled: bool = False


def _word_at(text: str, at: int) -> str:
    found = _WORD.match(text, at)
    return found[0] if found is not None else ""


def _is_address(text: str) -> bool:
    """Whether ``text`` is an address as mailboxes have it; RFC 5321 allows more, and no longer parts (4.5.3.1)."""
    local, _, host = text.rpartition("@")
    *labels, last = host.split(".")
    known = all(_LABEL.fullmatch(label) and len(label) <= 63 and label.strip("-") == label for label in labels)
    right = bool(labels) and known and _LAST_LABEL.fullmatch(last) is not None
    return right and len(local) <= 64 and _LOCAL_PART.fullmatch(local) is not None


class Emails:
    """Reads addresses; section ``emails``.

    ``at``, ``dot``, ``underscore``, ``dash``, ``plus``: how the signs are said; ``ignored``, ``introductions``,
    ``openers`` (they begin a sentence and no address), ``trailing``: what is no part of an address; ``providers``:
    domains that are named without their ending; ``endings``: what the last part of a domain is misheard as;
    ``letters``: what a letter becomes that no address has.
    """

    def __init__(self, vocabulary: Vocabulary, words: NumberWords, digits: DigitStrings) -> None:
        section = vocabulary.section("emails")
        spelling = vocabulary.section("spelling")
        self._vocabulary = vocabulary
        self._words = words
        self._digits = digits
        signs = (("at", AT), ("dot", DOT), ("underscore", "_"), ("dash", "-"), ("plus", "+"))
        self._signs = vocabulary.phrases(
            [(phrase, sign) for key, sign in signs for phrase in vocabulary.listed("emails", key)]
        )
        self._ignored = vocabulary.listed_phrases("emails", "ignored")
        self._introductions = vocabulary.listed_phrases("emails", "introductions")
        self._openers = vocabulary.listed_phrases("emails", "openers")
        self._trailing = vocabulary.listed_phrases("emails", "trailing")
        self._letters = vocabulary.phrases(dict(spelling.get("letters", {})))
        self._alphabet = vocabulary.phrases(dict(spelling.get("alphabet", {})))
        self._as_in = vocabulary.listed_phrases("spelling", "as_in")
        times = vocabulary.section("numbers").get("times", {})
        self._times = vocabulary.phrases({word: int(count) for word, count in times.items()})
        self._providers = vocabulary.mapped("emails", "providers")
        self._endings = vocabulary.mapped("emails", "endings")
        self._written = str.maketrans(dict(section.get("letters", {})))

    def read(self, text: str) -> str | None:
        """The address in small letters; None where there is none, or not a whole one."""
        items = self._once(self._items(prepared(text)))
        places = [at for at, item in enumerate(items) if item.text == AT]
        if not places:
            return None
        local, domain = items[: places[-1]], items[places[-1] + 1 :]
        if any(item.text == DOT for item in local[places[0] :]):
            return None  # two addresses
        if sum(item.text not in SIGNS and not item.spelled for item in local) > MAX_WORDS:
            return None
        name = "".join("at" if item.text == AT else item.text for item in local)
        host = self._host(domain)
        address = f"{name}@{host}"
        return address if host and _is_address(address) else None

    def _once(self, items: list[_Item]) -> list[_Item]:
        """``items`` without the letters of a word that was said and then spelled ("smith, that's s m i t h")."""
        kept: list[_Item] = []
        for at, item in enumerate(items):
            word = next((other.text for other in reversed(items[:at]) if not other.spelled), "")
            run = [other for other in items[at : at + len(word)] if other.spelled]
            if kept and kept[-1].text == word and len(word) > 1 and "".join(one.text for one in run) == word:
                kept += items[at + len(word) :]
                return kept
            kept.append(item)
        return kept

    def is_part(self, text: str) -> bool:
        """Whether ``text`` may be a part of an address: it has a sign of one, or is a word or letters."""
        items = self._items(prepared(text))
        words = sum(item.text not in SIGNS + AT and not item.spelled for item in items)
        signs = any(item.text in SIGNS + AT for item in items)
        return bool(items) and words <= (MAX_WORDS if signs else 1)

    def _host(self, items: Sequence[_Item]) -> str:
        """The domain: its last part is one word or letters, and may be left out where everybody knows it."""
        dots = [at for at, item in enumerate(items) if item.text == DOT]
        whole = "".join(item.text for item in items)
        if not dots:
            if whole in self._providers:
                return self._providers[whole]
            known = ((name, domain) for name, domain in self._providers.items() if whole.startswith(name))
            return next((domain for name, domain in known if whole == domain.replace(".", "")), "")
        last = items[dots[-1] + 1 :]
        if len(last) > 1 and not all(item.spelled for item in last):
            return ""
        ending = "".join(item.text for item in last)
        host = "".join(item.text for item in items[: dots[-1] + 1]) + self._endings.get(ending, ending)
        return self._providers.get(host, host)

    def _items(self, text: str) -> list[_Item]:
        tokens, signs = self._tokens(text)
        start, stop = self._introduced(tokens), len(tokens)
        while (end := self._trailing.ending(tokens, stop)) is not None and end[0] > start:
            stop = end[0]
        return self._read(text, tokens[start:stop], signs)

    def _introduced(self, tokens: Sequence[Token]) -> int:
        """How many tokens introduce the address. A single word does before a pause: "no, ...", not "no reply at"."""
        places = [at for at, token in enumerate(tokens) if token.word != "-"]  # "my e-mail is"
        words = [tokens[at] for at in places]
        start = 0
        while start < len(words):
            if (opener := self._openers.at(words, start)) is not None:
                start += opener[0]
                continue
            hit = self._introductions.at(words, start)
            after = start + hit[0] if hit is not None else start
            pauses = after < len(words) and words[after].word in PAUSES
            if hit is not None and after < len(words) and (
                hit[0] > 1 or pauses or "'" in words[start].word or self._introductions.at(words, after) is not None
            ):  # fmt: skip
                start = after
            elif words[start].word in PAUSES or self._vocabulary.fillers.at(words, start) is not None:
                start += 1
            else:
                break
        return places[start] if start < len(places) else len(tokens)

    def _tokens(self, text: str) -> tuple[list[Token], set[int]]:
        """The tokens, and where those begin that are signs of an address and no punctuation."""
        tokens, signs = list[Token](), set[int]()
        for match in _TOKEN.finditer(text):
            start, end = match.span()
            word = match[0]
            if word in SIGNS + AT:
                glued = start > 0 and text[start - 1].isalnum() and text[end : end + 1].isalnum()
                letters = glued and not (text[start - 2 : start - 1].isalnum() or text[end + 1 : end + 2].isalnum())
                alone = text[start - 1 : start] == " " and text[end : end + 1] == " "
                if word == DOT and not alone and (end == len(text) or not (text[end].isalnum() or text[end] in SIGNS)):
                    continue  # the end of a sentence
                before, behind = tokens[-1].word if tokens else "", folded(_word_at(text, end))
                if word == "-" and (letters or self._joins(before, behind)):
                    continue  # "B-A-K-E-R", "quatre-vingt"
                signs.add(start)
            tokens += self._parts(word, start, end)
        return tokens, signs

    def _joins(self, before: str, behind: str) -> bool:
        """Whether a hyphen between two words is one of spelling: in a number, or "Doppel-t"."""
        numbers = self._words.phrases.single
        return (before in numbers and behind in numbers) or (before in self._times.single and len(behind) == 1)

    def _parts(self, word: str, start: int, end: int) -> list[Token]:
        found = []
        for part in re.split("['’]", word) if self._vocabulary.elisions else [word]:
            if part:
                found += self._vocabulary.taken_apart(Token(folded(part), start, start + len(part), False))
            start += len(part) + 1
        return found

    def _read(self, text: str, tokens: Sequence[Token], signs: set[int]) -> list[_Item]:
        atoms = self._digits.with_zero_letters(self._words.atoms(tokens))
        reader = NumberReader(self._words, atoms)
        by_start = {atom.start: index for index, atom in enumerate(atoms)}
        found: list[_Item] = []
        index, times = 0, 1
        while index < len(tokens):
            token = tokens[index]
            step, item = 1, None
            if token.start in signs:
                item = _Item(token.word)
            elif token.word in PAUSES:
                pass
            elif (letter := self._letter(tokens, index)) is not None:
                step, item = letter[0], _Item(letter[1], True)
            elif (sign := self._signs.at(tokens, index)) is not None:
                step, item = sign[0], _Item(sign[1])
            elif (repeat := self._times.at(tokens, index)) is not None and index + repeat[0] < len(tokens):
                index, times = index + repeat[0], repeat[1]
                continue
            elif found and "'" in token.word and (said := self._introductions.at(tokens, index)) is not None:
                step = said[0]  # "that's s m i t h"
            elif (ignored := self._ignored.at(tokens, index)) is not None and (
                ignored[0] > 1 or self._letter_at(tokens, index + 1) is not None or self._is_number(atoms, index + 1)
            ):
                step = ignored[0]  # "capital" before a letter, not in "capital bank"
            elif index in by_start and (number := self._number(reader, by_start[index])) is not None:
                step, item = max(1, atoms[number[1] - 1].stop - index), _Item(number[0], True)
            elif self._vocabulary.fillers.at(tokens, index) is None:
                written = folded(text[token.start : token.end].translate(self._written))
                item = _Item(written.replace("'", ""))
            index += step
            if item is not None:
                if times > 1 and item.text not in SIGNS + AT:
                    item = _Item(item.text[0] * (times - 1) + item.text, item.spelled)
                times = 1
                found.append(item)
        return found

    def _is_number(self, atoms: Sequence[Atom], start: int) -> bool:
        return any(atom.start == start and atom.is_number for atom in atoms)

    def _number(self, reader: NumberReader, index: int) -> tuple[str, int] | None:
        atom = reader.atom(index)
        if atom.word.isdecimal():
            return atom.word, index + 1
        number = reader.cardinal(index) if atom.is_number else None
        return None if number is None else (number.digits, number.stop)

    def _letter(self, tokens: Sequence[Token], index: int) -> tuple[int, str] | None:
        """A letter: alone, by its name beside other letters, or with a word that begins with it ("b as in boy")."""
        hit = self._letter_at(tokens, index)
        if hit is None:
            return None
        stop = index + hit[0]
        example = self._as_in.at(tokens, stop)
        if example is not None and stop + example[0] < len(tokens):
            word = tokens[stop + example[0]].word
            if len(word) > 1 and word[0] == hit[1]:
                return hit[0] + example[0] + 1, hit[1]
        if len(tokens[index].word) == 1 or hit[0] > 1:
            return hit
        beside = self._letter_at(tokens, stop) is not None or any(
            index - back >= 0 and (before := self._letter_at(tokens, index - back)) is not None and before[0] == back
            for back in (1, 2)
        )
        return hit if beside else None

    def _letter_at(self, tokens: Sequence[Token], index: int) -> tuple[int, str] | None:
        """What may be a letter there: how many tokens it has, and the letter."""
        if index >= len(tokens):
            return None
        for phrases in (self._letters, self._alphabet):
            if (hit := phrases.at(tokens, index)) is not None:
                return hit[0], folded(hit[1].translate(self._written))
        word = tokens[index].word
        return (1, word) if len(word) == 1 and word.isalpha() else None
