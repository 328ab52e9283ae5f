"""The media of a call whose audio stays at Azure Communication Services, because that speaks and listens itself: there
are none. It stands where :class:`~voicebot.legs.acs_media.CallMedia` stands in other calls."""

from __future__ import annotations

import asyncio

from voicebot.audio import LINEAR_16K
from voicebot.legs import LegSink
from voicebot.legs.acs_media import MediaSocket
from voicebot.rtp import MediaQuality, Playout


class WithoutMedia:
    """Nothing is ever sent or delivered, nor waited for."""

    def __init__(self) -> None:
        self.playout = Playout(LINEAR_16K)
        self.sink: LegSink | None = None
        self.deaf = False
        self.unusable = ""
        self.live = asyncio.Event()
        self.live.set()

    @property
    def connected(self) -> bool:
        """So that no media connection is let in."""
        return True

    def attach(self, wire: MediaSocket) -> None:
        raise AssertionError("no media connection is let in")

    def detach(self) -> None:
        raise AssertionError("no media connection is let in")

    def stop(self) -> None:
        """There is nothing to stop but to be told."""
        self.sink = None

    def receive(self, text: str, at: float) -> None:
        raise AssertionError("no media connection is let in")

    def tick(self, at: float, skipped: int) -> None:
        """There is nothing to send."""

    def quality(self) -> MediaQuality:
        """Nothing is known of the audio."""
        return MediaQuality()
