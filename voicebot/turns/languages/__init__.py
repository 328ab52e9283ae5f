"""What the turn machine knows of each language: a file for each, with the fields of ``turn_words.py``.

It is little, and only what cannot wait for the bot. Of a language that is not here, only what is the same everywhere
is known.
"""

from __future__ import annotations

from typing import Final

from voicebot.turns.languages import de, en, es, fr
from voicebot.turns.languages.turn_words import TurnWords

__all__ = ["LANGUAGES", "TurnWords"]

LANGUAGES: Final[dict[str, TurnWords]] = {"de": de.WORDS, "en": en.WORDS, "es": es.WORDS, "fr": fr.WORDS}
"""By the first letters of a language tag."""
