"""WAV files in and out: utterances in the leg's format, and a call's two sides as stereo.

The standard library's ``wave`` refuses G.711 in WAV (format tags 6 and 7), which is how telephone recordings are kept,
so the RIFF chunks are read here.
"""

from __future__ import annotations

import struct
import wave
from pathlib import Path
from typing import Final

import numpy as np
import soxr

from voicebot.audio import PCMA, PCMU, AudioFormat

MAX_BYTES: Final = 64 * 1024 * 1024
_PCM, _A_LAW, _MU_LAW, _EXTENSIBLE = 1, 6, 7, 0xFFFE


class WavError(ValueError):
    """A file that is not a WAV that can be said."""


def read_wav(path: Path, audio: AudioFormat) -> bytes:
    """The first channel of a WAV file (16 bit PCM, mu-law or A-law, any rate) in the format ``audio``. Blocks.

    Raises :class:`WavError` for what is not such a file, OSError when it cannot be read.
    """
    if path.stat().st_size > MAX_BYTES:
        raise WavError(f"{path.name} is larger than {MAX_BYTES // 2**20} MB")
    tag, channels, rate, data = _chunks(path.read_bytes(), path.name)
    if tag == _PCM:
        samples = np.frombuffer(data[: len(data) // 2 * 2], "<i2")
    else:
        own = PCMA if tag == _A_LAW else PCMU
        if channels == 1 and rate == audio.rate and own is audio:
            return data
        samples = own.decode(data)
    samples = samples[: len(samples) // channels * channels : channels]
    if rate != audio.rate:
        samples = soxr.resample(np.ascontiguousarray(samples), rate, audio.rate)
    return audio.encode(samples)


def write_stereo(path: Path, left: bytes, right: bytes, audio: AudioFormat) -> None:
    """Write two tracks as one 16 bit stereo WAV; the shorter one is filled with silence. Blocks."""
    length = max(len(left), len(right))
    tracks = [audio.decode(track.ljust(length, audio.silent_byte)) for track in (left, right)]
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.part")
    with wave.open(str(draft), "wb") as wav:
        wav.setnchannels(2)
        wav.setsampwidth(2)
        wav.setframerate(audio.rate)
        wav.writeframes(np.stack(tracks, axis=1).astype("<i2").tobytes())
    draft.replace(path)


def _chunks(raw: bytes, name: str) -> tuple[int, int, int, bytes]:
    """Format tag, channels, rate and the audio of a RIFF file."""
    if len(raw) < 12 or raw[:4] != b"RIFF" or raw[8:12] != b"WAVE":
        raise WavError(f"{name} is not a WAV file")
    position, found = 12, None
    while position + 8 <= len(raw):
        kind, size = raw[position : position + 4], struct.unpack_from("<I", raw, position + 4)[0]
        body = raw[position + 8 : position + 8 + size]
        position += 8 + size + (size & 1)
        if kind == b"fmt " and len(body) >= 16:
            tag, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", body)
            if tag == _EXTENSIBLE and len(body) >= 26:
                tag = struct.unpack_from("<H", body, 24)[0]
            if (tag, bits) not in ((_PCM, 16), (_A_LAW, 8), (_MU_LAW, 8)) or not 1 <= channels <= 8:
                raise WavError(f"{name} is neither 16 bit PCM nor G.711 (format {tag}, {bits} bit)")
            if not 4000 <= rate <= 192_000:
                raise WavError(f"{name} has {rate} samples a second")
            found = tag, channels, rate
        elif kind == b"data" and found is not None:
            return *found, body
    raise WavError(f"{name} has no audio in it")
