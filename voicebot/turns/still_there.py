"""What callers hear when their call went on in another process, and words may be lost with the first, by language.

It asks for a sign of life, and says why, so that who was in the middle of a sentence begins again. The bot repeats its
question behind it. In a language that is not in ``languages/``, callers hear only that.
"""

from __future__ import annotations

from voicebot.turns.languages import LANGUAGES
from voicebot.turns.words import in_language


def still_there(language: str) -> str:
    """For a call in ``language`` ("en-US"); ``""`` where there is none."""
    known = in_language(LANGUAGES, language)
    return "" if known is None else known.still_there
