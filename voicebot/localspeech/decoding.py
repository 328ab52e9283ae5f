"""Decoding in steps, so that what several callers have said is decoded together.

A decode is a generator: it gives the rows that the decoder is to continue, takes what comes of them, and returns its
result. A step for eight rows takes some three times as long as one for one row, because most of it is to read the
weights. Several rows of one decode, which is a search for expected phrases, are a step of their own: they all look at
the same audio, and in a batch each would get a copy of it.
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Sequence
from itertools import chain
from typing import TypeVar

from voicebot.localspeech.decoder import Continued, Decoder, Memory, Row, gathered

T = TypeVar("T")

Steps = Generator[list[Row], list[Continued], T]
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

    def step(self, decodes: Sequence[list[Row]]) -> list[list[Continued]]:
        """Continue the rows of each."""
        single = list(chain.from_iterable(rows for rows in decodes if len(rows) == 1))
        continued = iter(self._decoder.step(single, self._memory(single)) if single else ())
        return [[next(continued)] if len(rows) == 1 else self._decoder.step(rows, rows[0].memory) for rows in decodes]

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
