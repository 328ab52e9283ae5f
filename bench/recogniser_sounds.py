"""Sounds of callers that are no words, for the benches of the recogniser: made by formula, and human voices that are
damped as by closed lips."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from bench.floor.sounds import cough, knocks
from bench.recordings import RATE, shared
from voicebot.audio import PCMU
from voicebot.caller.wav import read_wav

Formants = list[tuple[float, float, float]]
"""Hz, width in Hz, and share of each resonance."""
Wave = NDArray[np.float64]


def sounds(rng: np.random.Generator, each: int) -> Iterator[tuple[str, Wave]]:
    """``each`` of every kind, with its name."""
    for number in range(each):
        pitch, nose = rng.uniform(90, 240), _nose(rng)
        yield "hum", _voiced(rng, rng.uniform(0.2, 0.8), pitch, nose)
        first, second = (_voiced(rng, rng.uniform(0.12, 0.3), pitch * rng.uniform(0.95, 1.2), nose) for _ in range(2))
        yield "hum of two", np.concatenate((first, _breath(rng, 0.07) * np.abs(first).max() * 0.1, second))
        yield "uh", _voiced(rng, rng.uniform(0.15, 0.6), pitch, _mouth(rng))
        yield "breath", _breath(rng, rng.uniform(0.2, 0.9))
        yield "cough", cough(100 + number).astype(float)
        yield "knocks", knocks(100 + number).astype(float)
    recordings = [recording for recording in shared("human_digits") if recording.condition == "clean"]
    for recording in recordings[: each if recordings else 0]:
        voice = PCMU.decode(read_wav(recording.path, PCMU)) / 32768
        yield "closed lips", _damped(rng, voice[round(recording.onset_s * RATE) : round(recording.offset_s * RATE)])


def _voiced(rng: np.random.Generator, seconds: float, pitch: float, formants: Formants) -> Wave:
    """A voice that glides a little."""
    glide = np.linspace(pitch, pitch * rng.uniform(0.85, 1.2), round(seconds * RATE))
    phase = 2 * np.pi * np.cumsum(glide) / RATE
    buzz = sum((np.sin(n * phase) / n for n in range(1, int(3600 / glide.max()))), np.zeros(len(phase)))
    return _shaped(rng, _resonant(buzz, formants))


def _breath(rng: np.random.Generator, seconds: float) -> Wave:
    noise = rng.standard_normal(round(seconds * RATE))
    return _shaped(rng, _resonant(noise, [(rng.uniform(400, 900), 300, 1), (1600, 600, 0.5), (2900, 800, 0.3)]))


def _damped(rng: np.random.Generator, voice: Wave) -> Wave:
    """Some of ``voice`` without what is higher than closed lips let through."""
    length = min(len(voice), round(rng.uniform(0.25, 0.6) * RATE))
    begin = int(rng.integers(0, len(voice) - length + 1))
    spectrum = np.fft.rfft(voice[begin : begin + length])
    at = np.fft.rfftfreq(length, 1 / RATE)
    return _shaped(rng, np.fft.irfft(spectrum / (1 + (at / rng.uniform(280, 420)) ** 8), length))


def _nose(rng: np.random.Generator) -> Formants:
    return [(rng.uniform(200, 320), 90, 1), (rng.uniform(900, 1200), 200, 0.06), (2300, 300, 0.03)]


def _mouth(rng: np.random.Generator) -> Formants:
    low, high = ((320, 2300), (450, 850), (700, 1200), (600, 1200), (550, 1500))[int(rng.integers(5))]
    return [(low, 100, 1), (high, 140, 0.5), (2500, 250, 0.12)]


def _resonant(source: Wave, formants: Formants) -> Wave:
    spectrum, at = np.fft.rfft(source), np.fft.rfftfreq(len(source), 1 / RATE)
    gain = sum(share / (1 + ((at - hz) / width) ** 2) for hz, width, share in formants)
    return np.fft.irfft(spectrum * gain, len(source))


def _shaped(rng: np.random.Generator, sound: Wave) -> Wave:
    """``sound`` rising and falling, at a level of 1."""
    rise, fall = rng.uniform(0.02, 0.06), rng.uniform(0.05, 0.15)
    at = np.arange(len(sound)) / RATE
    shape = np.minimum(1, at / rise) * np.minimum(1, (at[-1] - at) / fall)
    level = max(float(np.sqrt(np.mean(sound**2))), 1e-9)
    return np.asarray(sound * shape / level)
