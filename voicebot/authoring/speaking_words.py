"""The words of a language that values are said with: ``speaking.yaml``, and what Babel knows of the locale."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

import yaml
from babel import Locale, UnknownLocaleError


@dataclass(frozen=True, slots=True)
class SpokenLanguage:
    """A locale with the section of its language."""

    locale: Locale
    data: dict[str, Any]


@cache
def _data() -> dict[str, dict[str, Any]]:
    text = (files(__package__) / "speaking.yaml").read_text(encoding="utf-8")
    loaded: dict[str, dict[str, Any]] = yaml.load(text, Loader=getattr(yaml, "CBaseLoader", yaml.BaseLoader))
    return loaded


@lru_cache(maxsize=64)
def speech_of(name: str) -> SpokenLanguage:
    """That of the language tag ``name`` (``de-AT``); English where there are no words for its language."""
    language = name.replace("_", "-").partition("-")[0].lower()
    language = language if language in _data() else "en"
    try:
        locale = Locale.parse(name.replace("-", "_"))
    except (ValueError, UnknownLocaleError, TypeError):
        locale = Locale(language)
    if locale.language != language:
        locale = Locale(language)
    return SpokenLanguage(locale, _data()[language])
