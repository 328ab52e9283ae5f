"""Silero's network in numpy: it is so small that a runtime for networks would take ten times its memory, and longer to
load.

Each layer is one product of matrices, for the windows of many streams at once (``python -m bench.silero_network`` makes
the weights of Silero's):

    pieces      (n, window with context) -> (4 n, piece)    4 overlapping pieces; the end is mirrored
    spectra     (4 n, piece) x (piece, 2 bins)              their magnitudes, (n, 4 bins)
    encoder 0   (n, 4 bins) x (4 bins, 4 x 128)             a convolution of 3 over the 4 spectra
    encoder 1   (n, 512) x (512, 2 x 64)                    every second of them
    encoder 2   (n, 128) x (128, 64)                        every second of those: one is left
    encoder 3   (n, 64) x (64, 128)                         the middle of its convolution; there is nothing beside it
    cell        (n, 128 + 128) x (256, 4 x 128)             an LSTM: what is new, and what it said before
    decoder     (n, 128) x (128)                            what it says, as a probability
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voicebot.audio.formats import Samples

PIECES: Final = 4
LAYERS: Final = 4
UNITS: Final = 128
"""Of the LSTM: so many numbers are what it said, and as many what it remembers."""
STATE: Final = 2 * UNITS
_GATES: Final = 3 * UNITS
_ZERO, _HALF = np.zeros((), np.float32), np.full((), 0.5, np.float32)
"""Arrays, because numpy would have to make one of a number each time."""


class SileroNetwork:
    """``weights``: by the names that ``bench.silero_network`` gives them. The gates of the LSTM are
    in the order in, forget, out, new; the first three are halved, because sigmoid(x) is tanh(x / 2) / 2 + 1/2."""

    def __init__(self, weights: Mapping[str, NDArray[np.float32]]) -> None:
        self._basis = weights["basis"]
        self._bins = self._basis.shape[1] // 2
        self._pieces = pieces_of(len(self._basis))
        self._layers = [(weights[f"encoder{n}.matrix"], weights[f"encoder{n}.bias"]) for n in range(LAYERS)]
        self._cell, self._cell_bias = weights["cell.matrix"], weights["cell.bias"]
        self._decoder, self._decoder_bias = weights["decoder.matrix"], weights["decoder.bias"]

    def run(self, inputs: Samples, state: NDArray[np.float32]) -> tuple[Samples, NDArray[np.float32]]:
        """``inputs``: n windows with the context before each, (n, samples). ``state``: (n, :data:`STATE`), zeros at
        first. Returns the n probabilities and the next state."""
        count = len(inputs)
        spectra = inputs.take(self._pieces, axis=1).reshape(count * PIECES, -1) @ self._basis
        np.square(spectra, out=spectra)
        magnitudes = spectra[:, : self._bins] + spectra[:, self._bins :]
        layer = np.sqrt(magnitudes, out=magnitudes).reshape(count, -1)
        for matrix, bias in self._layers:
            layer = layer @ matrix
            layer += bias
            np.maximum(layer, _ZERO, out=layer)
        gates = np.concatenate((layer, state[:, :UNITS]), axis=1) @ self._cell
        gates += self._cell_bias
        np.tanh(gates, out=gates)
        sigmoids = gates[:, :_GATES]
        np.multiply(sigmoids, _HALF, out=sigmoids)
        np.add(sigmoids, _HALF, out=sigmoids)
        into, forget, out, new = gates.reshape(count, 4, UNITS).swapaxes(0, 1)
        following = np.empty_like(state)
        cell, said = following[:, UNITS:], following[:, :UNITS]
        np.multiply(forget, state[:, UNITS:], out=cell)
        cell += np.multiply(into, new, out=new)
        np.multiply(out, np.tanh(cell), out=said)
        odds = np.maximum(said, _ZERO) @ self._decoder + self._decoder_bias
        return 1.0 / (1.0 + np.exp(-odds)), following


def pieces_of(piece: int) -> NDArray[np.intp]:
    """Which samples of the input are in each piece, (:data:`PIECES`, ``piece``).

    A piece is half as long as a window, and begins half a piece after the one before. The input is a window with a
    quarter of a piece before it; after it, a quarter of a piece is mirrored.
    """
    size, mirrored = 2 * piece + piece // 4, piece // 4
    samples = np.concatenate((np.arange(size), size - 2 - np.arange(mirrored)))
    pieces: NDArray[np.intp] = samples[np.arange(PIECES)[:, None] * (piece // 2) + np.arange(piece)]
    return pieces


@cache
def network(rate: int) -> SileroNetwork:
    """The network for ``rate``, shared by all streams of the process."""
    model = files("voicebot.audio").joinpath("models", f"silero-{rate // 1000}k.npz")
    with model.open("rb") as file, np.load(file) as weights:
        return SileroNetwork(dict(weights))
