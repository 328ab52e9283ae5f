"""The recogniser's decoder: rows of text, each with the audio that it is written for, that are continued together.

What it computes of a row does not depend on the rows beside it, but for the order in which numbers are added: the last
digits of a float. See :mod:`voicebot.localspeech.decoder_graph` for the graphs and shapes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voicebot.audio.onnx_session import session

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Memory:
    """What the encoder made of audio, as the decoder's layers look at it: the tensors by their names. ``heard``: the
    mask that goes with them."""

    tensors: dict[str, Floats]
    heard: Floats

    def first(self, states: int) -> Memory:
        """That of so many states, which shares its numbers."""
        tensors = {
            name: tensor[..., :states] if _states_last(name) else tensor[:, :, :states]
            for name, tensor in self.tensors.items()
        }
        return Memory(tensors, self.heard[..., :states])


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """A text that is to be continued by ``tokens``, one at least, and what was computed of those before (``past``)."""

    memory: Memory
    past: Floats
    tokens: Sequence[int]


@dataclass(frozen=True, slots=True, eq=False)
class Written:
    """A row whose tokens were read. ``logits`` (tokens, vocabulary): what may follow each. ``past``: of all tokens,
    also of those ``before`` the row's own."""

    memory: Memory
    logits: Floats
    past: Floats
    before: int = 0

    def after(self, tokens: int, following: Sequence[int]) -> Row:
        """The row that goes on after the first ``tokens`` of the row's own with those ``following``."""
        return Row(self.memory, self.past[:, : self.before + tokens], following)


class Decoder:
    """The models of both graphs. It serves any number of threads."""

    def __init__(self, memory: Path, step: Path) -> None:
        self._memory = session(memory)
        self._step = session(step)
        self._names = [output.name for output in self._memory.get_outputs()]
        past = next(each for each in self._step.get_inputs() if each.name == "past")
        self._heads, self._width = past.shape[1], past.shape[3]
        self._nothing = np.zeros((self._heads, 0, self._width), np.float32)

    def remember(self, states: Any, before: Memory | None = None) -> Memory:
        """The memory of audio: ``states`` (1, S, D) are the encoder's. ``before``: the memory of what they follow;
        each state is remembered by itself."""
        tensors = dict(zip(self._names, self._memory.run(None, {"states": states}), strict=True))
        heard = np.zeros((1, 1, 1, states.shape[1]), np.float32)
        if before is None:
            return Memory(tensors, heard)
        for name, tensor in tensors.items():
            tensors[name] = np.concatenate((before.tensors[name], tensor), axis=3 if _states_last(name) else 2)
        return Memory(tensors, np.concatenate((before.heard, heard), axis=3))

    def read(self, memory: Memory, text: Sequence[int]) -> Written:
        """Read a text, of a token at least, from its beginning."""
        (written,) = self.step([Row(memory, self._nothing, text)], memory)
        return written

    def read_all(self, memory: Memory, texts: Sequence[Sequence[int]]) -> list[Floats]:
        """The logits (tokens, vocabulary) of each of ``texts``, which are read in one run. They are a tree: a beginning
        that several have in common is read once, and each token sees those before it in its own text."""
        places: dict[tuple[int, ...], int] = {}
        for text in texts:
            for end in range(1, len(text) + 1):
                places.setdefault(tuple(text[:end]), len(places))
        tokens = np.array([[beginning[-1] for beginning in places]], np.int64)
        positions = np.array([[len(beginning) - 1 for beginning in places]], np.int64)
        seen = np.full((1, 1, len(places), len(places)), -np.inf, np.float32)
        for beginning, at in places.items():
            if len(beginning) > 1:
                seen[0, 0, at] = seen[0, 0, places[beginning[:-1]]]
            seen[0, 0, at, at] = 0.0
        logits, _ = self._run(memory, tokens, positions, seen, self._nothing[None])
        return [logits[0, [places[tuple(text[:end])] for end in range(1, len(text) + 1)]] for text in texts]

    def step(self, rows: Sequence[Row], memory: Memory) -> list[Written]:
        """Continue each row by its tokens, all in one run. ``memory``: of all rows, see :func:`gathered`."""
        lengths = [row.past.shape[1] for row in rows]
        before, longest = max(lengths), max(len(row.tokens) for row in rows)
        past = rows[0].past[None]
        seen = np.zeros((len(rows), 1, longest, before + longest), np.float32)
        seen[..., before:] = np.triu(np.full((longest, longest), -np.inf, np.float32), 1)
        if len(rows) > 1:
            past = np.zeros((len(rows), self._heads, before, self._width), np.float32)
            for at, (row, length) in enumerate(zip(rows, lengths, strict=True)):
                past[at, :, :length] = row.past
                seen[at, ..., length:before] = -np.inf
        tokens = np.zeros((len(rows), longest), np.int64)
        positions = np.zeros((len(rows), longest), np.int64)
        for at, (row, length) in enumerate(zip(rows, lengths, strict=True)):
            tokens[at, : len(row.tokens)] = row.tokens
            positions[at, : len(row.tokens)] = np.arange(length, length + len(row.tokens))
        logits, added = self._run(memory, tokens, positions, seen, past)
        shared = len(rows) > 1  # a decode keeps its own logits, not those of all
        return [
            Written(
                row.memory,
                logits[at, : len(row.tokens)].copy() if shared else logits[0],
                np.concatenate((row.past, added[at, :, : len(row.tokens)]), axis=1),
                length,
            )
            for at, (row, length) in enumerate(zip(rows, lengths, strict=True))
        ]

    def _run(self, memory: Memory, tokens: Any, positions: Any, seen: Any, past: Any) -> tuple[Floats, Floats]:
        feed = {"tokens": tokens, "positions": positions, "seen": seen, "heard": memory.heard, "past": past}
        logits, added = self._step.run(None, {**feed, **memory.tensors})
        return logits, added


def gathered(memories: Sequence[Memory]) -> Memory:
    """The memory of several rows, of which each has the one at its place: one that all have in common serves them all,
    others are made equally long."""
    if all(each is memories[0] for each in memories):
        return memories[0]
    longest = max(each.heard.shape[-1] for each in memories)
    heard = np.full((len(memories), 1, 1, longest), -np.inf, np.float32)
    tensors: dict[str, Floats] = {}
    for name, first in memories[0].tensors.items():
        states_last = _states_last(name)
        shape = (*first.shape[1:3], longest) if states_last else (first.shape[1], longest, first.shape[3])
        together = tensors[name] = np.zeros((len(memories), *shape), np.float32)
        for line, each in zip(together, memories, strict=True):
            tensor = each.tensors[name][0]
            (line[..., : tensor.shape[2]] if states_last else line[:, : tensor.shape[1]])[...] = tensor
    for line, each in zip(heard, memories, strict=True):
        line[..., : each.heard.shape[-1]] = 0.0
    return Memory(tensors, heard)


def _states_last(name: str) -> bool:
    """Whether the tensor is one of keys, which have the states behind their numbers; values have them before."""
    return name.startswith("key")
