"""A Piper voice (VITS, 22.05 kHz) on plain onnxruntime: phonemes in, samples out."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import numpy as np

from voicebot.audio import Samples
from voicebot.audio.onnx_session import session
from voicebot.processors import usable_cores

_LOUDNESS_DBFS = -20.0
_GAIN_RANGE_DB = 9.0
_KNEE = 0.8


class PiperVoice:
    """One voice. May be used from several threads."""

    def __init__(self, model: Path, config: Path) -> None:
        told = json.loads(config.read_text(encoding="utf-8"))
        self._ids: dict[str, list[int]] = told["phoneme_id_map"]
        self.rate = int(told["audio"]["sample_rate"])
        self._noise = float(told["inference"]["noise_scale"])
        self._noise_w = float(told["inference"]["noise_w"])
        self._session = session(model, min(2, usable_cores()))

    def speak(self, phonemes: str, speed: float = 1.0) -> Samples:
        """Samples in -1..1 at :attr:`rate` for one clause, without the silence around it, at the voice's even loudness.

        Blocks for about 4 % of the audio's length.
        """
        ids = [*self._ids["^"], *self._ids["_"]]
        for phoneme in unicodedata.normalize("NFD", phonemes):
            if phoneme in self._ids:
                ids += [*self._ids[phoneme], *self._ids["_"]]
        ids += self._ids["$"]
        scales = np.array([self._noise, 1.0 / speed, self._noise_w], np.float32)
        audio: Samples = self._session.run(
            None,
            {"input": np.array([ids], np.int64), "input_lengths": np.array([len(ids)], np.int64), "scales": scales},
        )[0].reshape(-1)
        return level(_trim(audio, self.rate), self.rate)


def _trim(audio: Samples, rate: int) -> Samples:
    """``samples`` without the silence before and after, except 10 and 40 ms."""
    window = rate // 100
    frames = len(audio) // window
    if frames == 0:
        return audio
    loudness = np.sqrt((audio[: frames * window].reshape(frames, window) ** 2).mean(1))
    loud = np.flatnonzero(loudness > max(float(loudness.max()) * 0.02, 1e-4))
    if len(loud) == 0:
        return audio[:0]
    return audio[max(0, (int(loud[0]) - 1) * window) : (int(loud[-1]) + 5) * window]


def level(audio: Samples, rate: int) -> Samples:
    """Bring the voiced parts to -20 dBFS, and round peaks off instead of clipping them."""
    window = rate // 50
    frames = len(audio) // window
    if frames == 0:
        return audio
    power = (audio[: frames * window].reshape(frames, window) ** 2).mean(1)
    active = power[power > power.max() * 0.01]
    loudness = 10 * np.log10(float(active.mean()) + 1e-12)
    gain = 10 ** (float(np.clip(_LOUDNESS_DBFS - loudness, -_GAIN_RANGE_DB, _GAIN_RANGE_DB)) / 20)
    louder = audio * np.float32(gain)
    over = np.abs(louder) > _KNEE
    if over.any():
        room = 1 - _KNEE
        louder[over] = np.sign(louder[over]) * (_KNEE + room * np.tanh((np.abs(louder[over]) - _KNEE) / room))
    return louder.astype(np.float32)
