"""Silero's voice activity detector (MIT, ``models/LICENSE-silero``): the probability of a voice in each 32 ms of a
stream.

At 8 or 16 kHz. Its input is a window of 32 ms with the 4 ms before it, and a recurrent state. The network itself
(:mod:`voicebot.audio.silero_network`) has no state, so one serves all streams of a process, each with its own
:class:`SileroStream`, and it scores the windows of several streams at once: at 8 kHz a window takes 0.06 ms alone, and
0.02 ms among eight. Together or alone, the probabilities differ by less than 1e-4.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np

from voicebot.audio.formats import Samples
from voicebot.audio.silero_network import STATE, network

RATES: Final = (8000, 16_000)
WINDOW_S: Final = 0.032
_CONTEXT_S: Final = 0.004


class SileroStream:
    """The detector's state for one stream, which is given to it window by window, in order.

    ``window``: the caller writes the next 32 ms here (-1 to 1); then :func:`score_together`, :meth:`score` or
    :meth:`skip` goes on to the one after it.
    """

    __slots__ = ("_input", "_network", "_overlap", "_state", "rate", "window")

    def __init__(self, rate: int) -> None:
        """``rate``: one of :data:`RATES`. The first stream of a process loads the network: see :func:`warm`."""
        self.rate = rate
        self._network = network(rate)
        self._overlap = round(rate * _CONTEXT_S)
        self._input = np.zeros((1, self._overlap + round(rate * WINDOW_S)), np.float32)
        self._state = np.zeros((1, STATE), np.float32)
        self.window: Samples = self._input[0, self._overlap :]

    def reset(self) -> None:
        """Forget the windows so far."""
        self._state.fill(0.0)
        self._input[0, : self._overlap] = 0.0

    def score(self) -> float:
        """The probability, 0 to 1, that somebody speaks in the window."""
        return score_together([self])[0]

    def skip(self) -> None:
        """Go on to the next window without scoring this one."""
        self._input[0, : self._overlap] = self._input[0, -self._overlap :]

    def __call__(self, frame: Samples) -> float:
        """The probability, 0 to 1, that somebody speaks in ``frame``, the next window."""
        self.window[:] = frame
        return self.score()


def score_together(streams: Sequence[SileroStream]) -> list[float]:
    """The probability, 0 to 1, that somebody speaks in the window, for each of ``streams``: different ones, at least
    one, of the same rate. Whoever runs Python meanwhile is not held up: the interpreter's lock is released."""
    inputs, state = streams[0]._input, streams[0]._state
    if len(streams) > 1:
        inputs = np.concatenate([stream._input for stream in streams])
        state = np.concatenate([stream._state for stream in streams])
    probabilities, state = streams[0]._network.run(inputs, state)
    for number, stream in enumerate(streams):
        stream._state[0] = state[number]
        stream.skip()
    scores: list[float] = probabilities.tolist()
    return scores


def warm(rates: Iterable[int] = RATES) -> None:
    """Load the networks for ``rates`` and run each once. Blocks for some 10 ms: call it at start, off the event
    loop."""
    for rate in rates:
        SileroStream(rate).score()
