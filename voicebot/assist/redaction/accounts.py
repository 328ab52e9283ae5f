"""Numbers of bank accounts: an IBAN (ISO 13616) by its check digits, others by what is said before, or asked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from voicebot.assist.redaction.cards import runs
from voicebot.assist.redaction.reading import ReadText
from voicebot.assist.redaction.span import HELD, WithheldSpan

ACCOUNT: Final = "account number"

_COUNTRIES: Final = {
    "AT": 20, "BE": 16, "BG": 22, "CH": 21, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "EE": 20, "ES": 24, "FI": 18,
    "FR": 27, "GB": 22, "GR": 27, "HR": 21, "HU": 28, "IE": 22, "IS": 26, "IT": 27, "LI": 21, "LT": 20, "LU": 20,
    "LV": 21, "MC": 27, "MT": 31, "NL": 18, "NO": 15, "PL": 28, "PT": 25, "RO": 24, "SE": 24, "SI": 19, "SK": 24,
    "SM": 27, "TR": 26, "UA": 29,
}  # fmt: skip
"""Letters and digits of an IBAN."""
_CUE_WORDS: Final = 8
_LEAST: Final = 4
_BEGUN: Final = 6
"""Letters and digits from which on the end of the speech is held, if it may be the beginning of an IBAN."""


def account_numbers(speech: ReadText) -> Iterator[WithheldSpan]:
    """The account numbers in ``speech``, and what may become one."""
    yield from _ibans(speech)
    for run in runs(speech.groups, between=1):
        nearest = speech.nearest(run[0].first, _CUE_WORDS)
        expected = nearest == "account" or (not nearest and "account" in speech.asked)
        if expected and sum(len(group.digits) for group in run) >= _LEAST:
            yield WithheldSpan(run[0].begin, run[-1].end, ACCOUNT)


def _ibans(speech: ReadText) -> Iterator[WithheldSpan]:
    pieces = _pieces(speech)
    index = 0
    while index < len(pieces):
        text, end = "", index
        while end < len(pieces) and len(text) < 2:
            text += pieces[end][0]
            end += 1
        length = _COUNTRIES.get(text.upper())
        if length is not None and text.isalpha():
            while end < len(pieces) and len(text) < length:
                text += pieces[end][0]
                end += 1
            span = (pieces[index][1], pieces[end - 1][2])
            if len(text) == length and _checks(text.upper()):
                yield WithheldSpan(*span, ACCOUNT)
                index = end
                continue
            begun = _BEGUN <= len(text) < length and text[2:4].isdigit() and end == len(pieces)
            meant = text[:2].isupper() or speech.cued("account", speech.token_at(span[0]), _CUE_WORDS)
            if begun and meant and not speech.complete and span[1] == speech.tokens[-1].end:
                yield WithheldSpan(*span, HELD)
        index += 1


def _checks(iban: str) -> bool:
    """Whether the check digits are right (ISO 7064, MOD 97-10)."""
    turned = iban[4:] + iban[:4]
    return turned.isascii() and turned.isalnum() and int("".join(str(int(one, 36)) for one in turned)) % 97 == 1


def _pieces(speech: ReadText) -> list[tuple[str, int, int]]:
    """Letters, and pairs or groups of them as they are written in an IBAN, and groups of digits, with their places."""
    groups = {group.first: group for group in speech.groups}
    pieces: list[tuple[str, int, int]] = []
    index = 0
    while index < len(speech.tokens):
        token = speech.tokens[index]
        if (group := groups.get(index)) is not None:
            pieces.append((group.digits, group.begin, group.end))
            index = group.after
            continue
        if len(token.word) <= 4 and token.word.isascii() and token.word.isalpha():
            pieces.append((speech.text[token.begin : token.end], token.begin, token.end))
        index += 1
    return pieces
