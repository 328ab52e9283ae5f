"""Telephone numbers: what is a valid one in the caller's country or with its country code, and what is said, or
was asked, to be one.

Validity is that of libphonenumber's tables (phonenumbers), which are read at the first use: see :func:`warm`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

import phonenumbers

from voicebot.assist.redaction.cards import runs
from voicebot.assist.redaction.reading import Group, ReadText
from voicebot.assist.redaction.span import HELD, WithheldSpan

PHONE: Final = "phone number"

_LEAST: Final = 7
_LEAST_EXPECTED: Final = 5
_MOST: Final = 15
"""Digits of a telephone number, at most (ITU-T E.164)."""
_CUE_WORDS: Final = 8
_APART: Final = 2
"""Groups at either end of the digits that may belong to something else."""


def phone_numbers(speech: ReadText, country: str) -> Iterator[WithheldSpan]:
    """The telephone numbers in ``speech``, and what may become one.

    ``country``: that of numbers without a country code, in two letters."""
    for run in runs(speech.groups):
        digits = sum(len(group.digits) for group in run)
        nearest = speech.nearest(run[0].first, _CUE_WORDS)
        expected = nearest == "phone" or (not nearest and "phone" in speech.asked)
        if expected and digits >= _LEAST_EXPECTED:
            yield WithheldSpan(run[0].begin, run[-1].end, PHONE)
            continue
        if nearest not in ("", "phone"):
            continue
        if (found := _valid(run, country)) is not None:
            yield WithheldSpan(found[0].begin, found[-1].end, PHONE)
        elif speech.open_end and run[-1] is speech.groups[-1] and _LEAST_EXPECTED <= digits <= _MOST:
            yield WithheldSpan(run[0].begin, run[-1].end, HELD)


def warm(country: str) -> None:
    """Read the tables for ``country``. Blocks for some milliseconds."""
    _is_valid("5550100", country)
    _is_valid("+15550100", "")


def _valid(run: list[Group], country: str) -> list[Group] | None:
    """The part of ``run`` that is a valid number: the whole of it, or without some groups at its ends."""
    for first in range(min(_APART, len(run) - 1) + 1):
        for dropped in range(min(_APART, len(run) - 1 - first) + 1):
            part = run[first : len(run) - dropped]
            digits = "".join(group.digits for group in part)
            if _LEAST <= len(digits) <= _MOST + 2 and _is_valid("+" * part[0].plus + digits, country):
                return part
    return None


@lru_cache(maxsize=2048)
def _is_valid(number: str, country: str) -> bool:
    if number.startswith("00"):
        number = f"+{number[2:]}"
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(number, country or None))
    except phonenumbers.NumberParseException:
        return False
