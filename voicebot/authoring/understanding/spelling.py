"""Letters and digits that are spelled ("S M I T H", "sierra mike", "b as in boy", "double u", "Hb 72 K").

A recogniser puts letters together ("BAKER", "Hb", "IBZero") or writes them as words ("bee ay kay"). Callers explain
letters, and correct themselves in between ("B A, no, not A, E"). Nothing is left out: text with a word that is neither
spelled nor known to introduce or explain what is spelled is not read at all.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from voicebot.authoring.understanding.answers import one_off
from voicebot.authoring.understanding.likeness import NEAR, nearest, sound
from voicebot.authoring.understanding.numbers import NumberReader, NumberWords
from voicebot.authoring.understanding.tokens import Token, folded, prepared
from voicebot.authoring.understanding.vocabulary import Vocabulary
from voicebot.authoring.understanding.yes_no import YesNoReader

MIN_NEAR = 4
"""Letters of a word that may be heard for one of a spelling alphabet."""
_JOINED = 3
"""Letters of a word that may be single letters put together ("Hb"), if it is no word that is known."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """What some tokens are: characters that are spelled, a sign that what was said is corrected, or a plain word."""

    kind: str
    text: str = ""
    together: bool = False
    """They are a short word that may have been said before it was spelled: "Lee, L E E"."""


_CHARACTERS, _WORD, _TAKEN_BACK, _AGAIN, _NOT, _MARK = "characters", "word", "taken back", "again", "not", "mark"


class Spelling:
    """Reads letters and digits; section ``spelling`` has the names of the letters and the spelling alphabets.

    ==============  ==============================================================================================
    letters         names of letters: "bee"; ``alphabet``: words that stand for one ("bravo"); ``symbols``: "dash"
    as_in           between a letter and a word that begins with it: "as in"
    marks           signs on the letter before: "accent aigu", by the combining character
    ignored         words about letters: "capital"; ``introductions``: "the code is"; ``again``: "let me start again"
    ==============  ==============================================================================================
    """

    def __init__(self, vocabulary: Vocabulary, words: NumberWords, yes_no: YesNoReader) -> None:
        section = vocabulary.section("spelling")
        self._vocabulary = vocabulary
        self._words = words
        self._yes_no = yes_no
        self._letters = vocabulary.phrases(
            dict(section.get("letters", {})) | dict(section.get("alphabet", {})) | dict(section.get("symbols", {}))
        )
        self._accented = {word: letter for word, letter in section.get("letters", {}).items() if not word.isascii()}
        self._alphabet = {word: letter for word, letter in section.get("alphabet", {}).items() if len(word) > 3}
        self._sounds = [(sound(folded(word)), letter) for word, letter in self._alphabet.items()]
        numbers = vocabulary.section("numbers")
        self._times = vocabulary.phrases({word: int(count) for word, count in numbers.get("times", {}).items()})
        self._zero_words = frozenset(word for word in vocabulary.words("numbers", "zero_letters") if len(word) > 1)
        self._sounds_like = {folded(word): digit for word, digit in numbers.get("sounds_like", {}).items()}
        self._as_in = vocabulary.listed_phrases("spelling", "as_in")
        self._marks = vocabulary.phrases(vocabulary.mapped("spelling", "marks"))
        ignored = [("spelling", "ignored"), ("spelling", "introductions"), ("names", "introductions"),
                   ("names", "trailing"), ("fillers",)]  # fmt: skip
        self._ignored = vocabulary.phrases([(phrase, True) for path in ignored for phrase in vocabulary.listed(*path)])
        self._known = vocabulary.words("choice", "ignored")
        signs = [(phrase, _AGAIN) for phrase in vocabulary.listed("spelling", "again")]
        signs += [(phrase, _NOT) for phrase in vocabulary.listed("correction", "not")]
        signs += [(phrase, _TAKEN_BACK) for phrase in vocabulary.listed("correction", "retractions")]
        self._signs = vocabulary.phrases(signs)
        self._retractions = vocabulary.listed_phrases("correction", "retractions")
        self._instead = vocabulary.words("correction", "instead") | vocabulary.words("correction", "rather")

    def read(self, text: str) -> str:
        """The letters, digits and signs in capitals; ``""`` when the text is not spelled, or not all of it."""
        text = prepared(text)
        content = self._vocabulary.content(text)
        if len(content) == 1 and not content[0].numeral and not self._is_spelled(content[0]):
            # A recogniser may have put the letters together ("Smith.").
            word = text[content[0].start : content[0].end]
            if self._yes_no.is_no_name(content) or content[0].word in self._known:
                return ""
            if self._mixed(word) is None:
                return word.upper()
        pieces = self._pieces(text, self._vocabulary.tokens(text))
        if len(pieces) > 1 and pieces[0].together and self._spells(pieces[1:], pieces[0].text):
            pieces = pieces[1:]
        words = [piece.text for piece in pieces if piece.kind == _WORD]
        units = self._corrected([piece for piece in pieces if piece.kind != _WORD])
        spelled = "".join(units or ()).upper()
        if words and not self._same(words, spelled, units or ()):
            return ""
        return unicodedata.normalize("NFC", spelled)

    def mended(self, text: str, spelled: str) -> str | None:
        """``spelled`` with what ``text`` corrects in it ("no, not B, D"; "D, not B"); None when it corrects nothing, or
        it is not clear where.
        """
        text = prepared(text)
        pieces = self._pieces(text, self._vocabulary.tokens(text))
        kinds = [piece.kind for piece in pieces if piece.kind not in (_TAKEN_BACK, _WORD)]
        units = [piece.text.upper() for piece in pieces if piece.kind == _CHARACTERS]
        if len(units) != 2 or any(piece.kind == _WORD for piece in pieces):
            return None
        if kinds == [_NOT, _CHARACTERS, _CHARACTERS]:
            wrong, right = units
        elif kinds == [_CHARACTERS, _NOT, _CHARACTERS]:
            right, wrong = units
        else:
            return None
        return spelled.replace(wrong, right) if spelled.count(wrong) == 1 else None

    def ends_spelled(self, text: str) -> bool:
        """Whether the last three words of ``text`` are single letters."""
        last = self._vocabulary.tokens(text)[-3:]
        return len(last) == 3 and all(len(token.word) == 1 and not token.numeral for token in last)

    def _spells(self, pieces: Sequence[_Piece], word: str) -> bool:
        return folded("".join(piece.text for piece in pieces)) == folded(word)

    def _same(self, words: Sequence[str], spelled: str, units: Sequence[str]) -> bool:
        """Whether ``words`` are what is spelled as well ("Smith, S M I T H"), or letters put together beside digits."""
        said = "".join(words).upper()
        return folded(said) == folded(re.sub(r"\W", "", spelled)) and len(units) > 1

    def _pieces(self, text: str, tokens: Sequence[Token]) -> list[_Piece]:
        reader = NumberReader(self._words, self._words.atoms(tokens))
        by_start = {reader.atom(index).start: index for index in range(len(tokens)) if reader.atom(index).word}
        by_alphabet = any(token.word in self._alphabet for token in tokens)
        found: list[_Piece] = []
        index, times = 0, 1
        while index < len(tokens):
            token = tokens[index]
            written = text[token.start : token.end]
            step, piece = 1, None
            if (sign := self._signs.at(tokens, index)) is not None and not (sign[0] == 1 and len(written) == 1):
                step, piece = sign[0], _Piece(sign[1])
            elif by_alphabet and (heard := self._nearly(tokens, index)) is not None:
                step, piece = heard[1], _Piece(_CHARACTERS, heard[0])
            elif token.numeral:
                piece = _Piece(_CHARACTERS, "".join(character for character in token.word if character.isdigit()))
            elif (accented := self._accented.get(written.lower())) is not None:  # "eñe", which is not "ene"
                piece = _Piece(_CHARACTERS, accented)
            elif (mark := self._marks.at(tokens, index)) is not None:
                step, piece = mark[0], _Piece(_MARK, mark[1])
            elif token.word in self._zero_words and self._beside_digit(found, tokens, index):
                piece = _Piece(_CHARACTERS, "0")
            elif (repeat := self._times.at(tokens, index)) is not None and not self._is_letter(tokens, index):
                index, times = index + repeat[0], repeat[1]
                continue
            elif (letter := self._letters.at(tokens, index)) is not None and (letter[0] > 1 or len(token.word) > 1):
                step, piece = letter[0], _Piece(_CHARACTERS, letter[1])
            elif (ignored := self._ignored.at(tokens, index)) is not None and not (
                ignored[0] == 1 and len(written) == 1
            ):
                step = ignored[0]
            elif len(written) == 1 and written.isalpha():
                piece = _Piece(_CHARACTERS, written)
            elif index in by_start and (number := self._number(reader, by_start[index])) is not None:
                step = max(1, reader.atom(number[1] - 1).stop - index)
                piece = _Piece(_CHARACTERS, number[0])
            elif (together := self._together(tokens, index, written)) is not None:
                piece = _Piece(_CHARACTERS, together, len(written) > 1)
            else:
                piece = _Piece(_WORD, written)
            index += step
            if piece is not None and piece.kind == _CHARACTERS:
                index += self._example(tokens, index, piece.text[-1])
                piece = _Piece(_CHARACTERS, piece.text[0] * (times - 1) + piece.text, piece.together)
                times = 1
            if piece is not None:
                found.append(piece)
        return found

    def _number(self, reader: NumberReader, index: int) -> tuple[str, int] | None:
        """The digits of the number at an atom, and where it ends; "seventy two K" is no number of thousands."""
        number = reader.cardinal(index)
        if number is not None and all(len(reader.atom(at).word) > 1 for at in range(index + 1, number.stop)):
            return number.digits, number.stop
        small = reader.small(index)
        return None if small is None else (str(small[0]), small[1])

    def _is_letter(self, tokens: Sequence[Token], index: int) -> bool:
        """Whether a word for twice is the name of a letter here: "double u"."""
        letter = self._letters.at(tokens, index)
        return letter is not None and letter[0] > 1

    def _together(self, tokens: Sequence[Token], index: int, written: str) -> str | None:
        """The letters of a word that a recogniser has made of them, where other letters or digits stand beside it."""
        token = tokens[index]
        if written.isupper():
            return written
        if (mixed := self._mixed(written)) is not None:
            return mixed
        if len(tokens) == 1:
            return None
        if near := self._misheard(token.word):
            return near
        beside = [tokens[at] for at in (index - 1, index + 1) if 0 <= at < len(tokens)]
        if token.word in self._sounds_like and len(beside) == 2 and all(map(self._is_spelled, beside)):
            return str(self._sounds_like[token.word])
        numerals = any(other.numeral for other in tokens)
        short = len(written) <= _JOINED and token.word not in self._known and any(map(self._is_spelled, beside))
        alone = written[0].isupper() and numerals and all(
            other is token or other.numeral for other in tokens
        )  # fmt: skip
        return written if short or alone else None

    def _is_spelled(self, token: Token) -> bool:
        single = len(token.word) == 1 or token.numeral or self._words.phrases.single.get(token.word) is not None
        return single or token.word in self._letters.single

    def _mixed(self, written: str) -> str | None:
        """The characters of a word whose case changes within it ("IBZero"); None for other words."""
        begins = [0, *(at for at in range(1, len(written)) if _begins_anew(written, at))]
        parts = [written[begin:end] for begin, end in pairwise([*begins, len(written)])]
        if len(parts) < 2:
            return None
        found = ""
        for part in parts:
            tokens = self._vocabulary.tokens(part)
            number = NumberReader(self._words, self._words.atoms(tokens)).cardinal(0)
            letter = self._letters.at(tokens, 0) if len(part) > 1 and not part.isupper() else None
            found += number.digits if number is not None else letter[1] if letter is not None else part
        return found

    def _corrected(self, pieces: Sequence[_Piece]) -> list[str] | None:
        """The units that are left when what was taken back is gone; None where that is not clear."""
        units: list[str] = []
        index = 0
        while index < len(pieces):
            piece = pieces[index]
            index += 1
            if piece.kind == _CHARACTERS:
                units.append(piece.text)
            elif piece.kind == _MARK and units:
                units[-1] = unicodedata.normalize("NFC", units[-1] + piece.text)
            elif piece.kind in (_TAKEN_BACK, _NOT, _AGAIN):
                begun = index - 1
                while index < len(pieces) and pieces[index].kind in (_TAKEN_BACK, _NOT, _AGAIN):
                    index += 1
                signs = [sign.kind for sign in pieces[begun:index]]
                stop = index
                while stop < len(pieces) and pieces[stop].kind in (_CHARACTERS, _MARK):
                    stop += 1
                tail = self._corrected(pieces[index:stop]) or []
                index = stop
                if not tail:
                    continue
                mended = self._instead_of(units, tail, signs)
                if mended is None:
                    return None
                units = mended
        return units

    def _instead_of(self, units: list[str], tail: list[str], signs: Sequence[str]) -> list[str] | None:
        """``units``, of which something is taken back, with what follows that."""
        if not units or _AGAIN in signs:
            return tail
        if _NOT in signs:
            at = next((at for at in reversed(range(len(units))) if units[at].upper() == tail[0].upper()), None)
            if at is not None and len(tail) > 1:  # "not B, D"
                return [*units[:at], tail[1], *units[at + 1 :], *tail[2:]]
            if at is None and _TAKEN_BACK not in signs:  # "B, not P"
                return [*units, *tail[1:]]
            if _TAKEN_BACK not in signs:
                return None
        same = [at for at, unit in enumerate(units) if unit.upper() == tail[0].upper()]
        if len(tail) >= len(units) or (len(tail) > 1 and same and same[0] == 0):
            return tail
        if len(tail) > 1 and same:  # "B A K E R, sorry, E L L"
            return [*units[: same[-1]], *tail]
        return [*units[:-1], *tail]

    def _misheard(self, word: str) -> str:
        """The letter of a spelling alphabet's word that is heard as no other word ("kelo"): one letter off."""
        if len(word) < 4:
            return ""
        near = {
            letter for other, letter in self._alphabet.items()
            if other[0] == word[0] and one_off(*sorted((word, other), key=len))
        }  # fmt: skip
        return near.pop() if len(near) == 1 else ""

    def _nearly(self, tokens: Sequence[Token], index: int) -> tuple[str, int] | None:
        """The letter of the word of a spelling alphabet that one word or two ("see here" for sierra) are nearly like,
        and how many."""
        first, *rest = [token.word for token in tokens[index : index + 2]]
        if rest and not self._is_spelled(tokens[index + 1]) and rest[0].isalpha() and first.isalpha():
            near = nearest(sound(first + rest[0]), self._sounds, NEAR)
            if near is not None:
                return near[0], 2
        if len(first) < MIN_NEAR or not first.isalpha() or self._is_spelled(tokens[index]) or first in self._known:
            return None
        near = nearest(sound(first), self._sounds, NEAR)
        return (near[0], 1) if near is not None else None

    def _beside_digit(self, before: Sequence[_Piece], tokens: Sequence[Token], index: int) -> bool:
        """Whether a digit stands before or behind: "double oh seven" is 007, "oh en" is ON."""
        after = self._words.atoms(tokens[index + 1 : index + 2])
        last = before[-1].text if before and before[-1].kind == _CHARACTERS else ""
        return last[-1:].isdecimal() or (bool(after) and after[0].is_number)

    def _example(self, tokens: Sequence[Token], index: int, letter: str) -> int:
        """How many tokens are "as in boy" after ``letter``. "For" needs a word that begins so, "as in" does not."""
        hit = self._as_in.at(tokens, index)
        if hit is None or index + hit[0] >= len(tokens):
            return 0
        example = tokens[index + hit[0]].word
        fits = len(example) > 1 and (example[0] == folded(letter) or hit[0] > 1)
        return hit[0] + 1 if fits else 0


def _begins_anew(word: str, at: int) -> bool:
    """Whether a capital begins another part of a word: "McDonald", "IBZero"."""
    return word[at].isupper() and (word[at - 1].islower() or word[at + 1 : at + 2].islower())
