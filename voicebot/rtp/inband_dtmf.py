"""Keypad tones in the audio itself (ITU-T Q.23), for trunks that have no telephone-event. Pure.

The power at the eight tones, and at twice their frequencies, is taken of 20 ms every 10 ms: Goertzel's filters, all at
once as one product of a matrix. A window shows a key when one low and one high tone stand out, are about equally loud,
and are nearly all there is. The last is what keeps speech out (talk-off), with the harmonics that a voice has and a
telephone's generator has not. Three windows in a row make a press, of 40 ms at the least as Q.24 asks; two without it
end the press.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from voicebot.events import Law
from voicebot.g711 import FRAME_BYTES, SAMPLE_RATE, decode, is_quiet

KEYS: Final = ("123A", "456B", "789C", "*0#D")
LOW: Final = (697, 770, 852, 941)
HIGH: Final = (1209, 1336, 1477, 1633)

_WINDOW: Final = 160
_HOP: Final = 80
_HITS: Final = 3
_MISSES: Final = 2

_LEVEL: Final = (10 ** (-36 / 20) * 32768) ** 2 / 2  # mean square of the weaker tone: -36 dB below a full-scale sine
_TWIST_HIGH: Final = 10**0.8  # the high tone may be up to 8 dB louder than the low one, Q.24 asks for 4 to 5
_TWIST_LOW: Final = 10**1.0  # and up to 10 dB weaker, Q.24 asks for 8
_STANDS_OUT: Final = 10**0.6  # over the other tones of its group
_SHARE: Final = 0.55  # of the window's power that the two tones have
_HARMONIC: Final = 0.06  # power at twice a tone's frequency, as a share of the tone's: below -12 dB
_LEAK: Final = 0.2  # of the high tone's power, at twice a low tone's frequency, which may be near to it

_FREQUENCIES: Final = np.array([*LOW, *HIGH, *(2 * f for f in LOW), *(2 * f for f in HIGH)], np.float64)
_PHASES: Final = 2 * np.pi * np.outer(_FREQUENCIES, np.arange(_WINDOW)) / SAMPLE_RATE
_FILTERS: Final = np.concatenate((np.cos(_PHASES), np.sin(_PHASES))).astype(np.float32)
_SCALE: Final = 2 / _WINDOW**2  # a sine of amplitude A gives its mean square, A² / 2


class InbandDtmfReceiver:
    """Finds presses in one call's audio, each once."""

    __slots__ = ("_candidate", "_hits", "_law", "_misses", "_past", "_pressed")

    def __init__(self, law: Law) -> None:
        self._law: Law = law
        self._past: NDArray[np.float32] = np.zeros(_HOP, np.float32)
        self._candidate = ""
        self._hits = self._misses = 0
        self._pressed = ""

    def receive(self, frame: bytes) -> str:
        """The keys that 20 ms (160 bytes of G.711) confirm: mostly none, in theory two."""
        if len(frame) != FRAME_BYTES or (not self._pressed and not self._hits and is_quiet(frame, self._law)):
            self._past = np.zeros(_HOP, np.float32)
            return ""
        samples = np.concatenate((self._past, decode(frame, self._law).astype(np.float32)))
        self._past = samples[-_HOP:]
        return self._window(_key(samples[:_WINDOW])) + self._window(_key(samples[_HOP : _HOP + _WINDOW]))

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


def _key(window: NDArray[np.float32]) -> str:
    """The key whose tones the window has; empty for none."""
    parts = _FILTERS @ window
    power = (parts[:16] ** 2 + parts[16:] ** 2) * _SCALE
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
