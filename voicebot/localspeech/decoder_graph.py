"""The recogniser's decoder as graphs of ours, with the weights that moonshine-cpp ships.

The decoder that is shipped takes one text at a time, or several of the same length for the same audio, and two thirds
of its thousand nodes work out the shapes of tensors, at each step again. These two graphs take rows that have nothing
to do with one another: texts of different lengths, for audio of different lengths, made longer with zeros, and masks
that say what counts. So a step for eight rows reads the weights once.

    memory: states of the encoder                    -> keys and values of each layer, once for each audio
    step:   tokens after those of the past, memory   -> logits, and what the past gets in addition

Shapes, with R rows, N tokens, P tokens in the past, S states, H heads of width W, L layers:

    tokens, positions  (R, N)              their numbers, and their places in the text from 0
    seen               (R, 1, N, P + N)    added to the weights of attention: 0, or -inf for what does not count
    heard              (R or 1, 1, 1, S)   the same for the states
    past, added        (R, 2 L H, P or N, W)   for each layer the keys of its heads, then the values
    key.i, value.i     (R or 1, H, W, S) and (R or 1, H, S, W)   the memory of layer i; keys are scaled

The architecture is that of Moonshine (Jeffries et al. 2024, arXiv:2410.15608): layer norms without bias before each
part, rotary positions on a part of each head, a gated linear unit with SiLU.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from onnx import TensorProto

from voicebot.localspeech.graph_making import MICROSOFT, Graph, Tensors, Weights, constants_of

_MOST_POSITIONS = 256


@dataclass(frozen=True, slots=True)
class DecoderWeights:
    """What the graph of moonshine-cpp, with its constants folded, multiplies by. ``named``: the constant of a node, by
    the node's output without ``/model/decoder/`` and what is the same in all names."""

    named: Mapping[str, Weights]
    layers: int
    heads: int
    rotary: Weights  # the frequencies, one for each pair of numbers

    @classmethod
    def of(cls, model: Any) -> DecoderWeights:
        """Read them from ``model``, whose first step is a branch of an ``If``."""
        branch = next(each.g for node in model.graph.node for each in node.attribute if each.name == "else_branch")
        constants = constants_of(branch.node, (*model.graph.initializer, *branch.initializer))
        named: dict[str, Weights] = {}
        for node in branch.node:
            known = [constants[name] for name in node.input if name in constants and constants[name].ndim > 0]
            if node.op_type in ("MatMul", "Mul", "Add", "Gather") and known:
                name = node.output[0].removeprefix("/model/decoder/").removesuffix("_output_0")
                named[name] = known[0]
        layers = sum(name.endswith("/mlp/down_proj/MatMul") for name in named)
        past = next(each for each in model.graph.input if each.name == "past_key_values.0.decoder.key")
        heads = past.type.tensor_type.shape.dim[1].dim_value
        return cls(named, layers, heads, named["rotary_emb/MatMul"].reshape(-1))


