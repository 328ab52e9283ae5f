"""The recogniser's encoder, which does not compute what it has heard of a phrase again each time that more has come.

All states look at all audio, what follows them too. But what follows by more than three seconds makes no difference to
the words: of 36 recorded strings of digits, two more are misheard where 2.0 s are looked at, and four where it is
1.5 s. So what is further behind the end of what was heard is settled: the keys and values that were computed for it are
kept, and only what follows is computed, with all before it in view.

See :mod:`voicebot.localspeech.encoder_graph` for the graph and shapes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from voicebot.audio import Samples
from voicebot.audio.onnx_session import session

RATE = 16_000
STRIDE, FIELD = 384, 895
"""Samples from a state to the next, and those that the convolutions look at for one."""
CONTEXT = 3 * RATE
"""Samples that follow those before a state is settled."""
FRAMES = 6
"""Of the first convolution, from a state to the next: the product of the strides of the others."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Past:
    """What goes into the graph for the beginning of a phrase, which is settled: see there. A second takes 1.1 MB."""

    keys: Floats
    before: NDArray[np.float64]

    @property
    def states(self) -> int:
        return int(self.keys.shape[2])

    @property
    def samples(self) -> int:
        """So many of the phrase need not be computed again."""
        return self.states * STRIDE


class Encoder:
    """The model. It serves any number of threads."""

    def __init__(self, model: Path, threads: int = 1) -> None:
        self._session = session(model, threads)
        layers, heads, _, width = next(each.shape for each in self._session.get_inputs() if each.name == "past")
        self.nothing = Past(np.zeros((layers, heads, 0, width), np.float32), np.zeros(2))

    def encode(self, samples: Samples, heard: int, past: Past) -> tuple[Floats, Past]:
        """The states (1, S, D) of what follows the ``past`` of a phrase, of which ``samples`` are all so far, and its
        past from now on. ``heard``: how many of them were heard; nothing is settled by the silence that follows. There
        must be the samples of a state (``FIELD``) after the past.
        """
        audio = np.ascontiguousarray(samples[past.samples :], np.float32)[None]
        feed = {"samples": audio, "past": past.keys, "before": past.before}
        states, added, sums = self._session.run(None, feed)
        more = settled_samples(heard) // STRIDE - past.states
        if more <= 0:
            return states, past
        keys = np.concatenate((past.keys, added[:, :, :more]), axis=2)
        return states, Past(keys, past.before + sums[:, : more * FRAMES].sum(axis=1))


def settled_samples(heard: int) -> int:
    """How many samples are settled when so many were heard."""
    return max(0, (heard - CONTEXT - FIELD) // STRIDE + 1) * STRIDE
