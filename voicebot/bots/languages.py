"""The language of what a bot says, the few words that we add to it, and its yes and no. Pure."""

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


_YES: Final = frozenset({
    "yes", "yeah", "yep", "ok", "okay", "sure", "ja", "jawohl", "si", "sí", "sì", "oui", "sim", "tak", "evet", "да",
    "はい", "是",
})  # fmt: skip
_NO: Final = frozenset({
    "no", "nope", "nah", "nein", "nee", "non", "não", "nao", "nie", "nej", "nei", "hayır", "нет", "いいえ", "否",
})  # fmt: skip
_POLITE: Final = frozenset({
    "please", "thanks", "thank", "you", "bitte", "danke", "por", "favor", "gracias", "obrigado", "merci", "grazie",
    "tack", "tak",
})  # fmt: skip
_WORD: Final = re.compile(r"[^\W\d_]+")


def are_yes_and_no(choices: list[str]) -> bool:
    """Whether ``choices`` are a yes and a no, and nothing more: "Yes, please" and "No thanks"."""
    if len(choices) != 2:
        return False
    one, other = (_WORD.findall(choice.lower()) for choice in choices)
    return (_is_only(one, _YES) and _is_only(other, _NO)) or (_is_only(one, _NO) and _is_only(other, _YES))


def _is_only(said: list[str], meaning: frozenset[str]) -> bool:
    return bool(said) and said[0] in meaning and all(word in _POLITE for word in said[1:])


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
