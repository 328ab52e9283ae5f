"""The recogniser's encoder, which does not compute what it has heard of a phrase again each time that more has come.

All states look at all audio, what follows them too. But what follows by more than a second and a half makes no
difference to the words: of 371 words of recordings 34 are wrong where it is left out, and 36 where it is not (49 with
1.0 s, 73 with 0.7 s). So what is further behind the end of what was heard is settled: the keys and values that were
computed for it are kept, and only what follows is computed, with all before it in view.

See :mod:`voicebot.localspeech.encoder_graph` for the graph and shapes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voicebot.audio import Samples
from voicebot.audio.onnx_session import session

RATE = 16_000
STRIDE, FIELD = 384, 895
"""Samples from a state to the next, and those that the convolutions look at for one."""
CONTEXT = int(1.5 * RATE)
"""Samples that follow those before a state is settled."""
_FRAMES = 6
"""Of the first convolution, from a state to the next."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Settled:
    """What is kept of the beginning of a phrase: its ``states`` (1, P, D), and what goes into the graph for them. A
    second of it takes 1.2 MB."""

    states: Floats
    past: Floats
    before: NDArray[np.float64]

    @property
    def samples(self) -> int:
        """So many of the phrase need not be computed again."""
        return int(self.states.shape[1]) * STRIDE


class Encoder:
    """The model. It serves any number of threads."""

    def __init__(self, model: Path, threads: int = 1) -> None:
        self._session = session(model, threads)
        layers, heads, _, width = next(each.shape for each in self._session.get_inputs() if each.name == "past")
        size = self._session.get_outputs()[0].shape[2]
        self.nothing = Settled(
            np.zeros((1, 0, size), np.float32), np.zeros((layers, heads, 0, width), np.float32), np.zeros(2)
        )

    def encode(self, samples: Samples, heard: int, settled: Settled) -> tuple[Floats, Settled]:
        """The states (1, S, D) of ``samples``, which are all of a phrase so far, and what is settled now. ``heard``:
        how many of them were heard; nothing is settled by the silence that follows. ``settled``: what was of the same
        phrase before.
        """
        if len(samples) < settled.samples + FIELD:
            settled = self.nothing
        audio = np.ascontiguousarray(samples[settled.samples :], np.float32)[None]
        feed = {"samples": audio, "past": settled.past, "before": settled.before}
        states, added, sums = self._session.run(None, feed)
        more = settled_samples(heard) // STRIDE - settled.states.shape[1]
        return np.concatenate((settled.states, states), axis=1), _after(settled, more, states, added, sums)


def settled_samples(heard: int) -> int:
    """How many samples are settled when so many were heard."""
    return max(0, (heard - CONTEXT - FIELD) // STRIDE + 1) * STRIDE


def _after(settled: Settled, more: int, states: Any, added: Any, sums: Any) -> Settled:
    """With the first ``more`` of the states that followed it."""
    if more <= 0:
        return settled
    return Settled(
        np.concatenate((settled.states, states[:, :more]), axis=1),
        np.concatenate((settled.past, added[:, :, :more]), axis=2),
        settled.before + sums[:, : more * _FRAMES].sum(axis=1),
    )
