"""E-mail addresses, as they are written ("jane.doe@example.com") and as they are said ("jane dot doe at example dot
com", "j a n e arroba ...")."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from voicebot.assist.redaction.reading import ReadText
from voicebot.assist.redaction.span import HELD, WithheldSpan

EMAIL: Final = "e-mail address"

_WRITTEN = re.compile(r"(?<![\w.+%-])[\w.+%-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64}){1,4}")
_ENDINGS: Final = frozenset({
    "app", "ar", "at", "au", "be", "biz", "ca", "cat", "ch", "cl", "co", "com", "de", "dev", "dk", "edu", "es",
    "eu", "fi", "fr", "gov", "ie", "info", "io", "it", "lu", "me", "mx", "net", "nl", "no", "org", "pe", "pl",
    "pt", "se", "tv", "uk", "us",
})  # fmt: skip
_DIGITS: Final = re.compile(r"[0-9]+")
_CUE_WORDS: Final = 6
_MOST_WORDS: Final = 14
"""Words of one side of an address."""


def email_addresses(speech: ReadText) -> Iterator[WithheldSpan]:
    """The addresses in ``speech``, and what may become one."""
    for match in _WRITTEN.finditer(speech.text):
        yield WithheldSpan(*match.span(), EMAIL)
    tokens, words = speech.tokens, speech.words
    for index, token in enumerate(tokens):
        if token.word not in words.at or not 0 < index < len(tokens) - 1:
            continue
        end = _domain(speech, index + 1)
        if end is not None:
            yield WithheldSpan(tokens[_local_part(speech, index)].begin, tokens[end - 1].end, EMAIL)
    yield from _begun(speech)


def _domain(speech: ReadText, first: int) -> int | None:
    """Behind which token the domain ends that begins with token ``first``; None: it is none."""
    tokens, words = speech.tokens, speech.words
    for index in range(first + 1, min(first + _MOST_WORDS, len(tokens) - 1)):
        if tokens[index].word in words.dot and tokens[index + 1].word in _ENDINGS:
            end = index + 2
            further = end + 1 < len(tokens) and tokens[end].word in words.dot and tokens[end + 1].word in _ENDINGS
            return end + 2 if further else end
    return None


def _local_part(speech: ReadText, at: int) -> int:
    """The token with which the local part in front of token ``at`` begins."""
    tokens, words = speech.tokens, speech.words
    for cue in speech.cues_before(at, _MOST_WORDS + _CUE_WORDS):
        if cue.kind == "email":
            first = cue.after
            while first < at - 1 and tokens[first].word in words.is_:
                first += 1
            if first < at:
                return first
    if "email" in speech.asked:
        return max(0, at - _MOST_WORDS)
    signs = {sign for phrase in words.signs for sign in phrase.split()} | words.dot
    first = at - 1
    while first > 0:
        before = tokens[first - 1].word
        spelled = len(tokens[first].word) == 1 and len(before) == 1
        number = _DIGITS.fullmatch(tokens[first].word) or _DIGITS.fullmatch(before)
        if not (spelled or number or before in signs or tokens[first].word in signs):
            break
        first -= 1
    return first


def _begun(speech: ReadText) -> Iterator[WithheldSpan]:
    """The end of the speech, where it is said, or was asked, that an address follows, and none is complete yet."""
    tokens, words = speech.tokens, speech.words
    if speech.complete or not tokens:
        return
    cue = next((cue for cue in reversed(speech.cues) if cue.kind == "email"), None)
    first = cue.after if cue is not None else 0 if "email" in speech.asked else len(tokens)
    while first < len(tokens) and tokens[first].word in words.is_:
        first += 1
    if not 0 < len(tokens) - first <= _MOST_WORDS:
        return
    rest = tokens[first:]
    signs = words.dot | words.at | {sign for sign in words.signs if " " not in sign}
    spelled = any(token.word in signs for token in rest) or all(len(token.word) == 1 for token in rest)
    if speech.partial or spelled:
        yield WithheldSpan(rest[0].begin, rest[-1].end, HELD)
