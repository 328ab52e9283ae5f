"""Removes a loud echo of the bot's voice: from a line, a loudspeaker or a conference bridge that returns its audio.

The gate of `voice_activity` ignores a faint echo. With a loud one the bot would interrupt itself in each prompt, and
answer its own words. (Their text is no help, because an echo is recognised in pieces.) But an echo is a copy. If the
last 120 ms received match what was sent, at any delay up to half a second (normalised cross-correlation of at least
0.85; 0.75 right after echo, because of lost packets), the frame is replaced by silence, for voice activity and
recogniser. If the caller talks at the same time, the match is lost, and the caller is heard.

It takes some 0.4 ms a frame, but only while both sides are loud. Wideband audio is compared at half its rate, which is
enough.
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
"""For how many frames after echo the lower limit applies."""
_LEAST: Final = 1e-6 * _COMPARED
"""Energy of the frames compared at -60 dBFS; an echo of anything quieter cannot be distinguished from other sounds."""


class EchoGuard:
    """The guard of one call. It must get every frame that was sent and every frame that was received, in order.

    Payloads are kept as they are, and decoded only when they must be compared.
    """

    def __init__(self, audio: AudioFormat) -> None:
        self._audio = audio
        self._fold = audio.rate // _RATE
        self._kept, self._compared = _KEPT * self._fold * audio.width, _COMPARED * self._fold * audio.width  # bytes
        self._sent = audio.silence(_KEPT * self._fold)
        self._came = audio.silence(_COMPARED * self._fold)
        self._audible = 0  # bytes until the last loud frame that was sent is out of reach
        self._since_echo = _RIGHT_AFTER  # frames
        self.frames = 0
        """How many frames were replaced."""

    def sent(self, payload: bytes) -> None:
        """Note audio that was sent."""
        self._sent = (self._sent + payload)[-self._kept :]
        loud = not self._audio.is_quiet(payload)
        self._audible = self._kept if loud else max(0, self._audible - len(payload))

    def without_echo(self, payload: bytes) -> bytes:
        """Received audio: unchanged, or as much silence if it is an echo."""
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
        """The best match at any delay, 0 to 1."""
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
