"""Sounds for calls: made by formula, brought to a level, mixed. Pure; each sound is the same whenever it is made.

All samples are float32, -1 to 1, at 8 kHz. Levels are those of the active part of a sound, in dBFS.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voicebot.audio import FRAME_S, PCMU
from voicebot.caller.mouth import BLOCK_S, NEIGHBOURS, VOICED_DBFS, voiced_span

RATE: Final = 8000
FRAME: Final = round(RATE * FRAME_S)
USUAL_DBFS: Final = -23.0
"""How loud callers speak, as in the shared recordings."""
ACTIVE_BELOW_PEAK_DB: Final = 25.0
"""Frames that are quieter than the loudest one by more than this are pauses, and no part of the level."""

Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Sound:
    """Something to play to the bot. ``onset_s``, ``offset_s``: the first and the last audible sample."""

    name: str
    samples: Samples
    onset_s: float
    offset_s: float

    @property
    def frames(self) -> int:
        return -(-len(self.samples) // FRAME)

    def at(self, dbfs: float) -> Sound:
        return replace(self, samples=at_level(self.samples, dbfs))

    def scaled(self, db: float) -> Sound:
        return replace(self, samples=(self.samples * 10 ** (db / 20)).astype(np.float32))


def sound(name: str, samples: Samples) -> Sound:
    """``samples`` as a sound, whose span is found by its level. Raises ValueError if nothing in it is audible."""
    span = voiced_span(PCMU.encode(as_int16(samples)), PCMU)
    if span is None:
        raise ValueError(f"nothing is audible in {name}")
    return Sound(name, samples, span[0] / RATE, (span[1] + 1) / RATE)


def as_int16(samples: Samples) -> NDArray[np.int16]:
    return np.asarray(np.clip(samples * 32768.0, -32768, 32767), np.int16)


def as_floats(samples: NDArray[np.int16]) -> Samples:
    return (samples / 32768.0).astype(np.float32)


def level_dbfs(samples: Samples) -> float:
    """The level of the active part; minus infinity for silence."""
    count = len(samples) // FRAME
    power = np.square(samples[: count * FRAME].astype(np.float64)).reshape(count, FRAME).mean(axis=1)
    if not count or power.max() <= 0:
        return float("-inf")
    active = power[power >= power.max() * 10 ** (-ACTIVE_BELOW_PEAK_DB / 10)]
    return float(10 * np.log10(active.mean()))


def at_level(samples: Samples, dbfs: float) -> Samples:
    """``samples`` scaled so that their level is ``dbfs``. Raises ValueError for silence."""
    level = level_dbfs(samples)
    if level == float("-inf"):
        raise ValueError("silence has no level")
    return (samples * 10 ** ((dbfs - level) / 20)).astype(np.float32)


def audible_span(samples: Samples, onset_s: float, offset_s: float) -> tuple[float, float]:
    """The first and the last audible sample between ``onset_s`` and ``offset_s``, as :mod:`voicebot.caller.mouth`
    defines it for clean sounds."""
    block = round(BLOCK_S * RATE)
    first, last = int(onset_s * RATE) // block, int(offset_s * RATE) // block
    blocks = samples[first * block : last * block].astype(np.float64)
    power = np.square(blocks).reshape(-1, block).mean(axis=1)
    voiced = np.convolve(power > 10 ** (VOICED_DBFS / 10), np.ones(4, int))[3:] >= NEIGHBOURS
    found = np.flatnonzero(voiced)
    if not len(found):
        return onset_s, offset_s
    return onset_s + float(found[0]) * BLOCK_S, onset_s + float(found[-1] + 4) * BLOCK_S


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * RATE), np.float32)


def joined(pieces: Sequence[Samples], gap_s: float) -> Samples:
    """``pieces`` one after the other, with ``gap_s`` of silence between them."""
    between = [silence(gap_s)] * (len(pieces) - 1)
    parts = [part for pair in zip(pieces, [*between, silence(0)], strict=True) for part in pair]
    return np.concatenate(parts)


def trimmed(samples: Samples, dbfs: float = -45.0) -> Samples:
    """``samples`` without the silence around them: what is quieter than ``dbfs``."""
    loud = np.flatnonzero(np.abs(samples) > 10 ** (dbfs / 20))
    return samples[loud[0] : loud[-1] + 1] if len(loud) else samples


def in_silence(samples: Samples, lead_s: float = 0.1, tail_s: float = 0.4) -> Samples:
    return np.concatenate((silence(lead_s), samples, silence(tail_s)))


def looped(pieces: Sequence[Samples], fade_s: float = 0.02) -> Samples:
    """``pieces`` of noise as one long noise, faded into each other, so that it can be played round and round."""
    fade = round(fade_s * RATE)
    rise = np.linspace(0, 1, fade, dtype=np.float32)
    length = sum(len(piece) - fade for piece in pieces)
    noise = np.zeros(length, np.float32)
    at = 0
    for piece in pieces:
        shaped = piece.copy()
        shaped[:fade] *= rise
        shaped[-fade:] *= rise[::-1]
        where = np.arange(at, at + len(piece)) % length
        np.add.at(noise, where, shaped)
        at += len(piece) - fade
    return noise


# --- by formula ---------------------------------------------------------------------------------------------------


def _random(name: str) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32(name.encode()))


def _time(seconds: float) -> NDArray[np.float64]:
    return np.arange(round(seconds * RATE)) / RATE


def _bump(seconds: float, rise_s: float, fall_s: float) -> NDArray[np.float64]:
    """A loudness that rises and falls, 0 to 1."""
    at = _time(seconds)
    return np.minimum(1, at / rise_s) * np.minimum(1, (seconds - at) / fall_s)


def _resonant(source: NDArray[np.float64], peaks: Sequence[tuple[float, float, float]]) -> NDArray[np.float64]:
    """``source`` with only what lies around ``peaks`` (Hz, width in Hz, share), as a mouth or a cup lets through."""
    spectrum = np.fft.rfft(source)
    at = np.fft.rfftfreq(len(source), 1 / RATE)
    gain = sum(share / (1 + ((at - hz) / width) ** 2) for hz, width, share in peaks)
    return np.asarray(np.fft.irfft(spectrum * gain, len(source)))


def _voiced(seconds: float, from_hz: float, to_hz: float) -> NDArray[np.float64]:
    """The buzz of a voice whose pitch glides."""
    phase = 2 * np.pi * np.cumsum(np.linspace(from_hz, to_hz, round(seconds * RATE))) / RATE
    total = np.zeros_like(phase)
    for n in range(1, int(3600 / max(from_hz, to_hz))):
        total += np.sin(n * phase) / n
    return total


_NOSE: Final = [(250.0, 90.0, 1.0), (1000.0, 200.0, 0.08), (2200.0, 300.0, 0.03)]
_O: Final = [(450.0, 100.0, 1.0), (850.0, 130.0, 0.5), (2400.0, 250.0, 0.1)]
_A: Final = [(700.0, 120.0, 1.0), (1200.0, 150.0, 0.6), (2500.0, 250.0, 0.15)]


def hummed_mhm() -> Samples:
    """Two hums with the mouth closed, the second one higher: "mhm"."""
    first = _resonant(_voiced(0.18, 112, 105), _NOSE) * _bump(0.18, 0.03, 0.05)
    second = _resonant(_voiced(0.28, 118, 138), _NOSE) * _bump(0.28, 0.04, 0.12)
    return np.concatenate((first, np.zeros(round(0.05 * RATE)), second)).astype(np.float32)


def hummed_mm() -> Samples:
    """One long falling hum: "mmm"."""
    return (_resonant(_voiced(0.45, 190, 160), _NOSE) * _bump(0.45, 0.06, 0.2)).astype(np.float32)


def hummed_uh_huh() -> Samples:
    """Two open sounds with a breath between: "uh-huh"."""
    first = _resonant(_voiced(0.13, 125, 118), _A) * _bump(0.13, 0.02, 0.04)
    second = _resonant(_voiced(0.2, 122, 150), _A) * _bump(0.2, 0.05, 0.08)
    breath = 0.05 * _random("uh-huh").standard_normal(round(0.08 * RATE))
    return np.concatenate((first, breath, second)).astype(np.float32)


def laugh() -> Samples:
    """Five short voiced breaths that get quieter."""
    parts = []
    for n in range(5):
        burst = _resonant(_voiced(0.11, 240 - 14 * n, 215 - 14 * n), _A) * _bump(0.11, 0.015, 0.06)
        breath = 0.08 * np.abs(burst).max() * _random(f"laugh {n}").standard_normal(round(0.07 * RATE))
        parts += [burst * 0.85**n, breath * 0.85**n]
    return np.concatenate(parts).astype(np.float32)


def cough(number: int) -> Samples:
    """One to three bursts of breath, each with a sharp beginning; every other one ends in a voiced moan."""
    random = _random(f"cough {number}")
    parts = []
    for _ in range(1 + number % 3):
        seconds = float(random.uniform(0.16, 0.26))
        shape = np.minimum(1, _time(seconds) / 0.006) * np.exp(-_time(seconds) * 14)
        peaks = [(float(random.uniform(500, 900)), 250.0, 1.0), (1600.0, 500.0, 0.6), (3000.0, 700.0, 0.3)]
        parts += [_resonant(random.standard_normal(len(shape)), peaks) * shape, np.zeros(round(0.12 * RATE))]
    if number % 2:
        moan = _resonant(_voiced(0.16, 130, 105), _A) * _bump(0.16, 0.03, 0.08)
        parts.append(moan / np.abs(moan).max() * np.abs(parts[0]).max() * 0.7)
    return np.concatenate(parts).astype(np.float32)


def knocks(number: int) -> Samples:
    """A cup put down, or knuckles on wood: two to four short blows."""
    random = _random(f"knocks {number}")
    parts = []
    for _ in range(2 + number % 3):
        at = _time(0.2)
        tones = sum(np.sin(2 * np.pi * hz * at) * np.exp(-at * hz / 6) for hz in random.uniform(180, 2200, 5))
        parts.append(np.asarray(tones) * np.minimum(1, at / 0.001))
    return np.concatenate(parts).astype(np.float32)


def music(number: int, seconds: float = 4.0) -> Samples:
    """Chords in a rhythm, with a bass and a beat."""
    random = _random(f"music {number}")
    beat_s = float(random.uniform(0.35, 0.55))
    root = float(random.uniform(180, 260))
    total = np.zeros(round(seconds * RATE))
    for n in range(int(seconds / beat_s)):
        at = _time(beat_s)
        base = root * 2 ** (float(random.choice([0, 5, 7, 9])) / 12)
        chord = [base * 2 ** (step / 12) for step in (0, 4, 7, 12)]
        tones = sum(np.sin(2 * np.pi * hz * k * at) / k**1.5 for hz in [base / 2, *chord] for k in range(1, 6))
        drum = 2.5 * random.standard_normal(len(at)) * np.exp(-at * 40)
        begin = round(n * beat_s * RATE)
        piece = (np.asarray(tones) * np.exp(-at * 2.5) + drum)[: len(total) - begin]
        total[begin : begin + len(piece)] += piece
    return total.astype(np.float32)


def song(number: int, seconds: float = 4.0) -> Samples:
    """Music with somebody who sings over it: long vowels on the notes of a melody, with vibrato."""
    random = _random(f"song {number}")
    band = music(number, seconds)
    total = np.zeros(len(band))
    at = 0.2
    while at < seconds - 0.7:
        held_s = float(random.uniform(0.3, 0.6))
        hz = 160 * 2 ** (float(random.choice([0, 2, 4, 5, 7, 9])) / 12)
        time = _time(held_s)
        phase = 2 * np.pi * np.cumsum(hz * (1 + 0.015 * np.sin(2 * np.pi * 5.5 * time))) / RATE
        buzz = sum((np.sin(n * phase) / n for n in range(1, int(3600 / hz))), np.zeros(len(time)))
        vowel = _A if random.random() < 0.5 else _O
        begin = round(at * RATE)
        total[begin : begin + len(time)] += _resonant(buzz, vowel) * _bump(held_s, 0.05, 0.1)
        at += held_s + float(random.uniform(0.0, 0.15))
    sung = at_level(total.astype(np.float32), USUAL_DBFS)
    return (sung + at_level(band, USUAL_DBFS - 6)).astype(np.float32)


def kitchen(seconds: float = 6.0) -> Samples:
    """Water, a hum and clinks: for where the shared recordings of a kitchen are not there."""
    random = _random("kitchen")
    water = _resonant(random.standard_normal(round(seconds * RATE)), [(900.0, 700.0, 1.0), (2800.0, 900.0, 0.5)])
    total = np.asarray(water / np.abs(water).max()) + 0.3 * np.sin(2 * np.pi * 100 * _time(seconds))
    for _ in range(int(seconds * 2)):
        at = _time(0.15)
        clink = sum(np.sin(2 * np.pi * hz * at) * np.exp(-at * 40) for hz in random.uniform(1500, 3600, 3))
        begin = int(random.integers(0, len(total) - len(at)))
        total[begin : begin + len(at)] += 0.5 * np.asarray(clink)
    return total.astype(np.float32)


MADE: Final[dict[str, Callable[[], Samples]]] = {
    "hum-mhm": hummed_mhm,
    "hum-mm": hummed_mm,
    "hum-uh-huh": hummed_uh_huh,
    "laugh": laugh,
    **{f"cough-{n}": partial(cough, n) for n in range(4)},
    **{f"knocks-{n}": partial(knocks, n) for n in range(4)},
    **{f"music-{n}": partial(music, n) for n in range(2)},
    **{f"song-{n}": partial(song, n) for n in range(2)},
    "kitchen-made": kitchen,
}


def made(name: str) -> Sound:
    """The sound of :data:`MADE`, as loud as a caller speaks."""
    return sound(name, in_silence(at_level(MADE[name](), USUAL_DBFS)))
