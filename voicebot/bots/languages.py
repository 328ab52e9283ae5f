"""The language of what a bot says, and the few words that we add to it. Pure."""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

_TAG: Final = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8}){0,4}")


class OurWords(NamedTuple):
    """Between the last two choices, and before the sums of a receipt."""

    either: str
    tax: str
    vat: str
    total: str


ENGLISH: Final = OurWords("or", "Tax", "VAT", "Total")
_OURS: Final = {
    "en": ENGLISH,
    "de": OurWords("oder", "Steuer", "Mehrwertsteuer", "Summe"),
    "es": OurWords("o", "Impuestos", "IVA", "Total"),
    "fr": OurWords("ou", "Taxes", "TVA", "Total"),
    "it": OurWords("o", "Imposte", "IVA", "Totale"),
    "nl": OurWords("of", "Belasting", "Btw", "Totaal"),
    "pt": OurWords("ou", "Impostos", "IVA", "Total"),
    "pl": OurWords("lub", "Podatek", "VAT", "Razem"),
    "sv": OurWords("eller", "Skatt", "Moms", "Summa"),
    "da": OurWords("eller", "Skat", "Moms", "I alt"),
    "nb": OurWords("eller", "Skatt", "Moms", "Sum"),
    "tr": OurWords("veya", "Vergi", "KDV", "Toplam"),
}


def language_tag(value: Any) -> str:
    """A locale that a bot names, as a BCP 47 tag in its usual spelling; ``""`` for what is none."""
    if not isinstance(value, str) or _TAG.fullmatch(tag := value.strip().replace("_", "-")) is None:
        return ""
    language, *rest = tag.split("-")
    cased = [part.upper() if len(part) == 2 else part.title() if len(part) == 4 else part for part in rest]
    return "-".join([language.lower(), *cased])


def same_language(one: str, other: str) -> bool:
    """Whether two tags are of one language, of whatever country. An empty one is that of the call."""
    return one.partition("-")[0] == other.partition("-")[0]


def our_words(locale: str) -> OurWords:
    """Our words in the language of ``locale``; English ones for a language that we do not have."""
    return _OURS.get(locale.partition("-")[0], ENGLISH)
