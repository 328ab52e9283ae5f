"""Letters that are spelled ("S M I T H", "sierra mike", "b as in boy", "double u"), and names."""

from __future__ import annotations

from collections.abc import Sequence

from voicebot.authoring.understanding.answers import one_off
from voicebot.authoring.understanding.numbers import NumberReader, NumberWords
from voicebot.authoring.understanding.tokens import Token, prepared, without
from voicebot.authoring.understanding.vocabulary import Vocabulary
from voicebot.authoring.understanding.yes_no import YesNoReader

MAX_NAME_WORDS = 6


class Spelling:
    """Reads letters and digits; section ``spelling`` has the names of the letters and the spelling alphabets."""

    def __init__(self, vocabulary: Vocabulary, words: NumberWords, yes_no: YesNoReader) -> None:
        section = vocabulary.section("spelling")
        self._vocabulary = vocabulary
        self._words = words
        self._yes_no = yes_no
        self._letters = vocabulary.phrases(
            dict(section.get("letters", {})) | dict(section.get("alphabet", {})) | dict(section.get("symbols", {}))
        )
        self._alphabet = {word: letter for word, letter in section.get("alphabet", {}).items() if len(word) > 3}
        times = vocabulary.section("numbers").get("times", {})
        self._times = vocabulary.phrases({word: int(count) for word, count in times.items()})
        self._zero_words = frozenset(word for word in vocabulary.words("numbers", "zero_letters") if len(word) > 1)
        self._as_in = vocabulary.listed_phrases("spelling", "as_in")
        self._ignored = vocabulary.listed_phrases("spelling", "ignored")

    def read(self, text: str) -> str:
        """The letters, digits and signs in capitals; ``""`` when the text is not spelled."""
        text = prepared(text)
        tokens = self._vocabulary.tokens(text)
        spelled, words = self._spelled(text, tokens)
        if spelled:
            return spelled if len(words) <= len(spelled) else ""
        content = self._vocabulary.content(text)
        # A recogniser may have put the letters together ("Smith.").
        if len(content) != 1 or self._yes_no.is_no_name(content):
            return ""
        return text[content[0].start : content[0].end].upper()

    def ends_spelled(self, text: str) -> bool:
        """Whether the last three words of ``text`` are single letters."""
        last = self._vocabulary.tokens(text)[-3:]
        return len(last) == 3 and all(len(token.word) == 1 and not token.numeral for token in last)

    def _spelled(self, text: str, tokens: Sequence[Token]) -> tuple[str, list[str]]:
        """What is spelled, and the words that are not part of it."""
        reader = NumberReader(self._words, self._words.atoms(tokens))
        by_start = {reader.atom(index).start: index for index in range(len(tokens)) if reader.atom(index).word}
        result, words = "", list[str]()
        index, times = 0, 1
        while index < len(tokens):
            token = tokens[index]
            written = text[token.start : token.end]
            found = ""
            step = 1
            if token.numeral:
                found = "".join(character for character in token.word if character.isdigit())
            elif token.word in self._zero_words and self._beside_digit(result, tokens, index):
                found = "0"
            elif (letter := self._letters.at(tokens, index)) is not None and (letter[0] > 1 or len(token.word) > 1):
                step, found = letter
            elif len(written) == 1 and written.isalpha():
                found = written
            elif (repeat := self._times.at(tokens, index)) is not None:
                index, times = index + repeat[0], repeat[1]
                continue
            elif (ignored := self._ignored.at(tokens, index)) is not None:
                step = ignored[0]
            elif written.isupper() and len(written) > 1 and self._vocabulary.fillers.at(tokens, index) is None:
                found = written
            elif index in by_start and (number := reader.small(by_start[index])) is not None:
                found = str(number[0])
                step = max(1, reader.atom(number[1] - 1).stop - index)
            elif len(tokens) > 1 and (near := self._misheard(token.word)):
                found = near
            elif self._vocabulary.fillers.at(tokens, index) is None:
                words.append(token.word)
            index += step
            if found:
                result += found[0] * (times - 1) + found
                index += self._example(tokens, index, found[-1])
                times = 1
        return result.upper(), words

    def _misheard(self, word: str) -> str:
        """The letter of a spelling alphabet's word that is heard as no other word ("kelo"): one letter off."""
        if len(word) < 4:
            return ""
        near = {
            letter for other, letter in self._alphabet.items()
            if other[0] == word[0] and one_off(*sorted((word, other), key=len))
        }  # fmt: skip
        return near.pop() if len(near) == 1 else ""

    def _beside_digit(self, before: str, tokens: Sequence[Token], index: int) -> bool:
        """Whether a digit stands before or behind: "double oh seven" is 007, "oh en" is ON."""
        after = self._words.atoms(tokens[index + 1 : index + 2])
        return before[-1:].isdecimal() or (bool(after) and after[0].is_number)

    def _example(self, tokens: Sequence[Token], index: int, letter: str) -> int:
        """How many tokens are "as in boy" after ``letter``. "For" needs a word that begins so, "as in" does not."""
        hit = self._as_in.at(tokens, index)
        if hit is None or index + hit[0] >= len(tokens):
            return 0
        example = tokens[index + hit[0]].word
        fits = len(example) > 1 and (example[0] == letter.lower() or hit[0] > 1)
        return hit[0] + 1 if fits else 0


class Names:
    """Reads a person's name; section ``names``."""

    def __init__(self, vocabulary: Vocabulary, spelling: Spelling, yes_no: YesNoReader) -> None:
        self._yes_no = yes_no
        self._vocabulary = vocabulary
        self._spelling = spelling
        self._introductions = vocabulary.listed_phrases("names", "introductions")
        self._trailing = vocabulary.listed_phrases("names", "trailing")

    def read(self, text: str) -> str | None:
        """The name without what introduces it; None when there is none (or far too much for one)."""
        text = prepared(text)
        tokens = without(self._vocabulary.fillers, self._vocabulary.tokens(text))
        if self._yes_no.is_no_name(tokens):
            return None
        while (hit := self._introductions.at(tokens, 0)) is not None:
            tokens = tokens[hit[0] :]
        trailing = self._trailing.find(tokens)
        if trailing and trailing[-1][1] == len(tokens):
            tokens = tokens[: trailing[-1][0]]
        if not tokens or any(token.numeral for token in tokens):
            return None
        said = text[tokens[0].start : tokens[-1].end]
        if self._spelling.ends_spelled(said) and (spelled := self._spelling.read(said)):
            return spelled.title()
        # "Bond, James Bond", "James, James Bond"
        if len(tokens) > 2 and tokens[1].pause and tokens[0].word in (tokens[1].word, tokens[-1].word):
            tokens = tokens[1:]
            said = text[tokens[0].start : tokens[-1].end]
        if len(tokens) > MAX_NAME_WORDS or not any(character.isalpha() for character in said):
            return None
        return "".join(
            character.upper() if at == 0 or said[at - 1] in " -'’" else character for at, character in enumerate(said)
        ) if said.islower() else said  # fmt: skip
