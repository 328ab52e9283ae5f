"""Packets by number into a receive buffer, with the clock's ticks between them."""

from __future__ import annotations

import random

from voicebot.audio import PCMU
from voicebot.rtp.reorder import ReceiveBuffer

SSRC = 1
SILENCE = PCMU.frame_of_silence
QUIET = b"\xfe" * 160  # not silence, but nobody would call it speech


def loud(number: int, size: int = 160) -> bytes:
    """A payload that is told from every other by its content, and is not quiet."""
    return random.Random(number).randbytes(size)


class Wire:
    """Packets by number into a buffer, with the clock's ticks between them (at 10 ms, 30 ms, ...)."""

    def __init__(self, *, size: int = 160, first_sequence: int = 0, first_timestamp: int = 0, at: float = 0.0) -> None:
        self.buffer = ReceiveBuffer(PCMU, at)
        self.size, self.sequence, self.timestamp = size, first_sequence, first_timestamp
        self.frames: list[bytes] = []
        self.started = at
        self.ticked = 0

    def packet(
        self, number: int, at: float | None = None, *, ssrc: int = SSRC, skip: int = 0, audio: bytes = b""
    ) -> int:
        """Packet ``number``, whose timestamp is ``skip`` samples further than its number says; how many frames came."""
        if at is None:
            at = number * self.size / 8000
        self.ticks(at)
        released = self.buffer.push(
            (self.sequence + number) & 0xFFFF,
            (self.timestamp + number * self.size + skip) & 0xFFFFFFFF,
            ssrc,
            audio or loud(number, self.size),
            at,
        )
        self.frames += released
        return len(released)

    def ticks(self, until: float) -> int:
        """The clock's ticks up to ``until``; how many frames came."""
        before = len(self.frames)
        while (at := self.started + 0.01 + 0.02 * self.ticked) <= until + 1e-6:
            self.frames += self.buffer.tick(at)
            self.ticked += 1
        return len(self.frames) - before
