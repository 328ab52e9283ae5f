"""A sound that codecs for speech like, and how to tell it again after a codec."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from voicebot.audio import AudioFormat
from voicebot.audio.codecs import Codec


def voice(rate: int, seconds: float = 1.0) -> NDArray[np.int16]:
    """A voiced sound with a pitch that glides, as codecs for speech like it."""
    at = np.arange(round(rate * seconds)) / rate
    phase = 2 * np.pi * np.cumsum(130 + 20 * np.sin(2 * np.pi * 1.5 * at)) / rate
    return (sum(np.sin(n * phase) / n for n in range(1, 14)) * 5000).astype(np.int16)


def likeness(one: NDArray[np.int16], other: NDArray[np.int16], most: int) -> float:
    """How alike they sound, at the best delay up to ``most`` samples: the correlation of their spectra over time."""

    def spectra(samples: NDArray[np.int16], size: int) -> NDArray[np.float64]:
        frames = samples[: len(samples) // size * size].reshape(-1, size) * np.hanning(size)
        return np.sqrt(np.abs(np.fft.rfft(frames)[:, : size * 3 // 8])).reshape(-1)

    count, size = len(one) - most, 4 * most // 5
    first = spectra(one[:count], size)
    return max(
        float(np.corrcoef(first, spectra(other[delay : delay + count], size))[0, 1]) for delay in range(0, most, 8)
    )


def packets(codec: Codec, audio: AudioFormat, sound: NDArray[np.int16], ptime_ms: int = 20) -> list[bytes]:
    """The payloads of a stream of ``sound`` on a leg of the format ``audio``."""
    encode = codec.encoder(audio)
    size = audio.rate * ptime_ms // 1000
    pieces = [audio.encode(sound[at : at + size]) for at in range(0, len(sound) - size + 1, size)]
    return pieces if encode is None else [encode(piece) for piece in pieces]
