"""English words to the phonemes that the voice was trained on, by gruut's lexicon and guesser (MIT).

gruut's own text pipeline is not used: it takes a second to import and 100 ms a sentence, of which the caller would
hear each. Its data is good, and a look-up takes 20 microseconds. The voice was trained on eSpeak's notation, so
gruut's is translated: long vowels are marked, stressed /ɚ/ is /ɜː/, function words lose their stress.
"""

from __future__ import annotations

import base64
import sqlite3
import threading
from functools import lru_cache
from pathlib import Path
from typing import Any

_LONG = {"i": "iː", "u": "uː", "ɑ": "ɑː", "ɔ": "ɔː"}
_UNSTRESSED = frozenset(
    [
        "a",
        "an",
        "the",
        "and",
        "or",
        "but",
        "nor",
        "of",
        "to",
        "in",
        "on",
        "at",
        "by",
        "for",
        "from",
        "with",
        "as",
        "is",
        "are",
        "am",
        "was",
        "were",
        "be",
        "been",
        "has",
        "have",
        "had",
        "do",
        "does",
        "did",
        "can",
        "could",
        "will",
        "would",
        "shall",
        "should",
        "may",
        "might",
        "must",
        "i",
        "you",
        "he",
        "she",
        "it",
        "we",
        "they",
        "me",
        "him",
        "her",
        "us",
        "them",
        "my",
        "your",
        "his",
        "its",
        "our",
        "their",
        "that",
        "this",
        "than",
        "then",
        "if",
        "so",
        "there",
    ]
)
_FIXED = {"a": "ɐ", "the": "ðə", "to": "tə", "of": "ʌv", "an": "ɐn", "and": "ænd", "i": "aɪ"}
_VOWELS = frozenset("aeiou")
_VOWEL_SOUNDS = frozenset("aeiouæɑɔəɛɪʊʌɚɝ")

# Which of two pronunciations: a word after one of these is a noun ("the record"), or a verb ("to record").
_BEFORE_NOUN = frozenset(
    [
        "a",
        "an",
        "the",
        "my",
        "your",
        "his",
        "her",
        "its",
        "our",
        "their",
        "this",
        "that",
        "no",
        "each",
        "every",
        "new",
        "last",
        "next",
        "of",
    ]
)
_BEFORE_VERB = frozenset(
    [
        "to",
        "i",
        "you",
        "we",
        "they",
        "who",
        "will",
        "would",
        "can",
        "could",
        "shall",
        "should",
        "may",
        "might",
        "must",
        "please",
        "not",
        "don't",
        "didn't",
        "cannot",
        "can't",
        "let",
    ]
)
_LETTERS = {"a": "eɪ", "z": "ziː"}


class Lexicon:
    """gruut's English lexicon and guesser. May be used from several threads."""

    def __init__(self, path: Path) -> None:
        import pycrfsuite

        self._lock = threading.Lock()
        self._database = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True, check_same_thread=False)
        self._database.execute("PRAGMA query_only = ON")
        # The word column has no index in gruut's database: without this a look-up reads all of it.
        self._words: dict[str, list[tuple[str, str]]] = {}
        for word, role, phonemes in self._database.execute(
            "SELECT word, role, phonemes FROM word_phonemes ORDER BY id"
        ):
            self._words.setdefault(word, []).append((role, phonemes))
        self._database.close()
        self._guesser = pycrfsuite.Tagger()
        self._guesser.open(str(path.parent / "g2p" / "model.crf"))
        self._guess = lru_cache(maxsize=4096)(self._guess_uncached)

    def __contains__(self, word: str) -> bool:
        return word in self._words

    def word(self, word: str, before: str = "", after: str = "") -> str:
        """The phonemes of a lower-case word, in the voice's notation. ``before``/``after``: its neighbours."""
        if word == "the" and after[:1] in _VOWELS and after[:1]:
            return "ðɪ"
        if word in _FIXED:
            return _FIXED[word]
        entries = self._words.get(word)
        phonemes = self._pick(entries, before) if entries else self._inflected(word) or self._guess(word)
        return translate(phonemes.split(), stressed=word not in _UNSTRESSED)

    def letter(self, letter: str) -> str:
        """The name of a letter."""
        if letter in _LETTERS:
            return "ˈ" + _LETTERS[letter]
        entries = self._words.get(letter)
        return translate(entries[0][1].split(), stressed=True) if entries else ""

    @staticmethod
    def _pick(entries: list[tuple[str, str]], before: str) -> str:
        wanted = "gruut:NN" if before in _BEFORE_NOUN else "gruut:VB" if before in _BEFORE_VERB else ""
        if wanted:
            for role, phonemes in entries:
                if role == wanted:
                    return phonemes
        return entries[0][1]

    def _inflected(self, word: str) -> str | None:
        """The phonemes of a word with "'s" that the lexicon has without it."""
        stem, apostrophe, ending = word.partition("'")
        entries = self._words.get(stem)
        if not apostrophe or ending != "s" or not entries:
            return None
        last = entries[0][1].split()[-1].lstrip("ˈˌ")
        suffix = "ɪ z" if last in ("s", "z", "ʃ", "ʒ", "t͡ʃ", "d͡ʒ") else "s" if last in "ptkfθ" else "z"
        return f"{entries[0][1]} {suffix}"

    def _guess_uncached(self, word: str) -> str:
        with self._lock:
            tags = self._guesser.tag([_features(word, index) for index in range(len(word))])
        phonemes = [part for tag in tags for part in base64.b64decode(tag).decode().split("|")]
        return " ".join(phoneme for phoneme in phonemes if phoneme != "_")


def _encoded(letter: str) -> str:
    return base64.b64encode(letter.encode()).decode("ascii")


def _features(word: str, index: int) -> dict[str, Any]:
    """The features of gruut's guesser: a letter and three to each side."""
    features: dict[str, Any] = {"bias": 1.0, "grapheme": _encoded(word[index])}
    if index == 0:
        features["begin"] = True
    for distance in range(1, 4):
        if index >= distance:
            features[f"grapheme-{distance}"] = _encoded(word[index - distance])
        if index + distance < len(word):
            features[f"grapheme+{distance}"] = _encoded(word[index + distance])
    if index == len(word) - 1:
        features["end"] = True
    return features


def translate(phonemes: list[str], stressed: bool) -> str:
    """gruut's phonemes to eSpeak's notation, which the voice knows."""
    out: list[str] = []
    for number, symbol in enumerate(phonemes):
        stress = symbol[:1] if symbol[:1] in "ˈˌ" else ""
        phoneme = symbol[len(stress) :].replace("\u0361", "")
        following = phonemes[number + 1].lstrip("ˈˌ")[:1] if number + 1 < len(phonemes) else ""
        if phoneme == "ɚ":
            phoneme = ("ɜː" if stress else "ɚ") + ("ɹ" if following and following in _VOWEL_SOUNDS else "")
        elif phoneme == "i" and not stress and number == len(phonemes) - 1:
            pass  # happy
        elif phoneme in _LONG:
            phoneme = _LONG[phoneme]
        elif phoneme == "g":
            phoneme = "ɡ"
        out.append((stress if stressed else "") + phoneme)
    return "".join(out)
