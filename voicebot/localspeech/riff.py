"""The RIFF/WAVE headers in front of audio: read for recognition, written for ``riff-...`` synthesis formats.

Only what the Speech protocol uses is understood: PCM 16 bit (format tag 1), A-law (6) and mu-law (7), one channel, 8
or 16 kHz.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np

from voicebot.audio import Samples, g711

MAX_HEADER = 1024
"""A header longer than this is given up on."""

_TAGS = {1: "pcm", 6: "alaw", 7: "mulaw"}


class UnsupportedAudio(ValueError):
    """The audio's format is none that this service understands; the message says which it was."""


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """``encoding``: ``pcm`` (16 bit little-endian), ``alaw`` or ``mulaw``. ``rate``: samples a second."""

    encoding: str
    rate: int

    @property
    def width(self) -> int:
        """Bytes a sample."""
        return 2 if self.encoding == "pcm" else 1

    def decode(self, data: bytes) -> Samples:
        """Audio bytes (whole samples) to samples in -1..1."""
        if self.encoding == "pcm":
            samples = np.frombuffer(data, "<i2")
        else:
            samples = g711.decode(data, "PCMA" if self.encoding == "alaw" else "PCMU")
        return samples.astype(np.float32) / np.float32(32768)

    def encode(self, samples: Samples) -> bytes:
        """Samples in -1..1 to audio bytes."""
        whole = np.clip(np.rint(samples * np.float32(32767)), -32768, 32767).astype(np.int16)
        if self.encoding == "pcm":
            return bytes(whole.astype("<i2").tobytes())
        return g711.encode(whole, "PCMA" if self.encoding == "alaw" else "PCMU")


def parse_header(data: bytes) -> tuple[AudioFormat, int] | None:
    """Read a RIFF header at the start of ``data``: the format and the header's length, or None when more is needed.

    Raises:
        UnsupportedAudio: no RIFF header, or a format other than those above.
    """
    if len(data) >= 4 and data[:4] != b"RIFF":
        raise UnsupportedAudio("the audio does not begin with a RIFF header")
    if len(data) < 12:
        return None
    if data[8:12] != b"WAVE":
        raise UnsupportedAudio("the RIFF header is not one of WAVE audio")
    at, found = 12, None
    while at + 8 <= len(data):
        kind, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        if kind == b"data":
            if found is None:
                raise UnsupportedAudio("the WAVE header has no format chunk")
            return found, at + 8
        if size > MAX_HEADER:
            raise UnsupportedAudio("the WAVE header is too long")
        if kind == b"fmt ":
            if at + 8 + 16 > len(data):
                return None
            tag, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", data, at + 8)
            found = _supported(tag, channels, rate, bits)
        at += 8 + size + (size & 1)
    if len(data) > MAX_HEADER:
        raise UnsupportedAudio("the WAVE header is too long")
    return None


def _supported(tag: int, channels: int, rate: int, bits: int) -> AudioFormat:
    encoding = _TAGS.get(tag)
    if encoding is None or channels != 1 or rate not in (8000, 16000) or bits != (16 if encoding == "pcm" else 8):
        raise UnsupportedAudio(f"audio format tag {tag}, {channels} channels, {rate} Hz, {bits} bit is not supported")
    return AudioFormat(encoding, rate)


def header(audio: AudioFormat) -> bytes:
    """A WAVE header for a stream whose length is not known yet (sizes as the Speech service leaves them: 0)."""
    tag = next(tag for tag, name in _TAGS.items() if name == audio.encoding)
    fmt = struct.pack("<HHIIHH", tag, 1, audio.rate, audio.rate * audio.width, audio.width, audio.width * 8)
    if audio.encoding != "pcm":
        fmt += b"\0\0"
    body = b"WAVEfmt " + len(fmt).to_bytes(4, "little") + fmt + b"data" + bytes(4)
    return b"RIFF" + bytes(4) + body


OUTPUT_FORMATS = {
    f"{container}-{name}": (container == "riff", audio)
    for container in ("raw", "riff")
    for name, audio in {
        "8khz-8bit-mono-mulaw": AudioFormat("mulaw", 8000),
        "8khz-8bit-mono-alaw": AudioFormat("alaw", 8000),
        "8khz-16bit-mono-pcm": AudioFormat("pcm", 8000),
        "16khz-16bit-mono-pcm": AudioFormat("pcm", 16000),
    }.items()
}
"""The synthesis output formats: the service's names to (with a header?, format)."""
