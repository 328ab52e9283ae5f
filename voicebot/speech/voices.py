"""Which voice speaks which language: the settings ``speech.voice`` and ``speech.voices``, and what a bot chooses."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from voicebot.audio import AudioFormat
from voicebot.speech.synthesizer import Speech

log = logging.getLogger(__name__)

MAX_MISSED: Final = 100
"""Languages without a voice that are told apart in the log."""
_NAMED_AFTER: Final = re.compile(r"[a-z]{2,3}-[A-Z]{2}(?=-)")
"""The names of most voices begin with their language: ``de-DE-KatjaNeural``."""


class Voices:
    """``default``: the name of the voice for ``language``, and for every language that has none in ``by_language``:
    voices by language (``de``), or by language and country (``en-GB``), which wins."""

    def __init__(self, default: str, language: str, by_language: Mapping[str, str]) -> None:
        self._default = default
        self._language = language
        self._by_language = {tag.lower(): voice for tag, voice in by_language.items()}
        for tag, voice in list(self._by_language.items()):  # another country's voice is better than another language's
            if _language_of(tag) != _language_of(language):
                self._by_language.setdefault(_language_of(tag), voice)
        self._missed: set[str] = set()

    def speaking(self, locale: str) -> str:
        """The name of the voice for ``locale``, a BCP 47 tag; ``""``: there is none, which the log tells once."""
        tag, language = locale.lower(), _language_of(locale)
        if tag in self._by_language:
            return self._by_language[tag]
        if tag == self._language.lower():
            return self._default
        if language in self._by_language:
            return self._by_language[language]
        if language == _language_of(self._language):
            return self._default
        if language not in self._missed and len(self._missed) < MAX_MISSED and "Multilingual" not in self._default:
            self._missed.add(language)
            log.warning(
                "speech.voices has no voice for %.40r: %s speaks it", locale, self._default or "the default voice"
            )
        return ""


@dataclass(frozen=True, slots=True)
class PromptVoice:
    """The voice, by its name, and the language of prompts that do not give theirs.

    ``voices``: those of other languages; None: ``name`` speaks all. ``chosen_for``: the language for which the bot has
    chosen ``name``; ``""``: it has not.
    """

    name: str
    language: str
    voices: Voices | None = None
    chosen_for: str = ""

    def speaking(self, locale: str) -> str:
        """The name of the voice for a prompt in ``locale``; ``""``: in our language."""
        wanted = locale or self.language
        if self.voices is None or (self.chosen_for and _language_of(wanted) == _language_of(self.chosen_for)):
            return self.name
        return self.voices.speaking(wanted) or self.name

    def speech(self, text: str, locale: str, audio: AudioFormat) -> Speech:
        """``text``, plain or SSML, in ``locale`` (``""``: in our language)."""
        return Speech(text, self.speaking(locale), locale or self.language, audio)

    def changed(self, name: str, language: str) -> PromptVoice:
        """The same with what the bot has chosen; ``""``: no change."""
        spoken = language or self.language
        if not name:
            return replace(self, language=spoken)
        named_after = _NAMED_AFTER.match(name)
        return replace(self, name=name, language=spoken, chosen_for=named_after[0] if named_after else spoken)


def _language_of(tag: str) -> str:
    return tag.partition("-")[0].lower()
