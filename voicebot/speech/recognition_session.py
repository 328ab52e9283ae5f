"""One session of recognition: an SDK recogniser and the clock of its audio. `recognizer` decides what follows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from voicebot.speech.stream_clock import StreamClock
from voicebot.speechsdk.drivers import AT_ONCE_S, RecognitionOptions, RecognitionReport, SpeechSdk
from voicebot.speechsdk.endpoint import SpeechEndpoint

PORTIONS: Final = 5
"""How many of the portions in which the SDK sends are handed on together where nobody waits for what is in them: that
saves four of five writes."""


class RecognitionSession:
    """``report`` is called on the event loop. A session is never restarted: it is replaced."""

    def __init__(
        self,
        sdk: SpeechSdk,
        options: RecognitionOptions,
        report: Callable[[RecognitionSession, RecognitionReport], None],
    ) -> None:
        self.options = options
        self.clock = StreamClock(options.audio.rate)
        self.connected = False
        self.failed = False
        self._driver = sdk.recognition(options, lambda made: report(self, made))
        self._at_once = round(AT_ONCE_S * options.audio.byte_rate)
        self._in_time = PORTIONS * self._at_once
        self._written = 0  # bytes, those that are kept back included
        self._kept_back: list[bytes] = []

    async def open(self, endpoint: SpeechEndpoint) -> None:
        """Begin; the connection is reported by ``CONNECTED``. Raises what the SDK does."""
        await self._driver.open(endpoint)

    def write(self, payload: bytes, at: float, *, urgent: bool = True) -> None:
        """Append audio whose last sample was spoken at ``at``. Never waits for the network.

        If it is ``urgent``, it is handed on in the portions in which the SDK sends it, so nothing leaves later than it
        would; else in larger ones.
        """
        self._append(payload, at)
        if self._written % (self._at_once if urgent else self._in_time) < len(payload):
            self._hand_on()

    def write_past(self, frames: Sequence[tuple[bytes, float]]) -> None:
        """Append several frames in one go, keeping the time of each."""
        for payload, at in frames:
            self._append(payload, at)
        self._hand_on()

    def commit(self) -> bool:
        """Ask the service to finish the phrase with the audio written so far (advisory; ``audio.commit``)."""
        self._hand_on()
        return self._driver.commit()

    async def refresh_token(self, endpoint: SpeechEndpoint) -> None:
        """Give the running recogniser a fresh Entra token, for its own reconnections."""
        await self._driver.refresh_token(endpoint)

    def release(self) -> asyncio.Future[None]:
        """Stop and let go of everything; nothing is reported any more. Harmless when done already."""
        return self._driver.release()

    def _append(self, payload: bytes, at: float) -> None:
        self.clock.wrote(len(payload) // self.options.audio.width, at)
        self._written += len(payload)
        self._kept_back.append(payload)

    def _hand_on(self) -> None:
        if self._kept_back:
            audio, self._kept_back = b"".join(self._kept_back), []
            self._driver.write(audio)
