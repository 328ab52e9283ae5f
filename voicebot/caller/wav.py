"""Reads WAV files as utterances in the leg's format, and writes both sides of a call as a stereo WAV file."""

from __future__ import annotations

import wave
from pathlib import Path
from typing import Final

import numpy as np

from voicebot.audio import AudioFormat, riff
from voicebot.private_files import whole_file

MAX_BYTES: Final = 64 * 1024 * 1024


class WavError(ValueError):
    """The file is not a WAV file that can be played."""


def read_wav(path: Path, audio: AudioFormat) -> bytes:
    """The first channel of a WAV file (16 bit PCM, mu-law or A-law, any rate) in the format ``audio``. Blocks.

    Raises :class:`WavError` if it is not such a file, and OSError if it cannot be read.
    """
    if path.stat().st_size > MAX_BYTES:
        raise WavError(f"{path.name} is larger than {MAX_BYTES // 2**20} MB")
    try:
        wave = riff.read_wave(path.read_bytes())
    except ValueError as error:
        raise WavError(f"{path.name} is not a WAV file that can be played: {error}") from error
    if wave.form.kind == riff.PCM and wave.form.bits != 16:
        raise WavError(f"{path.name} is neither 16 bit PCM nor G.711 ({wave.form.bits} bit PCM)")
    return wave.in_format(audio, mix=False)


def write_stereo(path: Path, left: bytes, right: bytes, audio: AudioFormat) -> None:
    """Write two tracks as one 16-bit stereo WAV file; silence is appended to the shorter one. Blocks."""
    length = max(len(left), len(right))
    tracks = [audio.decode(track.ljust(length, audio.silent_byte)) for track in (left, right)]
    with whole_file(path) as file, wave.open(file, "wb") as wav:
        wav.setnchannels(2)
        wav.setsampwidth(2)
        wav.setframerate(audio.rate)
        wav.writeframes(np.stack(tracks, axis=1).astype("<i2").tobytes())
