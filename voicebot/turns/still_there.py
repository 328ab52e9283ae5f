"""What callers hear when their call went on in another process, and words may be lost with the first, by language.

It asks for a sign of life, and says why, so that who was in the middle of a sentence begins again. The bot repeats its
question behind it. In a language that is not here, callers hear only that.
"""

from __future__ import annotations

from voicebot.turns.words import in_language

_STILL_THERE = {
    "en": "Are you still there? I could not hear you for a moment.",
    "de": "Sind Sie noch da? Ich konnte Sie einen Moment lang nicht hören.",
    "fr": "Vous êtes toujours là ? Je ne vous ai pas entendu pendant un instant.",
    "es": "¿Sigue ahí? Por un momento no he podido oírle.",
}


def still_there(language: str) -> str:
    """For a call in ``language`` ("en-US"); ``""`` where there is none."""
    return in_language(_STILL_THERE, language) or ""
