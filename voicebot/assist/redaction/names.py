"""Names: what follows "my name is", what answers the question for it, and the names of the parties as they are known.

No more than that: a name that is said just so is not found without a model of language.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from voicebot.assist.redaction.reading import ReadText, Token
from voicebot.assist.redaction.span import HELD, WithheldSpan
from voicebot.assist.redaction.words import folded

NAME: Final = "name"

_MOST_WORDS: Final = 3
_SHORT_ANSWER: Final = 6
_LEAST_LETTERS: Final = 3
"""Of a known name; a shorter one is too often another word."""
_WORD = re.compile(r"[^\W\d_]+")
_STOP = re.compile(r"[.;:!?\n]")
_NO_NAMES: Final = frozenset({
    "a", "aber", "about", "afraid", "all", "am", "and", "any", "are", "as", "at", "au", "aus", "aux", "avec",
    "be", "because", "been", "bien", "bonjour", "but", "c'est", "calling", "can", "ce", "client", "cliente",
    "con", "correct", "could", "dans", "das", "dass", "de", "del", "depuis", "der", "des", "desde", "did", "die",
    "do", "does", "du", "ein", "eine", "el", "elle", "en", "es", "est", "estoy", "et", "etwas", "for", "frau",
    "from", "had", "hallo", "happy", "has", "hat", "have", "he", "hello", "here", "herr", "heute", "hi", "hola",
    "how", "i", "ich", "if", "ihr", "il", "im", "in", "is", "it", "it's", "its", "j'ai", "ja", "je", "just",
    "kann", "l'appareil", "la", "las", "le", "les", "llamo", "lo", "los", "madame", "mais", "me", "mein", "mi",
    "mister", "mit", "monsieur", "mr", "mrs", "ms", "muy", "my", "ne", "nein", "nicht", "no", "noch", "non",
    "not", "nur", "ob", "of", "ok", "okay", "on", "or", "oui", "out", "para", "pas", "pero", "por", "porque",
    "pour", "que", "qui", "really", "regarding", "right", "sadly", "se", "seit", "senor", "senora", "she", "si",
    "sind", "so", "sorry", "speaking", "spelled", "still", "suis", "sur", "sure", "tengo", "that", "the", "them",
    "then", "there", "they", "to", "tres", "uber", "un", "una", "und", "une", "up", "very", "von", "war", "was",
    "we", "wegen", "weil", "were", "what", "when", "where", "who", "wie", "will", "wird", "with", "would",
    "wrong", "y", "yeah", "yes", "yo", "you", "your", "zu",
})  # fmt: skip
"""Words of all languages."""


def names(speech: ReadText, known: frozenset[str]) -> Iterator[WithheldSpan]:
    """The names in ``speech``. ``known``: folded words of the parties' names (:func:`words_of_name`)."""
    for token in speech.tokens:
        if token.word in known:
            yield WithheldSpan(token.begin, token.end, NAME)
    for cue in speech.cues:
        if cue.kind in ("name", "name_weak") and (span := _after(speech, cue.after)) is not None:
            if cue.kind == "name" or speech.has_capitals:
                yield span
            elif speech.partial:
                yield WithheldSpan(span.begin, span.end, HELD)
    words = [token for token in speech.tokens if token.word not in speech.words.fillers]
    if "name_asked" in speech.asked and len(words) <= _SHORT_ANSWER:
        first = next((i for i, token in enumerate(speech.tokens) if _may_be(token, speech)), None)
        if first is not None and (span := _after(speech, first)) is not None:
            yield span


def words_of_name(name: str) -> frozenset[str]:
    """The words of a party's name that are withheld wherever they are said."""
    words = (folded(word) for word in _WORD.findall(name))
    return frozenset(word for word in words if len(word) >= _LEAST_LETTERS and word not in _NO_NAMES)


def _after(speech: ReadText, first: int) -> WithheldSpan | None:
    """The name that begins with token ``first``: some words that may be one, or letters that spell it."""
    tokens, end, count = speech.tokens, first, 0
    while end < len(tokens) and _may_be(tokens[end], speech):
        if end > first and _STOP.search(speech.text, tokens[end - 1].end, tokens[end].begin):
            break
        count += len(tokens[end].word) > 1
        if count > _MOST_WORDS:
            break
        end += 1
    return WithheldSpan(tokens[first].begin, tokens[end - 1].end, NAME) if end > first else None


def _may_be(token: Token, speech: ReadText) -> bool:
    """Whether it may be part of a name. Where the recogniser writes capitals, a name has one."""
    written = speech.text[token.begin : token.end]
    if not written[0].isalpha() or token.word in _NO_NAMES:
        return False
    return len(written) == 1 or written[0].isupper() or not speech.has_capitals
