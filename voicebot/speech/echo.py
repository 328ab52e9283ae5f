"""The bot's own voice coming back: a line, a loudspeaker or a conference bridge that returns what it hears.

The gate of `voice_activity` holds back a faint echo. With a loud one the bot interrupts itself in each prompt, and
answers its own words (recognised in pieces, so they cannot be told by their text). But it is a copy: where the last
120 ms that came agree, at any delay up to half a second, with what was sent, sample by sample (normalised
cross-correlation of 0.85; 0.75 right after echo, for lost packets), the frame is replaced by silence, for voice
activity and recogniser alike. A caller who talks at the same time spoils the agreement, and is heard.

Costs some 0.4 ms a frame, but only while both sides are loud. Wideband audio is compared at half its rate, which is as
telling.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from voicebot.audio import AudioFormat, Samples

MAX_DELAY_S: Final = 0.5
_RATE: Final = 8000
_COMPARED: Final = 960
_KEPT: Final = round(MAX_DELAY_S * _RATE) + _COMPARED
_TRANSFORM: Final = 8192
_ALIKE: Final = 0.85
_STILL_ALIKE: Final = 0.75
_RIGHT_AFTER: Final = 10
"""Frames."""
_LEAST: Final = 1e-6 * _COMPARED
"""Energy of as much sound at -60 dBFS: what was sent more quietly cannot be told from any other sound."""


class EchoGuard:
    """One call's. Fed with every frame that was sent, asked about every frame that came; both in the order of time.

    Payloads are kept as they are and become samples only when they must be compared.
    """

    def __init__(self, audio: AudioFormat) -> None:
        self._audio = audio
        self._fold = audio.rate // _RATE
        self._kept, self._compared = _KEPT * self._fold * audio.width, _COMPARED * self._fold * audio.width  # bytes
        self._sent = audio.silence(_KEPT * self._fold)
        self._came = audio.silence(_COMPARED * self._fold)
        self._audible = 0  # bytes until what was sent last with any sound in it is forgotten
        self._since_echo = _RIGHT_AFTER  # frames
        self.frames = 0
        """How many frames were taken for echo."""

    def sent(self, payload: bytes) -> None:
        """Audio that left."""
        self._sent = (self._sent + payload)[-self._kept :]
        loud = not self._audio.is_quiet(payload)
        self._audible = self._kept if loud else max(0, self._audible - len(payload))

    def without_echo(self, payload: bytes) -> bytes:
        """Audio that came: as it is, or as much silence when it is our own."""
        self._came = (self._came + payload)[-self._compared :]
        self._since_echo += 1
        if not self._audible or self._audio.is_quiet(payload):
            return payload
        if self._likeness() < (_STILL_ALIKE if self._since_echo <= _RIGHT_AFTER else _ALIKE):
            return payload
        self.frames += 1
        self._since_echo = 0
        return self._audio.silent_byte * len(payload)

    def _likeness(self) -> float:
        """0 to 1: the best agreement at any delay."""
        ours, theirs = self._samples(self._sent), self._samples(self._came)
        spectrum = np.fft.rfft(ours, _TRANSFORM) * np.conj(np.fft.rfft(theirs, _TRANSFORM))
        products = np.fft.irfft(spectrum, _TRANSFORM)[: _KEPT - _COMPARED + 1]
        energy = np.cumsum(np.pad(ours.astype(np.float64) ** 2, (1, 0)))
        energy = energy[_COMPARED:] - energy[:-_COMPARED]
        came = float(np.dot(theirs, theirs))
        return float(np.max(products / np.sqrt(np.maximum(energy, _LEAST) * came))) if came else 0.0

    def _samples(self, payload: bytes) -> Samples:
        samples = self._audio.floats(payload)
        if self._fold > 1:
            samples = samples.reshape(-1, self._fold).mean(axis=1, dtype=np.float32)
        return samples
