"""Recordings of human voices for calls: Debian's Asterisk prompts, and the project's shared audio where it is there."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voicebot.audio import PCMU, g711
from voicebot.caller.wav import read_wav

ASTERISK = Path("/usr/share/asterisk/sounds/en_US_f_Allison")
SHARED = Path(__file__).resolve().parents[2] / "shared" / "audio"
NO_RECORDINGS = "no recordings of human voices: apt-get install asterisk-core-sounds-en-wav"
RATE = g711.SAMPLE_RATE
DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")

Samples = NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class SharedRecording:
    """One recording of the shared audio. ``words``: what is said, or ``slots``: phrases that are in it. ``onset_s`` and
    ``offset_s``: where somebody begins and ends to speak."""

    name: str
    path: Path
    voice: str
    condition: str
    words: tuple[str, ...]
    slots: tuple[str, ...]
    onset_s: float
    offset_s: float

    @property
    def digits(self) -> str:
        return "".join(str(DIGITS.index(word)) for word in self.words)


@cache
def shared(kind: str) -> tuple[SharedRecording, ...]:
    """The recordings of one set of the shared audio; none where it is not there."""
    manifest = SHARED / "manifest.jsonl"
    if not manifest.is_file():
        return ()
    lines: list[dict[str, Any]] = [json.loads(line) for line in manifest.read_text().splitlines()]
    return tuple(
        SharedRecording(
            entry["id"],
            SHARED / entry["wav"],
            entry["voice"],
            entry["cond"],
            tuple(entry["ref"].split()),
            tuple(entry.get("slots", ())),
            entry["onset"],
            entry["offset"],
        )
        for entry in lines
        if entry["set"] == kind
    )


def asterisk(name: str) -> Samples:
    """One of the Asterisk prompts (``digits/1``), without the silence around it."""
    samples = PCMU.decode(read_wav(ASTERISK / f"{name}.wav", PCMU))
    loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > 300)
    return samples[loud[0] : loud[-1] + 1] if len(loud) else samples


def has_asterisk() -> bool:
    return (ASTERISK / "digits" / "1.wav").is_file()


def read_out(digits: str, *, gap_s: float = 0.12, group: int = 6, group_gap_s: float = 0.12) -> Samples:
    """``digits`` in the voice of the Asterisk prompts, with a pause after each ``group`` of them."""
    pieces: list[Samples] = []
    for index, digit in enumerate(digits):
        if index:
            pause = group_gap_s if index % group == 0 else gap_s
            pieces.append(np.zeros(round(pause * RATE), np.int16))
        pieces.append(asterisk(f"digits/{digit}"))
    return np.concatenate(pieces)


def write_wav(path: Path, samples: Samples) -> None:
    """16 bit mono at 8 kHz."""
    data = samples.astype("<i2").tobytes()
    head = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + len(data), b"WAVE", b"fmt ", 16, 1, 1, RATE, 2 * RATE, 2, 16,
                       b"data", len(data))  # fmt: skip
    path.write_bytes(head + data)