def memory_graph(weights: DecoderWeights) -> Any:
    """The model that makes the memory of all layers: ``states`` (1, S, D)."""
    graph, heads = Graph(), weights.heads
    products = [
        weights.named[f"layers.{layer}/encoder_attn/{name}_proj/MatMul"]
        for name in ("k", "v")
        for layer in range(weights.layers)
    ]
    size = products[0].shape[1]
    scaled = [each / np.sqrt(size // heads) if at < weights.layers else each for at, each in enumerate(products)]
    both = graph.product("states", np.concatenate(scaled, axis=1))
    shape = graph.constant(np.array([1, -1, len(products), heads, size // heads], np.int64))
    for at, each in enumerate(graph.split(graph.op("Reshape", both, shape), len(products), axis=2)):
        key = at < weights.layers
        name = f"key.{at}" if key else f"value.{at - weights.layers}"
        bare = graph.op("Squeeze", each, graph.constant(np.array([2], np.int64)))
        graph.op("Transpose", bare, perm=(0, 2, 3, 1) if key else (0, 2, 1, 3), output=name)
    shapes = _memory_shapes(weights, "1", size // heads)
    return graph.model("memory", {"states": (TensorProto.FLOAT, (1, "S", size))}, shapes)


def step_graph(weights: DecoderWeights) -> Any:
    """The model of a step: see the module's text."""
    graph, heads, named = Graph(), weights.heads, weights.named
    table = named["embed_tokens/Gather"]
    size = table.shape[1]
    width = size // heads
    split = graph.constant(np.array([0, 0, 3 * heads, width], np.int64))
    apart = graph.constant(np.array([0, 0, heads, width], np.int64))
    together = graph.constant(np.array([0, 0, size], np.int64))
    angles = np.arange(_MOST_POSITIONS)[:, None] * weights.rotary[None]
    cosines, sines = (graph.constant(made(angles).astype(np.float32)) for made in (np.cos, np.sin))
    pasts = graph.split("past", 2 * weights.layers, axis=1)
    added: list[str] = []

    def attention(queries: str, keys: str, values: str, mask: str, product: Weights) -> str:
        likely = graph.op("Softmax", graph.op("Add", graph.op("MatMul", queries, keys), mask), axis=-1)
        found = graph.op("Transpose", graph.op("MatMul", likely, values), perm=(0, 2, 1, 3))
        return graph.product(graph.op("Reshape", found, together), product)

    x = graph.op("Gather", graph.constant(table), "tokens")
    for layer in range(weights.layers):
        own, other, linear = (f"layers.{layer}/{part}" for part in ("self_attn", "encoder_attn", "mlp"))
        normal = graph.norm(x, named[f"layers.{layer}/input_layernorm/Mul"])
        q, k, v = (named[f"{own}/{name}_proj/MatMul"] for name in "qkv")
        parts = graph.op("Reshape", graph.product(normal, np.concatenate((q / np.sqrt(width), k, v), axis=1)), split)
        parts = graph.op("Transpose", parts, perm=(0, 2, 1, 3))
        turning, values = graph.split(parts, (2 * heads, heads), axis=1)
        turned = graph.op(
            "RotaryEmbedding", turning, "positions", cosines, sines,
            domain=MICROSOFT, interleaved=1, num_heads=2 * heads, rotary_embedding_dim=2 * len(weights.rotary),
        )  # fmt: skip
        queries, keys = graph.split(turned, 2, axis=1)
        added += [keys, values]
        all_keys = graph.op("Concat", pasts[2 * layer], keys, axis=2)
        all_values = graph.op("Concat", pasts[2 * layer + 1], values, axis=2)
        found = attention(
            queries,
            graph.op("Transpose", all_keys, perm=(0, 1, 3, 2)),
            all_values,
            "seen",
            named[f"{own}/dense/MatMul"],
        )
        x = graph.op("Add", x, found)
        normal = graph.norm(x, named[f"layers.{layer}/post_attention_layernorm/Mul"])
        asked = graph.op("Reshape", graph.product(normal, named[f"{other}/q_proj/MatMul"]), apart)
        asked = graph.op("Transpose", asked, perm=(0, 2, 1, 3))
        memory = (f"key.{layer}", f"value.{layer}")
        x = graph.op("Add", x, attention(asked, *memory, "heard", named[f"{other}/dense/MatMul"]))
        normal = graph.norm(x, named[f"layers.{layer}/final_layernorm/Mul"])
        wide = graph.product(normal, named[f"{linear}/up_proj/MatMul"])
        value, gate = graph.split(graph.op("Add", wide, graph.constant(named[f"{linear}/up_proj/Add"])), 2, axis=2)
        gated = graph.op("Mul", value, graph.op("QuickGelu", gate, domain=MICROSOFT, alpha=1.0))
        narrow = graph.product(gated, named[f"{linear}/down_proj/MatMul"])
        x = graph.op("Add", x, graph.op("Add", narrow, graph.constant(named[f"{linear}/down_proj/Add"])))
    graph.product(graph.norm(x, named["norm/Mul"]), table.T, output="logits")
    graph.op("Concat", *added, axis=1, output="added")
    numbers = ("R", "N")
    in_all = 2 * weights.layers * heads
    return graph.model(
        "step",
        {
            "tokens": (TensorProto.INT64, numbers),
            "positions": (TensorProto.INT64, numbers),
            "seen": (TensorProto.FLOAT, ("R", 1, "N", "P+N")),
            "heard": (TensorProto.FLOAT, ("M", 1, 1, "S")),
            "past": (TensorProto.FLOAT, ("R", in_all, "P", width)),
            **_memory_shapes(weights, "M", width),
        },
        {
            "logits": (TensorProto.FLOAT, (*numbers, len(table))),
            "added": (TensorProto.FLOAT, ("R", in_all, "N", width)),
        },
    )


def _memory_shapes(weights: DecoderWeights, rows: str, width: int) -> Tensors:
    shapes: Tensors = {}
    for layer in range(weights.layers):
        shapes[f"key.{layer}"] = (TensorProto.FLOAT, (rows, weights.heads, width, "S"))
        shapes[f"value.{layer}"] = (TensorProto.FLOAT, (rows, weights.heads, "S", width))
    return shapes
