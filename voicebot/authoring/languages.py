"""Which language a call is in: the closest that its dialogs are written in, and what languages call themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.core import get_global


def closest(wanted: str, available: Sequence[str]) -> str | None:
    """The language of ``available`` that serves ``wanted`` best: the same, or one of another country."""
    if wanted in available:
        return wanted
    language = wanted.partition("-")[0].lower()
    return next((locale for locale in available if locale.partition("-")[0].lower() == language), None)


@lru_cache(maxsize=100)
def with_country(locale: str) -> str:
    """``locale`` as speech services want it, with a country: ``de`` is ``de-DE``."""
    if "-" in locale:
        return locale
    likely = str(get_global("likely_subtags").get(locale, locale)).split("_")
    return f"{locale}-{likely[-1]}" if len(likely) > 1 else locale


def names(locale: str) -> list[str]:
    """How a language calls itself, and how English calls it: ``de-DE``: Deutsch, German. Empty for an unknown one."""
    try:
        language = Locale.parse(locale.partition("-")[0])
    except (UnknownLocaleError, ValueError):
        return []
    called = (language.get_language_name(), language.get_language_name("en"))
    return list(dict.fromkeys(name for name in called if name))


def by_number(caller: str, prefixes: Mapping[str, str]) -> str:
    """The language of the longest of ``prefixes`` that a telephone number begins with; ``""`` for none."""
    number = "+" + caller.removeprefix("00") if caller.startswith("00") else caller
    fitting = [prefix for prefix in prefixes if number.startswith(prefix)]
    return prefixes[max(fitting, key=len)] if fitting else ""
