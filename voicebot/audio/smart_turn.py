"""smart-turn v3.2 (BSD-2, ``models/LICENSE-smart-turn``) on plain onnxruntime: whether a speaker has finished, by the
sound of the last 8 s.

It is Whisper tiny's encoder with a classifier. Its input is Whisper's log-mel spectrogram (80 bands, a frame every
10 ms) of samples with mean 0 and variance 1. The spectrogram is computed in 64 bit, as where the model was made: its
int8 arithmetic makes differences of up to 0.1 in the score out of differences of 1e-6 in the input.

A score takes some 50 ms of one core, and the model 60 MB: import this in no process that sends packets.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Final

import numpy as np
import soxr
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from voicebot.audio.formats import AudioFormat, Samples
from voicebot.audio.onnx_session import session

WINDOW_S: Final = 8.0
"""How much of the sound counts. What is shorter is filled up with silence in front."""
_RATE: Final = 16_000
_SAMPLES: Final = round(_RATE * WINDOW_S)
_FRAME: Final = 400
_HOP: Final = 160
_BANDS: Final = 80
_AT_ONCE: Final = 40
"""Frames whose bands are computed at once: of a larger product, numpy makes threads, which cost more than they save."""


class SmartTurn:
    """The network, loaded. Raises what onnxruntime does, or OSError if the file is missing."""

    def __init__(self) -> None:
        model = files("voicebot.audio").joinpath("models", "smart-turn-v3.2-cpu.onnx").read_bytes()
        self._network = session(model)

    def __call__(self, heard: bytes, audio: AudioFormat) -> float:
        """The probability, 0 to 1, that whoever speaks in ``heard`` has finished."""
        samples = audio.floats(heard)
        if audio.rate != _RATE:
            samples = soxr.resample(samples, audio.rate, _RATE)
        (probability,) = self._network.run(None, {"input_features": log_mel(samples)[None]})
        return float(probability[0, 0])


def log_mel(samples: Samples) -> NDArray[np.float32]:
    """Whisper's log-mel spectrogram of the last 8 s of ``samples`` (16 kHz), shape (80, 800), about -1 to 1."""
    window = np.zeros(_SAMPLES, np.float32)
    if last := min(len(samples), _SAMPLES):
        window[-last:] = samples[-last:]
    window = (window - window.mean()) / np.sqrt(window.var() + 1e-7)
    padded = np.pad(window.astype(np.float64), _FRAME // 2, mode="reflect")
    spectrum = np.fft.rfft(sliding_window_view(padded, _FRAME)[:-1:_HOP] * _HANN)
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    bands = np.concatenate([power[at : at + _AT_ONCE] @ _FILTERS for at in range(0, len(power), _AT_ONCE)])
    logs = np.log10(np.maximum(bands, 1e-10))
    logs = np.maximum(logs, logs.max() - 8.0)
    return np.ascontiguousarray((logs.T + 4.0) / 4.0, np.float32)


def _filters() -> NDArray[np.float64]:
    """Triangles on Slaney's mel scale, each of area 1, shape (201, 80): from the power of each frequency to each band.

    The scale is linear up to 1 kHz, which is 15 mel, and logarithmic above.
    """
    mel = np.linspace(0.0, 15.0 + 27.0 * np.log(_RATE / 2 / 1000.0) / np.log(6.4), _BANDS + 2)
    corners = np.where(mel < 15.0, mel * (200.0 / 3.0), 1000.0 * 6.4 ** ((mel - 15.0) / 27.0))
    low, middle, high = corners[:-2], corners[1:-1], corners[2:]
    frequencies = np.linspace(0.0, _RATE / 2, _FRAME // 2 + 1)[:, None]
    rising, falling = (frequencies - low) / (middle - low), (high - frequencies) / (high - middle)
    return np.asarray(np.maximum(0.0, np.minimum(rising, falling)) * (2.0 / (high - low)), np.float64)


_HANN: Final = np.hanning(_FRAME + 1)[:-1]
_FILTERS: Final = _filters()
