"""How long a prompt lasts that somebody else speaks: estimated by its length, and learnt from those that were heard to
their end."""

from __future__ import annotations

from typing import Final

from voicebot.turns.spoken import CHARACTERS_PER_SECOND, plain

LEAST_CHARACTERS: Final = 20
"""Of a shorter one, too much is the way to the platform and back."""
_WEIGHT: Final = 0.5
"""Of the newest prompt."""


class SpeakingRate:
    """Of one call. Texts may be SSML."""

    def __init__(self) -> None:
        self._characters_s = CHARACTERS_PER_SECOND
        self._learnt = False

    def lasts_s(self, text: str) -> float:
        """How many seconds ``text`` lasts."""
        return len(plain(text)) / self._characters_s

    def learn(self, texts: list[str], lasted_s: float) -> None:
        """``texts`` were spoken one after the other in ``lasted_s`` seconds."""
        characters = sum(len(plain(text)) for text in texts)
        if characters < LEAST_CHARACTERS or lasted_s <= 0:
            return
        rate = characters / lasted_s
        self._characters_s = rate if not self._learnt else _WEIGHT * rate + (1 - _WEIGHT) * self._characters_s
        self._learnt = True
