"""The recogniser's encoder as a graph of ours, with the weights that moonshine-cpp ships.

These are bytes, with a scale and a zero for each matrix, which the graph that is shipped turns back to floats at every
run. Here the products are computed with the bytes themselves, so that nothing of the weights is lost; what they are
multiplied by is rounded for each row by itself: to 16 bits, as two bytes that go through the product one below the
other, or to 8 bits. With 16 bits what comes out differs by some 0.0003 of its size from what floats give, and takes
two thirds of the time; with 8 bits by 0.06, in less than half of it. Where the processor does not multiply bytes, 16
bits take longer than floats, and there are floats for it.

    samples, past, before  ->  states, added, sums

Audio that goes on is not computed from its beginning again: what was computed of its first P states goes in with the
samples that follow, from where the next state begins. With N samples, S states, L layers, H heads of width W:

    samples      (1, N)                16 kHz
    past, added  (2 L, H, P or S, W)   for each layer the turned keys of its heads, then the values
    before       (2,)                  of the first convolution's frames in the past, what ``sums`` come to
    states       (1, S, D)             one for each 24 ms
    sums         (2, M)                the mean of each such frame, and that of its squares

The architecture is that of Moonshine (Jeffries et al. 2024, arXiv:2410.15608): three convolutions of samples, then
layers without masks, rotary positions on a part of each head. A convolution is a product with what it looks at; even
for 8 bits the second and third look at 16, because some of what goes in is a hundred times as large as the rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from voicebot.localspeech.encoder import FRAMES
from voicebot.localspeech.graph_making import MICROSOFT, Graph, Tensors, Weights, constants_of

_MOST_STATES = 2048
_FIRST_STRIDE = 64
_CONVOLUTIONS = (("conv2", 3), ("conv3", 2))
"""The others, with their strides."""
_EPSILON = 1e-5
_MIDDLE, _MOST = 128, 127
_FINER = 2 * _MOST
"""So much smaller is a step of the second byte."""
_TO_THE_END = np.iinfo(np.int32).max


@dataclass(frozen=True, slots=True)
class Matrix:
    """A matrix of ``(bytes - zero) * scale``."""

    bytes: NDArray[np.int8]
    scale: float
    zero: int

    def scaled(self, factor: float) -> Matrix:
        return Matrix(self.bytes, self.scale * factor, self.zero)

    def floats(self) -> Weights:
        return ((self.bytes.astype(np.float32) - self.zero) * np.float32(self.scale)).astype(np.float32)


@dataclass(frozen=True, slots=True)
class EncoderWeights:
    """What the graph of moonshine-cpp multiplies by and adds. ``products``: by the name of the node, or of the
    convolution, whose bytes have the shape (out, in, width); ``named``: what is no matrix."""

    products: Mapping[str, Matrix]
    named: Mapping[str, Weights]
    layers: int
    heads: int
    rotary: Weights  # the frequencies, one for each pair of numbers

    @classmethod
    def of(cls, model: Any) -> EncoderWeights:
        """Read them from ``model`` as it is shipped."""
        constants = constants_of(model.graph.node, model.graph.initializer)
        made = {output: node for node in model.graph.node for output in node.output}
        products: dict[str, Matrix] = {}
        named = {name: value for name, value in constants.items() if value.dtype == np.float32}
        for node in model.graph.node:
            name = node.output[0].strip("/").removesuffix("_output_0")
            if node.op_type in ("MatMul", "Conv"):
                if (matrix := _matrix(made, constants, node.input[1])) is not None:
                    products[name] = matrix
            elif name in ("groupnorm/Mul", "groupnorm/Add"):
                named[name] = constants[node.input[1]].reshape(-1)
        layers = sum(name.endswith("/mlp/fc2/MatMul") for name in products)
        heads = int(constants["/layers.0/self_attn/Constant_3_output_0"][0])
        return cls(products, named, layers, heads, constants["/rotary_emb/Cast_1_output_0"].reshape(-1))


def _matrix(made: Mapping[str, Any], constants: Mapping[str, Any], name: str) -> Matrix | None:
    """What the nodes Cast, Mul and Add make of bytes, in the output ``name``; None: other nodes make it."""
    nodes: list[Any] = []
    for kind in ("Add", "Mul", "Cast"):
        node = made.get(name)
        if node is None or node.op_type != kind:
            return None
        nodes.append(node)
        name = node.input[0]
    if name not in constants:
        return None
    add, mul, _ = nodes
    scale, offset = (float(constants[node.input[1]][0]) for node in (mul, add))
    return Matrix(constants[name], scale, -round(offset / scale))


def encoder_graph(weights: EncoderWeights, *, bits: int) -> Any:
    """The model. ``bits``: 8 or 16, to which is rounded what the layers multiply, or 32: nothing is rounded."""
    graph, heads, named, products = Graph(), weights.heads, weights.named, weights.products
    rows = _Rows(graph, bits)
    x = _convolved(_Rows(graph, max(bits, 16)), weights)
    size = len(named["layer_norm.weight"])
    width = size // heads
    split = graph.constant(np.array([0, 0, 3 * heads, width], np.int64))
    together = graph.constant(np.array([0, 0, size], np.int64))
    angles = np.arange(_MOST_STATES)[:, None] * weights.rotary[None]
    cosines, sines = (graph.constant(function(angles).astype(np.float32)) for function in (np.cos, np.sin))
    positions = _positions(graph, x)
    pasts = graph.split("past", 2 * weights.layers, axis=0)
    added: list[str] = []
    for layer in range(weights.layers):
        own, linear = f"layers.{layer}/self_attn", f"layers.{layer}/mlp"
        normal = graph.norm(x, named[f"layers.{layer}.input_layernorm.weight"])
        q, k, v = (products[f"{own}/{name}_proj/MatMul"] for name in "qkv")
        parts = graph.op("Reshape", rows.product(normal, q.scaled(width**-0.5), k, v), split)
        parts = graph.op("Transpose", parts, perm=(0, 2, 1, 3))
        turning, values = graph.split(parts, (2 * heads, heads), axis=1)
        turned = graph.op(
            "RotaryEmbedding", turning, positions, cosines, sines,
            domain=MICROSOFT, interleaved=1, num_heads=2 * heads, rotary_embedding_dim=2 * len(weights.rotary),
        )  # fmt: skip
        queries, keys = graph.split(turned, 2, axis=1)
        added += [keys, values]
        keys = graph.op("Concat", pasts[2 * layer], keys, axis=2)
        values = graph.op("Concat", pasts[2 * layer + 1], values, axis=2)
        alike = graph.op("MatMul", queries, graph.op("Transpose", keys, perm=(0, 1, 3, 2)))
        found = graph.op("MatMul", graph.op("Softmax", alike, axis=-1), values)
        found = graph.op("Reshape", graph.op("Transpose", found, perm=(0, 2, 1, 3)), together)
        x = graph.op("Add", x, rows.product(found, products[f"{own}/dense/MatMul"]))
        normal = graph.norm(x, named[f"layers.{layer}.post_attention_layernorm.weight"])
        wide = rows.product(normal, products[f"{linear}/fc1/MatMul"])
        wide = _gelu(graph, wide, named[f"layers.{layer}.mlp.fc1.bias"])
        narrow = rows.product(wide, products[f"{linear}/fc2/MatMul"])
        narrow = graph.op("Add", narrow, graph.constant(named[f"layers.{layer}.mlp.fc2.bias"]))
        x = graph.op("Add", x, narrow)
    graph.norm(x, named["layer_norm.weight"], output="states")
    graph.op("Concat", *added, axis=0, output="added")
    inputs: Tensors = {
        "samples": (TensorProto.FLOAT, (1, "N")),
        "past": (TensorProto.FLOAT, (2 * weights.layers, heads, "P", width)),
        "before": (TensorProto.DOUBLE, (2,)),
    }
    outputs: Tensors = {
        "states": (TensorProto.FLOAT, (1, "S", size)),
        "added": (TensorProto.FLOAT, (2 * weights.layers, heads, "S", width)),
        "sums": (TensorProto.DOUBLE, (2, "M")),
    }
    return graph.model("encoder", inputs, outputs)


def _convolved(rows: _Rows, weights: EncoderWeights) -> str:
    """What the convolutions make of the samples: (1, S, D)."""
    graph, named, products = rows.graph, weights.named, weights.products
    first = products["conv1/Conv"].floats()
    one = graph.constant(np.array([1], np.int64))
    x = graph.op("Conv", graph.op("Unsqueeze", "samples", one), graph.constant(first), strides=[_FIRST_STRIDE])
    x = _normal(graph, graph.op("Transpose", graph.op("Tanh", x), perm=(0, 2, 1)))
    x = graph.op(
        "Add", graph.op("Mul", x, graph.constant(named["groupnorm/Mul"])), graph.constant(named["groupnorm/Add"])
    )
    for name, stride in _CONVOLUTIONS:
        matrix = products[f"{name}/Conv"]
        last = matrix.bytes.shape[2] - 1
        seen = [_every(graph, x, at, at - last, stride) for at in range(last + 1)]
        unfolded = matrix.bytes.transpose(2, 1, 0).reshape(-1, matrix.bytes.shape[0])
        product = rows.product(graph.op("Concat", *seen, axis=2), Matrix(unfolded, matrix.scale, matrix.zero))
        x = _gelu(graph, product, named[f"{name}.bias"])
    return x


def _normal(graph: Graph, tensor: str) -> str:
    """The frames (1, M, D) of the first convolution with those of the past as one group, whose mean becomes 0 and whose
    variance 1."""
    rows = graph.constant(np.array([1], np.int64))
    squares = graph.op("Mul", tensor, tensor)
    sums = [graph.op("ReduceMean", each, axes=[2], keepdims=0) for each in (tensor, squares)]
    # with numbers of 64 bits, since a variance is what is left of two sums that are nearly the same
    graph.op("Cast", graph.op("Concat", *sums, axis=0), to=TensorProto.DOUBLE, output="sums")
    total = graph.op("Add", graph.op("ReduceSum", "sums", rows, keepdims=0), "before")
    frames = _length(graph, "sums", 1)
    past = graph.op("Mul", _length(graph, "past", 2), graph.constant(np.array([FRAMES], np.int64)))
    count = graph.op("Cast", graph.op("Add", frames, past), to=TensorProto.DOUBLE)
    mean, square = graph.split(graph.op("Div", total, count), 2, axis=0)
    variance = graph.op("Sub", square, graph.op("Mul", mean, mean))
    epsilon = graph.constant(np.array([_EPSILON], np.float64))
    deviation = graph.op("Sqrt", graph.op("Add", variance, epsilon))
    mean, deviation = (graph.op("Cast", each, to=TensorProto.FLOAT) for each in (mean, deviation))
    return graph.op("Div", graph.op("Sub", tensor, mean), deviation)


def _length(graph: Graph, tensor: str, axis: int) -> str:
    """How long ``tensor`` is in ``axis``, as (1,)."""
    return graph.op("Gather", graph.op("Shape", tensor), graph.constant(np.array([axis], np.int64)))


def _every(graph: Graph, tensor: str, first: int, end: int, step: int) -> str:
    """Each ``step``-th row from the ``first`` on; ``end``: before which the last is, counted from the end."""
    ends = (first, end or _TO_THE_END, 1, step)
    start, stop, axis, by = (graph.constant(np.array([number], np.int64)) for number in ends)
    return graph.op("Slice", tensor, start, stop, axis, by)


def _positions(graph: Graph, tensor: str) -> str:
    """P, P + 1, ... for the rows of (1, S, D), as (1, S)."""
    one = graph.constant(np.array(1, np.int64))
    first = graph.op("Squeeze", _length(graph, "past", 2))
    end = graph.op("Add", first, graph.op("Squeeze", _length(graph, tensor, 1)))
    return graph.op("Unsqueeze", graph.op("Range", first, end, one), graph.constant(np.array([0], np.int64)))


def _gelu(graph: Graph, tensor: str, bias: Weights) -> str:
    return graph.op("BiasGelu", tensor, graph.constant(bias), domain=MICROSOFT)


class _Rows:
    """Products of rows that are rounded to ``bits``, each row with a scale of its own: its largest number. 32: they
    are not rounded."""

    def __init__(self, graph: Graph, bits: int) -> None:
        self.graph = graph
        self._bits = bits
        self._middle = graph.constant(np.array(_MIDDLE, np.uint8))
        self._unit = graph.constant(np.array(1 / _MOST, np.float32))
        self._finer = graph.constant(np.array(1 / _FINER, np.float32))
        self._fine = graph.constant(np.array(1 / (_MOST * _FINER), np.float32))

    def product(self, tensor: str, *matrices: Matrix) -> str:
        """The rows of ``tensor`` times ``matrices`` side by side."""
        graph = self.graph
        if self._bits == 32:
            return graph.product(tensor, np.concatenate([matrix.floats() for matrix in matrices], axis=1))
        scale = graph.op("ReduceMax", graph.op("Abs", tensor), axes=[-1], keepdims=1)
        unit = graph.op("Div", tensor, scale)
        coarse = graph.op("QuantizeLinear", unit, self._unit, self._middle)
        constants = self._constants(matrices)
        if self._bits == 8:
            return graph.op("Mul", self._times(coarse, constants), scale)
        rest = graph.op("Sub", unit, graph.op("DequantizeLinear", coarse, self._unit, self._middle))
        fine = graph.op("QuantizeLinear", rest, self._fine, self._middle)
        both = self._times(graph.op("Concat", coarse, fine, axis=0), constants)
        large, small = graph.split(both, 2, axis=0)
        return graph.op("Mul", graph.op("Add", large, graph.op("Mul", small, self._finer)), scale)

    def _times(self, rounded: str, constants: Sequence[str]) -> str:
        matrix, scale, zero = constants
        factors = (rounded, matrix, self._unit, scale, self._middle, zero)
        return self.graph.op("MatMulIntegerToFloat", *factors, domain=MICROSOFT)

    def _constants(self, matrices: Sequence[Matrix]) -> list[str]:
        """All bytes, and the scale and the zero of each column."""
        columns = [matrix.bytes.shape[1] for matrix in matrices]
        scales = np.repeat([matrix.scale for matrix in matrices], columns).astype(np.float32)
        zeros = np.repeat([matrix.zero for matrix in matrices], columns).astype(np.int8)
        together = np.concatenate([matrix.bytes for matrix in matrices], axis=1)
        return [self.graph.constant(each) for each in (together, scales, zeros)]
