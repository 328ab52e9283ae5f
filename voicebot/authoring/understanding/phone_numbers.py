"""Telephone numbers of a country: "two oh six, five five five, oh one four two" is +12065550142 in the USA.

Which numbers there are is told by libphonenumber's data, which is imported when the first number is asked for.
"""

from __future__ import annotations

from functools import cache
from types import ModuleType

from voicebot.authoring.understanding.digit_strings import DigitStrings
from voicebot.authoring.understanding.vocabulary import Vocabulary

MAX_DIGITS = 20
PLUS = "+"


class PhoneNumbers:
    """Reads the digits of numbers; section ``phones``: ``country`` (where the language is spoken most), ``plus``,
    ``extension`` (words before digits that are no part of the number). ``country``: that of the call's language.
    """

    def __init__(self, vocabulary: Vocabulary, digits: DigitStrings, region: str) -> None:
        self._vocabulary = vocabulary
        self._digits = digits
        is_country = len(region) == 2 and region.isalpha()
        self.country = region if is_country else str(vocabulary.section("phones").get("country", "US"))
        self._plus = vocabulary.listed_phrases("phones", "plus")
        self._extension = vocabulary.listed_phrases("phones", "extension")

    def digits(self, text: str, country: str) -> str:
        """The digits that were said, behind a plus if there was one; ``""`` for none, or with an extension."""
        tokens = self._vocabulary.content(text)
        if self._extension.find(tokens):
            return ""
        found = self._digits.read(text)[:MAX_DIGITS]
        apart = self._digits.read(", ".join(text.split()))[:MAX_DIGITS]
        plus = text.lstrip(" (").startswith(PLUS) or f" {PLUS}" in text or bool(self._plus.find(tokens))
        sign = PLUS if plus else ""
        if apart != found and not international(sign + found, country) and international(sign + apart, country):
            found = apart  # "twenty seven nine" is 20 79
        return sign + found if found else ""


def international(digits: str, country: str) -> str | None:
    """A number as it is dialled in ``country``, or with a plus, in E.164 (+14255550122); None when there is no such."""
    library = _library()
    try:
        number = library.parse(digits, country)
    except library.NumberParseException:
        return None
    if not library.is_valid_number(number):
        return None
    return str(library.format_number(number, library.PhoneNumberFormat.E164))


def is_complete(digits: str, country: str) -> bool:
    """Whether ``digits`` are a number that no further digit can belong to."""
    library = _library()
    if international(digits, country) is None:
        return False
    try:
        longer = library.parse(f"{digits}0", country)
    except library.NumberParseException:
        return True
    reason = library.is_possible_number_with_reason(longer)
    return bool(reason == library.ValidationResult.TOO_LONG)


@cache
def phone_lengths(country: str) -> tuple[int, int]:
    """The fewest and the most digits of a number as it is dialled in ``country``; 7 to 15 where that is not known."""
    metadata = _library().PhoneMetadata.metadata_for_region(country)
    if metadata is None:
        return 7, 15
    possible = [length for length in metadata.general_desc.possible_length if length > 0]
    prefix = len(metadata.national_prefix or "")
    return max(7, min(possible)), max(possible) + prefix


@cache
def countries() -> frozenset[str]:
    """The countries (ISO 3166, two letters) that have telephone numbers."""
    return frozenset(_library().SUPPORTED_REGIONS)


@cache
def _library() -> ModuleType:
    import phonenumbers

    return phonenumbers
