"""Silero VAD on plain onnxruntime: the probability of speech in each 32 ms, 0.1 ms of one core each."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime

from voicebot.localspeech.engines import Float32


class SileroModel:
    """The model, shared by all streams (a run keeps no state in it)."""

    def __init__(self, path: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


class SileroDetector:
    """Voice activity of one stream at 8 or 16 kHz."""

    def __init__(self, model: SileroModel, rate: int) -> None:
        self._session = model.session
        self._rate = np.array(rate, dtype=np.int64)
        self._context_size = rate // 250  # 4 ms of the frame before go in front of each frame
        self.reset()

    def reset(self) -> None:
        self._state = np.zeros((2, 1, 128), np.float32)
        self._context = np.zeros(self._context_size, np.float32)

    def __call__(self, frame: Float32) -> float:
        window = np.concatenate((self._context, frame))
        score, self._state = self._session.run(None, {"input": window[None], "state": self._state, "sr": self._rate})
        self._context = frame[-self._context_size :]
        return float(score[0, 0])
