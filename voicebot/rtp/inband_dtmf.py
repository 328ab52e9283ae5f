"""Detects keypad tones (DTMF, ITU-T Q.23) in the audio, for trunks without telephone-event. Pure.

Every 10 ms, the power in a window of 20 ms is measured at the eight tones and at twice their frequencies (Goertzel
filters, computed as one matrix product). A window has a key if one low and one high tone stand out, are about equally
loud, and make up most of the power. That and the absence of harmonics keep speech from being taken for keys (talk-off).
Three windows in a row make a press, which is then at least 40 ms long, as Q.24 requires; two without the key end it.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voicebot.audio import AudioFormat

KEYS: Final = ("123A", "456B", "789C", "*0#D")
LOW: Final = (697, 770, 852, 941)
HIGH: Final = (1209, 1336, 1477, 1633)

_WINDOW_S: Final = 0.020
_HOP_S: Final = 0.010
_HITS: Final = 3
_MISSES: Final = 2

_LEVEL: Final = (10 ** (-36 / 20) * 32768) ** 2 / 2  # mean square of the weaker tone: 36 dB below a full-scale sine
_TWIST_HIGH: Final = 10**0.8  # the high tone may be up to 8 dB louder than the low one, Q.24 asks for 4 to 5
_TWIST_LOW: Final = 10**1.0  # and up to 10 dB weaker, Q.24 asks for 8
_STANDS_OUT: Final = 10**0.6  # over every other tone of its group
_SHARE: Final = 0.55  # of the window's power, at least, in the two tones
_HARMONIC: Final = 0.06  # power at twice a tone's frequency, at most, as a share of the tone's power (-12 dB)
_LEAK: Final = 0.2  # share of the high tone's power that may show at twice the low tone's frequency, which is near it

_FREQUENCIES: Final = np.array([*LOW, *HIGH, *(2 * f for f in LOW), *(2 * f for f in HIGH)], np.float64)


@cache
def _filters(rate: int) -> NDArray[np.float32]:
    """Cosines and sines of all frequencies; scaled so that a sine of amplitude A gives its mean square, A² / 2."""
    window = round(rate * _WINDOW_S)
    phases = 2 * np.pi * np.outer(_FREQUENCIES, np.arange(window)) / rate
    waves = np.concatenate((np.cos(phases), np.sin(phases)))
    return np.asarray(waves * np.sqrt(2) / window, np.float32)


class InbandDtmfReceiver:
    """Finds the key presses in one call's audio, each once."""

    __slots__ = ("_audio", "_candidate", "_filters", "_hits", "_hop", "_misses", "_past", "_pressed")

    def __init__(self, audio: AudioFormat) -> None:
        self._audio = audio
        self._filters = _filters(audio.rate)
        self._hop = round(audio.rate * _HOP_S)
        self._past: NDArray[np.float32] = np.zeros(self._hop, np.float32)
        self._candidate = ""
        self._hits = self._misses = 0
        self._pressed = ""

    def receive(self, frame: bytes) -> str:
        """The keys whose press is recognised with this frame of 20 ms: usually none, at most two."""
        if len(frame) != self._audio.frame_bytes or (
            not self._pressed and not self._hits and self._audio.is_quiet(frame)
        ):
            self._past = np.zeros(self._hop, np.float32)
            return ""
        samples = np.concatenate((self._past, self._audio.decode(frame).astype(np.float32)))
        hop = self._hop
        self._past = samples[-hop:]
        first, second = samples[: 2 * hop], samples[hop : 3 * hop]
        return self._window(_key(first, self._filters)) + self._window(_key(second, self._filters))

    def _window(self, key: str) -> str:
        if self._pressed:
            self._misses = 0 if key == self._pressed else self._misses + 1
            if self._misses < _MISSES:
                return ""
            self._pressed, self._candidate, self._hits = "", "", 0
        if key != self._candidate:
            self._candidate, self._hits = key, 0
        if not key:
            return ""
        self._hits += 1
        if self._hits < _HITS:
            return ""
        self._pressed, self._misses, self._hits = key, 0, 0
        return key


def _key(window: NDArray[np.float32], filters: NDArray[np.float32]) -> str:
    """The key whose tones are in the window; empty if there is none."""
    parts = filters @ window
    power = parts[:16] ** 2 + parts[16:] ** 2
    low, high = int(power[:4].argmax()), int(power[4:8].argmax())
    low_power, high_power = float(power[low]), float(power[4 + high])
    if min(low_power, high_power) < _LEVEL:
        return ""
    if high_power > low_power * _TWIST_HIGH or low_power > high_power * _TWIST_LOW:
        return ""
    if low_power + high_power < _SHARE * float(np.mean(window**2)):
        return ""
    others_low, others_high = power[:4].copy(), power[4:8].copy()
    others_low[low] = others_high[high] = 0
    if others_low.max() * _STANDS_OUT > low_power or others_high.max() * _STANDS_OUT > high_power:
        return ""
    if power[8 + low] > _HARMONIC * low_power + _LEAK * high_power or power[12 + high] > _HARMONIC * high_power:
        return ""
    return KEYS[low][high]
