"""How loud a recording is, moment by moment: what a page draws of it."""

from __future__ import annotations

import wave
from pathlib import Path
from typing import Any, Final

import numpy as np

STEP_S: Final = 0.02
MOST_STEPS: Final = 20_000
"""The steps of a longer recording are longer."""
TOP: Final = 100
_BLOCK_STEPS: Final = 500
_LOUD: Final = 2000.0
"""What is fainter in a whole recording is not drawn as high as if it were speech."""


def waves(path: Path) -> dict[str, Any]:
    """``{"step_ms", "left", "right"}``: the peak of each step on both sides, 0 to :data:`TOP`, at which ordinary speech
    arrives. Blocks: some 0.1 s for an hour. Raises OSError, and ValueError if it is no 16-bit stereo WAV."""
    try:
        with path.open("rb") as file, wave.open(file) as wav:
            if (wav.getnchannels(), wav.getsampwidth()) != (2, 2) or wav.getframerate() < 1000:
                raise ValueError(f"{path}: not a 16-bit stereo recording")
            rate, length = wav.getframerate(), wav.getnframes()
            step = max(round(rate * STEP_S), -(-length // MOST_STEPS), 1)
            blocks = [np.zeros((0, 2), np.float32)]
            while raw := wav.readframes(step * _BLOCK_STEPS):
                samples = np.abs(np.frombuffer(raw[: len(raw) // 4 * 4], "<i2").reshape(-1, 2).astype(np.float32))
                rest = -len(samples) % step
                padded = np.concatenate([samples, np.zeros((rest, 2), np.float32)]) if rest else samples
                blocks.append(padded.reshape(-1, step, 2).max(axis=1))
    except (wave.Error, EOFError) as wrong:
        raise ValueError(f"{path}: {wrong or 'it breaks off'}") from wrong
    peaks = np.concatenate(blocks)
    top = np.maximum(_LOUD, np.percentile(peaks, 99.5, axis=0)) if len(peaks) else _LOUD
    drawn = np.minimum(np.rint(peaks / top * TOP), TOP).astype(int)
    return {"step_ms": step / rate * 1000, "left": drawn[:, 0].tolist(), "right": drawn[:, 1].tolist()}
