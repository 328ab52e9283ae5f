"""What in a text is personal, and where: the categories of Azure's PII that can be told by their form. Pure.

Names are found only where somebody says that it is one. A call's redaction does not depend on this service.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import phonenumbers

MAX_FOUND = 100
"""In one document."""
_EMAIL = re.compile(r"[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,5}[A-Za-z]{2,24}(?!\w)")
_DIGITS = re.compile(r"(?<!\w)\d(?:[ -]?\d){11,18}(?!\w)")
_IBAN = re.compile(r"(?<!\w)[A-Z]{2}\d\d(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?!\w)")
_NAME = re.compile(
    r"(?i:\b(?:my (?:first |last |full )?name is|my surname is|i am called|i'm called|you're talking to|"
    r"you are talking to|this is (?=mr|mrs|ms|miss|dr)))\s+"
    r"((?:(?i:mr|mrs|ms|miss|dr)\.?\s+)?[A-Z][\w'’-]{1,30}(?:\s+[A-Z][\w'’-]{1,30}){0,2})"
)


@dataclass(frozen=True, slots=True)
class Personal:
    """``category``: as Azure names it."""

    text: str
    begin: int
    category: str
    confidence: float

    @property
    def end(self) -> int:
        return self.begin + len(self.text)


def personal(text: str, country: str = "US") -> list[Personal]:
    """What is personal in ``text``, in order, none within another. ``country``: whose numbers are written without +."""
    found: list[Personal] = []
    for one in sorted(_all(text, country), key=lambda one: (one.begin, -len(one.text))):
        if len(found) < MAX_FOUND and (not found or one.begin >= found[-1].end):
            found.append(one)
    return found


def redacted(text: str, found: list[Personal]) -> str:
    """``text`` with an asterisk in place of each character of what was found."""
    for one in found:
        text = text[: one.begin] + "*" * len(one.text) + text[one.end :]
    return text


def _all(text: str, country: str) -> Iterator[Personal]:
    for match in _EMAIL.finditer(text):
        yield Personal(match.group(), match.start(), "Email", 0.9)
    for match in _IBAN.finditer(text):
        if _is_iban(match.group().replace(" ", "")):
            yield Personal(match.group(), match.start(), "InternationalBankingAccountNumber", 1.0)
    for match in _DIGITS.finditer(text):
        if _luhn(re.sub(r"\D", "", match.group())):
            yield Personal(match.group(), match.start(), "CreditCardNumber", 1.0)
    for number in phonenumbers.PhoneNumberMatcher(text, country):
        yield Personal(number.raw_string, number.start, "PhoneNumber", 0.8)
    for match in _NAME.finditer(text):
        yield Personal(match.group(1), match.start(1), "Person", 0.7)


def _luhn(digits: str) -> bool:
    """ISO/IEC 7812-1, annex B."""
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(doubled) + sum(map(int, digits[-1::-2]))) % 10 == 0


def _is_iban(written: str) -> bool:
    """ISO 13616: the check digits."""
    return int("".join(str(int(sign, 36)) for sign in written[4:] + written[:4])) % 97 == 1
