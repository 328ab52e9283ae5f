"""Where a session delivers what it hears."""

from __future__ import annotations

from typing import Protocol


class MediaSink(Protocol):
    """Where a session delivers: always on the event loop, never after ``close``. Times are ``loop.time()`` seconds."""

    def frame(self, payload: bytes, at: float) -> None:
        """20 ms of the other side's audio, in order and without holes."""

    def sent(self, payload: bytes, at: float) -> None:
        """The 20 ms that just left (silence included)."""

    def key(self, key: str, at: float) -> None:
        """One keypad key, once a press."""

    def media_timeout(self, at: float) -> None:
        """Nothing has come from the other side for the silence timeout. Told again only after something came."""
