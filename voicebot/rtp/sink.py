"""The interface to which a media session delivers."""

from __future__ import annotations

from typing import Protocol


class MediaSink(Protocol):
    """Called on the event loop only, and never after the session's ``close``. Times are ``loop.time()`` seconds."""

    def frame(self, payload: bytes, at: float) -> None:
        """20 ms of the other side's audio, in order and without holes."""

    def sent(self, payload: bytes, at: float) -> None:
        """The 20 ms that were just sent (silence included)."""

    def key(self, key: str, at: float) -> None:
        """A keypad key, once for each press."""

    def media_timeout(self, at: float) -> None:
        """Nothing has come from the other side for the silence timeout. Not repeated until something has come."""
