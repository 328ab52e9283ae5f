"""The format of the audio between a leg and everything above it: :class:`AudioFormat`.

A G.711 call stays G.711 all the way: the caller's bytes go to the recogniser unchanged, and the synthesiser delivers
bytes that are sent unchanged. A wideband call (G.722, Opus) is 16 kHz linear samples above the wire. Code that handles
audio asks the format for what differs (rate, silence, samples), and is otherwise the same for all formats.

A leg keeps its format for the whole call, even if a re-INVITE changes the codec on the wire.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voicebot.audio import g711

FRAME_S: Final = 0.020
"""All audio moves in frames of this length."""

Samples = NDArray[np.float32]
"""Samples of one channel, -1 to 1; shape (n,)."""


class AudioFormat(ABC):
    """One of :data:`PCMU`, :data:`PCMA`, :data:`LINEAR_8K` and :data:`LINEAR_16K`; compared by identity.

    ``name``: in records, cache keys and logs. ``rate``: samples per second; ``width``: bytes per sample; ``byte_rate``:
    bytes per second. ``frame_samples`` and ``frame_bytes``: of a frame of 20 ms. ``suffix``: of raw audio files.
    """

    __slots__ = (
        "byte_rate",
        "frame_bytes",
        "frame_of_silence",
        "frame_samples",
        "name",
        "rate",
        "silent_byte",
        "suffix",
        "width",
    )

    def __init__(self, name: str, *, rate: int, width: int, silent_byte: int, suffix: str) -> None:
        self.name = name
        self.rate = rate
        self.width = width
        self.suffix = suffix
        self.byte_rate = rate * width
        self.frame_samples = round(rate * FRAME_S)
        self.frame_bytes = self.frame_samples * width
        self.silent_byte = bytes([silent_byte])
        self.frame_of_silence = self.silent_byte * self.frame_bytes

    def __repr__(self) -> str:
        return self.name

    def silence(self, samples: int) -> bytes:
        """``samples`` samples of silence."""
        return self.silent_byte * (samples * self.width)

    @abstractmethod
    def decode(self, audio: bytes | bytearray | memoryview) -> NDArray[np.int16]:
        """The samples, 16 bit full scale, shape (n,)."""

    @abstractmethod
    def encode(self, samples: NDArray[np.int16]) -> bytes:
        """Encode ``samples``, the inverse of :meth:`decode`; G.711 takes the nearest level."""

    @abstractmethod
    def floats(self, audio: bytes | bytearray | memoryview) -> Samples:
        """The samples, -1 to 1."""

    @abstractmethod
    def is_quiet(self, audio: bytes) -> bool:
        """Whether it is quieter than about -46 dBFS, so that it can be dropped unnoticed. Takes some microseconds."""


class _G711(AudioFormat):
    """8 kHz, one byte per sample; see :mod:`voicebot.audio.g711`."""

    __slots__ = ("_floats", "law")

    def __init__(self, law: g711.Law, suffix: str) -> None:
        super().__init__(law, rate=g711.SAMPLE_RATE, width=1, silent_byte=g711.SILENCE[law], suffix=suffix)
        self.law: g711.Law = law
        self._floats = (g711.decode(bytes(range(256)), law) / 32768.0).astype(np.float32)

    def decode(self, audio: bytes | bytearray | memoryview) -> NDArray[np.int16]:
        return g711.decode(audio, self.law)

    def encode(self, samples: NDArray[np.int16]) -> bytes:
        return g711.encode(samples, self.law)

    def floats(self, audio: bytes | bytearray | memoryview) -> Samples:
        return self._floats.take(np.frombuffer(audio, np.uint8), mode="wrap")  # a byte needs no check

    def is_quiet(self, audio: bytes) -> bool:
        return g711.is_quiet(audio, self.law)


class _Linear(AudioFormat):
    """16 bit samples, little-endian: the Speech service's ``raw-8khz-16bit-mono-pcm`` and so on."""

    __slots__ = ()

    def __init__(self, name: str, rate: int, suffix: str) -> None:
        super().__init__(name, rate=rate, width=2, silent_byte=0, suffix=suffix)

    def decode(self, audio: bytes | bytearray | memoryview) -> NDArray[np.int16]:
        return np.frombuffer(audio, "<i2", len(audio) // 2).astype(np.int16, copy=False)

    def encode(self, samples: NDArray[np.int16]) -> bytes:
        return samples.astype("<i2", copy=False).tobytes()

    def floats(self, audio: bytes | bytearray | memoryview) -> Samples:
        return self.decode(audio) * np.float32(1 / 32768)

    def is_quiet(self, audio: bytes) -> bool:
        return bool(np.abs(self.floats(audio)).sum() < g711.QUIET / 32768 * (len(audio) // 2))


PCMU: Final[AudioFormat] = _G711("PCMU", ".ulaw")
PCMA: Final[AudioFormat] = _G711("PCMA", ".alaw")
LINEAR_8K: Final[AudioFormat] = _Linear("L16-8K", 8000, ".s16")
LINEAR_16K: Final[AudioFormat] = _Linear("L16-16K", 16_000, ".s16")
FORMATS: Final = (PCMU, PCMA, LINEAR_16K)
"""The formats that a leg may have."""
