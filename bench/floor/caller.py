"""The caller's side of one call: mixes what is sent, frame by frame, and notes what leaves and arrives, and when.

What is sent is the sum of the sounds that are being played, a noise that never stops, and an echo of what is received.
A sample leaves with the packet that contains it, so times are exact to one frame.
"""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Callable
from typing import Final

import numpy as np

from bench.floor.cases import Echo
from bench.floor.sounds import FRAME, Samples, Sound, as_floats, as_int16
from voicebot.audio import FRAME_S, PCMU
from voicebot.caller.ear import Ear
from voicebot.events import Event
from voicebot.legs import Leg
from voicebot.rtp import Clip

AHEAD: Final = 2
"""Frames that are mixed before they leave."""
QUIET_S: Final = 0.7
"""The bot has finished speaking when nothing was audible for so long."""
LONGEST_CALL_S: Final = 600.0


class Mixer:
    """What is sent, a frame at a time. Pure."""

    def __init__(self, noise: Samples | None = None) -> None:
        self.echo: Echo | None = None
        self.mixed = 0
        """How many frames were made."""
        self._noise = noise
        self._playing: list[tuple[int, Samples]] = []
        self._received: list[Samples] = []

    def play(self, samples: Samples) -> int:
        """Play ``samples`` from the next frame on; returns the number of that frame."""
        self._playing.append((self.mixed, samples))
        return self.mixed

    def receive(self, frame: Samples) -> None:
        """A frame has come from the other side; what an echo may need is kept."""
        self._received.append(frame)
        del self._received[:-64]

    def frame(self) -> Samples:
        """The next frame."""
        at, total = self.mixed, np.zeros(FRAME, np.float32)
        self.mixed += 1
        if self._noise is not None:
            total += self._noise[np.arange(at * FRAME, (at + 1) * FRAME) % len(self._noise)]
        for first, samples in self._playing:
            piece = samples[(at - first) * FRAME : (at - first + 1) * FRAME]
            total[: len(piece)] += piece
        self._playing = [(first, s) for first, s in self._playing if (self.mixed - first) * FRAME < len(s)]
        if self.echo is not None:
            back = max(1, round(self.echo.delay_s / FRAME_S) - AHEAD)
            if back <= len(self._received):
                total += self._received[-back] * np.float32(10 ** (self.echo.db / 20))
        return np.clip(total, -1, 1)


class Line:
    """A :class:`~voicebot.legs.LegSink`: connect it, then :meth:`open` it when the call has been answered."""

    def __init__(self, noise: Samples | None = None) -> None:
        self.ear = Ear(PCMU, quiet_s=QUIET_S)
        self.mixer = Mixer(noise)
        self.ended_at: float | None = None
        self._loop = asyncio.get_running_loop()
        self._clip = Clip(1, PCMU, limit_s=LONGEST_CALL_S)
        self._left: array[float] = array("d")
        self._waiter: tuple[Callable[[], bool], asyncio.Future[bool]] | None = None

    def open(self, leg: Leg) -> None:
        """Begin to send."""
        for _ in range(AHEAD):
            self._feed()
        leg.playout.append(self._clip)

    # --- LegSink ------------------------------------------------------------------------------------------------------

    def frame(self, payload: bytes, at: float) -> None:
        self.ear.frame(payload, at)
        self.mixer.receive(as_floats(PCMU.decode(payload)))
        self._look()

    def sent(self, _payload: bytes, at: float) -> None:
        while len(self._left) < round(self._clip.heard_s / FRAME_S):
            self._left.append(at)
            self._feed()
        self.ear.tick(at)
        self._look()

    def key(self, key: str, at: float) -> None:
        pass

    def fact(self, event: Event) -> None:
        pass

    def ended(self, _reason: str, at: float) -> None:
        self.ended_at = at
        self._look()

    # --- what a case needs --------------------------------------------------------------------------------------------

    async def say(self, sound: Sound) -> tuple[float, float] | None:
        """Play ``sound`` to its end. Returns when its first and last audible samples left; None if the call ended."""
        first = self.mixer.play(sound.samples)
        last = first + sound.frames
        if not await self.wait(lambda: len(self._left) >= last, sound.frames * FRAME_S + 5):
            return None
        onset, offset = (first + int(seconds / FRAME_S) for seconds in (sound.onset_s, sound.offset_s - 1e-6))
        return self._left[onset], self._left[offset]

    async def wait(self, condition: Callable[[], bool], deadline_s: float) -> bool:
        """Wait until ``condition`` holds, which is looked at with each frame. False after ``deadline_s``, and if the
        call ends before."""
        waiter: asyncio.Future[bool] = self._loop.create_future()
        self._waiter = (condition, waiter)
        try:
            self._look()
            async with asyncio.timeout(deadline_s):
                return await waiter
        except TimeoutError:
            return False
        finally:
            self._waiter = None

    async def pause(self, seconds: float) -> None:
        """Wait for ``seconds``, at most until the call ends."""
        await self.wait(lambda: False, seconds)

    def _look(self) -> None:
        if self._waiter is None:
            return
        condition, waiter = self._waiter
        if not waiter.done() and ((held := condition()) or self.ended_at is not None):
            waiter.set_result(held)

    def _feed(self) -> None:
        self._clip.feed(PCMU.encode(as_int16(self.mixer.frame())))
