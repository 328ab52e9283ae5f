"""Decoding in steps, so that what several callers have said is decoded together.

A decode is a generator: it gives the rows that the decoder is to continue, takes what comes of them, and returns its
result. A step for eight rows takes some three times as long as one for one row, because most of it is to read the
weights; so a row of a few tokens, most of which are a guess of what will be asked for next, takes little longer than
one of a single token. Several rows of one decode, which is a search for expected phrases, are a step of their own: they
all look at the same audio, and in a batch each would get a copy of it.
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Sequence
from typing import TypeVar

from voicebot.localspeech.decoder import Decoder, Memory, Row, Written, gathered

T = TypeVar("T")

_FEW = 6
"""Rows of more tokens are a step of their own: in a batch, all others would be made as long."""

Steps = Generator[list[Row], list[Written], T]
"""A decode, and what it returns."""


def alone(decoder: Decoder, steps: Steps[T]) -> T:
    """Take all ``steps`` by themselves."""
    try:
        rows = next(steps)
        while True:
            rows = steps.send(decoder.step(rows, rows[0].memory))
    except StopIteration as end:
        result: T = end.value
        return result


class Together:
    """Takes the steps of several decodes at a time. Each thread that does so has decodes of its own."""

    def __init__(self, decoder: Decoder) -> None:
        self._decoder = decoder
        self._last = _Gathered()

    def step(self, decodes: Sequence[list[Row]]) -> list[list[Written]]:
        """Continue the rows of each."""
        single = [at for at, rows in enumerate(decodes) if len(rows) == 1 and len(rows[0].tokens) <= _FEW]
        written = {at: self._decoder.step(rows, rows[0].memory) for at, rows in enumerate(decodes) if at not in single}
        if single:
            beside = [decodes[at][0] for at in single]
            for at, one in zip(single, self._decoder.step(beside, self._memory(beside)), strict=True):
                written[at] = [one]
        return [written[at] for at in range(len(decodes))]

    def _memory(self, rows: Sequence[Row]) -> Memory:
        """Of all ``rows``. It is made anew when another decode begins or ends, not for each step."""
        memories, last = [row.memory for row in rows], self._last
        if last.memory is None or memories != last.of:
            last.of, last.memory = memories, gathered(memories)
        return last.memory


class _Gathered(threading.local):
    """The ``memory`` that a thread has made ``of`` several."""

    of: Sequence[Memory] = ()
    memory: Memory | None = None
