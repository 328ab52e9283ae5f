"""WAV files (RIFF ``WAVE``): their header, and their samples in the format of a leg. Pure.

Supported are PCM of 8 to 32 bits, mu-law and A-law, at 4 to 192 kHz, with up to eight channels. The standard library's
``wave`` does not read G.711, which telephone recordings often have.
"""

from __future__ import annotations

import struct
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from voicebot.audio.formats import PCMA, PCMU, AudioFormat

MAX_PLAYED_BYTES: Final = 12_000_000
MAX_PLAYED_S: Final = 120.0
"""The limits of audio files that are played in calls: larger ones are refused, longer ones are cut."""

MAX_CHUNKS: Final = 1000
"""In a file, before its samples; there is hardly one with more than ten. Empty ones have eight bytes."""

PCM, A_LAW, MU_LAW = 1, 6, 7
_EXTENSIBLE: Final = 0xFFFE
_PCM_BITS: Final = (8, 16, 24, 32)
_BLOCK: Final = 1 << 16
_G711: Final = {A_LAW: PCMA, MU_LAW: PCMU}
_FORM: Final = struct.Struct("<HHIIHH")


class WaveFormat(NamedTuple):
    """``kind``: the format tag, :data:`PCM`, :data:`A_LAW` or :data:`MU_LAW`; ``rate``: samples per second."""

    kind: int
    channels: int
    rate: int
    bits: int

    @property
    def block(self) -> int:
        """Bytes of one sample in all channels."""
        return self.channels * self.bits // 8


class WaveHeader(NamedTuple):
    """``begin``: the offset of the samples; ``size``: their bytes, according to the file."""

    form: WaveFormat
    begin: int
    size: int


class Wave(NamedTuple):
    """``data``: the samples, channels interleaved."""

    form: WaveFormat
    data: bytes

    @property
    def seconds(self) -> float:
        return len(self.data) / (self.form.rate * self.form.block)

    def samples(self) -> NDArray[np.float64]:
        """The samples, -1 to 1, shape (samples, channels)."""
        form = self.form
        data = self.data[: len(self.data) // form.block * form.block]
        flat = _pcm(data, form.bits) if form.kind == PCM else _G711[form.kind].floats(data).astype(np.float64)
        return flat.reshape(-1, form.channels)

    def in_format(self, audio: AudioFormat, *, mix: bool = True) -> bytes:
        """The samples in the format ``audio``, resampled if necessary: the mean of all channels, or the first channel
        if ``mix`` is false. May block for seconds, but needs little memory: it converts block by block.
        """
        form = self.form
        if form.channels == 1 and form.rate == audio.rate and _G711.get(form.kind) is audio:
            return self.data
        stream: Any = None
        if form.rate != audio.rate:
            import soxr  # only if needed: it loads slowly

            stream = soxr.ResampleStream(form.rate, audio.rate, 1, dtype="float64")
        step = _BLOCK * form.block
        pieces = []
        for begin in range(0, len(self.data), step):
            channels = Wave(form, self.data[begin : begin + step]).samples()
            samples = channels.mean(axis=1) if mix else channels[:, 0]
            if stream is not None:
                last = begin + step >= len(self.data)
                samples = stream.resample_chunk(np.ascontiguousarray(samples), last=last)
            pieces.append(audio.encode(np.rint(np.clip(samples, -1.0, 32767 / 32768) * 32768).astype(np.int16)))
        return b"".join(pieces)


def read_header(data: bytes, *, longest: int | None = None) -> WaveHeader | None:
    """The header of a WAV file that begins with ``data``; None if ``data`` ends before the samples begin.

    Raises ValueError if it is not a WAV file, is not supported, or has its samples more than ``longest`` bytes after
    its start.
    """
    if data[:4] != b"RIFF"[: len(data)] or data[8:12] != b"WAVE"[: max(0, len(data) - 8)]:
        raise ValueError("not a WAV file")
    position, form, chunks = 12, None, 0
    while position + 8 <= len(data):
        chunks += 1
        if chunks > MAX_CHUNKS:
            raise ValueError(f"a WAV file with more than {MAX_CHUNKS} chunks before its samples")
        name, begin = data[position : position + 4], position + 8
        (size,) = struct.unpack_from("<I", data, position + 4)
        if name == b"data":
            if form is None:
                raise ValueError("a WAV file without a fmt chunk before its samples")
            return WaveHeader(form, begin, size)
        position = begin + size + size % 2
        if longest is not None and position > longest:
            break
        if name == b"fmt ":
            if position > len(data):
                return None
            form = _form(data[begin : begin + size])
    if longest is not None and max(position, len(data)) > longest:
        raise ValueError(f"a WAV header longer than {longest} bytes")
    return None


def read_wave(content: bytes) -> Wave:
    """The content of a whole file. Raises ValueError if it is not a WAV file or is not supported."""
    header = read_header(content)
    if header is None:
        raise ValueError("a WAV file without samples")
    return Wave(header.form, content[header.begin : header.begin + header.size])


def stream_header(audio: AudioFormat) -> bytes:
    """The header of a stream with one channel and unknown length: as in Azure Speech, both sizes are 0."""
    return _header(audio, 0)


def wave_file(samples: bytes, audio: AudioFormat) -> bytes:
    """A file with one channel."""
    header = _header(audio, len(samples))
    return header[:4] + struct.pack("<I", len(header) - 8 + len(samples)) + header[8:] + samples


def _header(audio: AudioFormat, size: int) -> bytes:
    kind = next((kind for kind, law in _G711.items() if law is audio), PCM)
    form = _FORM.pack(kind, 1, audio.rate, audio.byte_rate, audio.width, audio.width * 8)
    if kind != PCM:
        form += b"\0\0"
    return b"RIFF" + bytes(4) + b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", size)


def _form(body: bytes) -> WaveFormat:
    if len(body) < _FORM.size:
        raise ValueError("a WAV file with a truncated fmt chunk")
    kind, channels, rate, _, _, bits = _FORM.unpack_from(body)
    if kind == _EXTENSIBLE and len(body) >= 26:
        (kind,) = struct.unpack_from("<H", body, 24)
    if not (1 <= channels <= 8 and 4000 <= rate <= 192_000):
        raise ValueError(f"WAV with {channels} channels of {rate} Hz is not supported (1 to 8 channels, 4 to 192 kHz)")
    if kind not in (PCM, A_LAW, MU_LAW):
        raise ValueError(f"WAV of format {kind} is not supported (PCM, mu-law and A-law are)")
    if bits not in (_PCM_BITS if kind == PCM else (8,)):
        raise ValueError(f"WAV with {bits} bits per sample is not supported")
    return WaveFormat(kind, channels, rate, bits)


def _pcm(data: bytes, bits: int) -> NDArray[np.float64]:
    """``data`` has whole samples: of 8 bits unsigned, of more bits signed and little-endian."""
    if bits == 8:
        return (np.frombuffer(data, np.uint8).astype(np.float64) - 128) / 128
    if bits == 24:
        parts = np.frombuffer(data, np.uint8).reshape(-1, 3).astype(np.int32)
        whole = (parts[:, 0] << 8 | parts[:, 1] << 16 | parts[:, 2] << 24) >> 8
        return whole.astype(np.float64) / (1 << 23)
    return np.frombuffer(data, f"<i{bits // 8}").astype(np.float64) / (1 << bits - 1)
