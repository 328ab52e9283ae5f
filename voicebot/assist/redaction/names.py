"""Names: what follows "my name is", what answers the question for it, and the names of the parties as they are known.

No more than that: a name that is said just so is not found without a model of language.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from voicebot.assist.redaction.reading import Speech, Token
from voicebot.assist.redaction.span import HELD, Span
from voicebot.assist.redaction.words import folded

NAME: Final = "name"

_MOST_WORDS: Final = 3
_SHORT_ANSWER: Final = 6
_LEAST_LETTERS: Final = 3
"""Of a known name; a shorter one is too often another word."""
_WORD = re.compile(r"[^\W\d_]+")
_STOP = re.compile(r"[.;:!?\n]")
_NO_NAMES: Final = frozenset(
    "a about and as because but calling for from here i in is it my not of on or so speaking that the to very with you your "
    "aber am aus das dass der die ein eine es ich ihr im mein mit nicht noch ob und uber von wegen weil wie zu nur "
    "con de del el en es la las lo los llamo mi no para pero por porque que se un una y yo "
    "a au aux avec c'est ce dans de des du elle est et il j'ai je l'appareil le les mais ne pas pour que qui sur une "
    "yes yeah ja si oui no nein non sure hello hi hallo hola bonjour right okay ok it's its correct wrong spelled mister mrs ms mr "
    "herr frau senor senora monsieur madame regarding happy afraid sorry just still calling sadly really".split()  # noqa: SIM905
)


def names(speech: Speech, known: frozenset[str]) -> Iterator[Span]:
    """The names in ``speech``. ``known``: folded words of the parties' names (:func:`words_of_name`)."""
    for token in speech.tokens:
        if token.word in known:
            yield Span(token.begin, token.end, NAME)
    for cue in speech.cues:
        if cue.kind in ("name", "name_weak") and (span := _after(speech, cue.after)) is not None:
            if cue.kind == "name" or _has_capitals(speech):
                yield span
            elif speech.partial:
                yield Span(span.begin, span.end, HELD)
    words = [token for token in speech.tokens if token.word not in speech.words.fillers]
    if "name_asked" in speech.asked and len(words) <= _SHORT_ANSWER:
        first = next((i for i, token in enumerate(speech.tokens) if _may_be(token, speech)), None)
        if first is not None and (span := _after(speech, first)) is not None:
            yield span


def words_of_name(name: str) -> frozenset[str]:
    """The words of a party's name that are withheld wherever they are said."""
    words = (folded(word) for word in _WORD.findall(name))
    return frozenset(word for word in words if len(word) >= _LEAST_LETTERS and word not in _NO_NAMES)


def _after(speech: Speech, first: int) -> Span | None:
    """The name that begins with token ``first``: some words that may be one, or letters that spell it."""
    tokens, end, count = speech.tokens, first, 0
    while end < len(tokens) and _may_be(tokens[end], speech):
        if end > first and _STOP.search(speech.text, tokens[end - 1].end, tokens[end].begin):
            break
        count += len(tokens[end].word) > 1
        if count > _MOST_WORDS:
            break
        end += 1
    return Span(tokens[first].begin, tokens[end - 1].end, NAME) if end > first else None


def _may_be(token: Token, speech: Speech) -> bool:
    """Whether it may be part of a name. Where the recogniser writes capitals, a name has one."""
    written = speech.text[token.begin : token.end]
    if not written[0].isalpha() or token.word in _NO_NAMES:
        return False
    return len(written) == 1 or written[0].isupper() or not _has_capitals(speech)


def _has_capitals(speech: Speech) -> bool:
    return any(character.isupper() for character in speech.text)
