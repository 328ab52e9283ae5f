"""The bot's own voice coming back: a line, a loudspeaker or a conference bridge that returns what it hears.

The gate of `voice_activity` holds back a faint echo. With a loud one the bot interrupts itself in each prompt, and
answers its own words (recognised in pieces, so they cannot be told by their text). But it is a copy: where the last
120 ms that came agree, at any delay up to half a second, with what was sent, sample by sample (normalised
cross-correlation of 0.85; 0.75 right after echo, for lost packets), the frame is replaced by silence, for voice
activity and recogniser alike. A caller who talks at the same time spoils the agreement, and is heard.

Costs some 0.4 ms a frame, but only while both sides are loud.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from voicebot import g711
from voicebot.events import Law

MAX_DELAY_S: Final = 0.5
_COMPARED: Final = 960
_KEPT: Final = round(MAX_DELAY_S * g711.SAMPLE_RATE) + _COMPARED
_TRANSFORM: Final = 8192
_ALIKE: Final = 0.85
_STILL_ALIKE: Final = 0.75
_RIGHT_AFTER: Final = 10
"""Frames."""
_LOUD: Final = 10 ** (-50 / 10)
"""Mean square: quieter sound is nobody's voice."""

Samples = NDArray[np.float32]


class EchoGuard:
    """One call's. Fed with every frame that was sent, asked about every frame that came; both in the order of time."""

    def __init__(self, law: Law) -> None:
        self._law = law
        self._silence = g711.SILENCE[law]
        self._sent: Samples = np.zeros(_KEPT, np.float32)
        self._came: Samples = np.zeros(_COMPARED, np.float32)
        self._audible = 0  # samples until what was sent last with any sound in it is forgotten
        self._since_echo = _RIGHT_AFTER  # frames
        self.frames = 0
        """How many frames were taken for echo."""

    def sent(self, payload: bytes) -> None:
        """G.711 that left."""
        samples = self._decode(payload)
        self._sent = _pushed(self._sent, samples)
        self._audible = _KEPT if _power(samples) > _LOUD else max(0, self._audible - len(samples))

    def heard(self, payload: bytes) -> bytes:
        """G.711 that came: as it is, or as much silence when it is our own."""
        samples = self._decode(payload)
        self._came = _pushed(self._came, samples)
        self._since_echo += 1
        if not self._audible or _power(samples) <= _LOUD:
            return payload
        if self._likeness() < (_STILL_ALIKE if self._since_echo <= _RIGHT_AFTER else _ALIKE):
            return payload
        self.frames += 1
        self._since_echo = 0
        return bytes([self._silence]) * len(payload)

    def _likeness(self) -> float:
        """0 to 1: the best agreement at any delay."""
        spectrum = np.fft.rfft(self._sent, _TRANSFORM) * np.conj(np.fft.rfft(self._came, _TRANSFORM))
        products = np.fft.irfft(spectrum, _TRANSFORM)[: _KEPT - _COMPARED + 1]
        energy = np.concatenate(([0.0], np.cumsum(self._sent.astype(np.float64) ** 2)))
        energy = energy[_COMPARED:] - energy[:-_COMPARED]
        came = float(np.dot(self._came, self._came))
        # where next to nothing was sent there is nothing to agree with
        least = np.maximum(energy, _LOUD * _COMPARED * 0.1) * came
        return float(np.max(products / np.sqrt(least))) if came else 0.0

    def _decode(self, payload: bytes) -> Samples:
        return g711.decode(payload, self._law).astype(np.float32) / np.float32(32768.0)


def _pushed(buffer: Samples, samples: Samples) -> Samples:
    return np.concatenate((buffer, samples))[-len(buffer) :]


def _power(samples: Samples) -> float:
    return float(np.dot(samples, samples)) / max(1, len(samples))
