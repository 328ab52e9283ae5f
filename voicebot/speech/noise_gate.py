"""What of the caller's audio reaches the recogniser: the voice, and silence for what voice activity detection ignores.

A noise gate with look-back. While it is shut, frames are held back; if a voice is detected, those since it began are
passed on, and otherwise they leave as silence; so are those of a voice of which it must first be found out whether it
is the caller's. While it is open, nothing is delayed. Each frame keeps its time.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from voicebot.audio import AudioFormat

Frame = tuple[bytes, float]
"""Audio, and when the last sample of it was spoken."""

LOOK_BACK_S: Final = 0.48
"""How long a frame is held back: a voice that may be an echo is compared for 256 ms before it is detected."""
LEAD_S: Final = 0.1
"""What is passed on before a voice begins: unvoiced beginnings of words."""
TAIL_S: Final = 0.5
"""What is passed on after it has ended: unvoiced ends of words, and the quiet that ends a phrase for the recogniser."""


class NoiseGate:
    """The gate of one call."""

    def __init__(self, audio: AudioFormat) -> None:
        self._audio = audio
        self._held: deque[Frame] = deque()
        self._open_until = float("-inf")

    def frame(
        self, payload: bytes, at: float, voice_since: float | None, *, doubtful_since: float | None = None
    ) -> list[Frame]:
        """Add a frame. ``voice_since``: since when there is a voice (-inf: everything is one); None: there is none.
        ``doubtful_since``: since when there is one that is still to be judged; it is held back. Returns what leaves."""
        self._held.append((payload, at))
        if doubtful_since is not None:
            return self._leave(doubtful_since - LEAD_S, float("inf"))
        if voice_since is not None:
            self._open_until = at + TAIL_S
            return self._leave(at, voice_since - LEAD_S)
        if at <= self._open_until:
            return self._leave(at, float("-inf"))
        return self._leave(at - LOOK_BACK_S, float("inf"))

    def shut(self) -> None:
        """What follows comes after no voice: the bot begins to speak, and its echo is nobody's."""
        self._open_until = float("-inf")

    def flush(self) -> list[Frame]:
        """What is held back, as silence."""
        return self._leave(float("inf"), float("inf"))

    def _leave(self, until: float, voice_since: float) -> list[Frame]:
        leaving = []
        while self._held and self._held[0][1] <= until:
            payload, at = self._held.popleft()
            leaving.append((payload if at > voice_since else self._audio.silent_byte * len(payload), at))
        return leaving
