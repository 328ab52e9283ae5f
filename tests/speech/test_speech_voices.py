"""The voice of a language: the settings, then what the bot has chosen."""

from __future__ import annotations

import logging

import pytest

from voicebot.audio import PCMU
from voicebot.speech import PromptVoice, Speech, Voices
from voicebot.speech.prompts import prompt_key

TABLE = {"de": "Katja", "en-GB": "Sonia", "fr-CA": "Sylvie", "pt-PT": "Raquel", "pt": "Francisca"}


@pytest.mark.parametrize(
    ("locale", "voice"),
    [
        ("", "Jenny"), ("en-US", "Jenny"), ("en", "Jenny"), ("en-AU", "Jenny"), ("en-GB", "Sonia"), ("EN-gb", "Sonia"),
        ("de", "Katja"), ("de-DE", "Katja"), ("de-AT", "Katja"), ("fr-CA", "Sylvie"), ("fr-FR", "Sylvie"),
        ("pt-PT", "Raquel"), ("pt-BR", "Francisca"), ("pl-PL", "Jenny"), ("x", "Jenny"),
    ],
)  # fmt: skip
def test_a_language_is_spoken_by_its_own_voice(locale: str, voice: str) -> None:
    assert PromptVoice("Jenny", "en-US", Voices("Jenny", "en-US", TABLE)).speaking(locale) == voice


def test_a_language_without_a_voice_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    voice = PromptVoice("Jenny", "en-US", Voices("Jenny", "en-US", TABLE))
    with caplog.at_level(logging.WARNING):
        assert [voice.speaking("pl-PL") for _ in range(3)] == ["Jenny"] * 3
        voice.speaking("pl")
    assert [record.getMessage() for record in caplog.records] == [
        "speech.voices has no voice for 'pl-PL': Jenny speaks it"
    ]


def test_a_voice_of_all_languages_is_missing_none(caplog: pytest.LogCaptureFixture) -> None:
    name = "en-US-AvaMultilingualNeural"
    assert PromptVoice(name, "en-US", Voices(name, "en-US", {})).speaking("pl-PL") == name
    assert caplog.records == []


def test_what_the_bot_chooses_is_for_the_language_in_which_it_was_chosen() -> None:
    begun = PromptVoice("Jenny", "en-US", Voices("Jenny", "en-US", TABLE))
    aria = begun.changed("Aria", "")
    assert [aria.speaking(locale) for locale in ("", "en-GB", "de-DE", "pl")] == ["Aria", "Aria", "Katja", "Aria"]
    assert begun.changed("", "de-DE").speaking("") == "Katja"
    assert aria.changed("", "de-DE").speaking("") == "Katja"
    assert begun.changed("Elvira", "es-ES").speaking("") == "Elvira"
    named = begun.changed("de-DE-ConradNeural", "")
    assert (named.speaking("de-AT"), named.speaking("fr-FR")) == ("de-DE-ConradNeural", "Sylvie")


def test_without_a_table_one_voice_speaks_all() -> None:
    assert PromptVoice("Jenny", "en-US").changed("Aria", "").speaking("de-DE") == "Aria"


def test_prompts_of_two_voices_are_two_in_the_cache() -> None:
    one, other = (Speech("Hello.", voice, "de-DE", PCMU) for voice in ("Katja", "Conrad"))
    assert prompt_key(one) != prompt_key(other)
