"""Graphs of ours for onnxruntime: what those of the recogniser's encoder and decoder have in common."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import helper, numpy_helper

MICROSOFT = "com.microsoft"
"""The domain of operators that onnxruntime has in addition."""
_OPSET = 17
_EPSILON = 1e-5

Weights = NDArray[np.float32]
Shape = tuple[int | str, ...]
Tensors = dict[str, tuple[int, Shape]]
"""By name, the type and shape of what goes into a graph, or comes out of it."""


def constants_of(nodes: Iterable[Any], tensors: Iterable[Any]) -> dict[str, NDArray[Any]]:
    """By name, what a graph that is shipped has as ``tensors``, and what its ``nodes`` have as constants."""
    found = {tensor.name: numpy_helper.to_array(tensor) for tensor in tensors}
    for node in nodes:
        if node.op_type == "Constant":
            found[node.output[0]] = numpy_helper.to_array(node.attribute[0].t)
    return found


@dataclass(slots=True)
class Graph:
    """A graph that grows by a node at a time."""

    nodes: list[Any] = field(default_factory=list)
    constants: list[Any] = field(default_factory=list)

    def constant(self, value: NDArray[Any]) -> str:
        name = f"constant.{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def op(self, kind: str, *inputs: str, output: str = "", domain: str = "", **attributes: Any) -> str:
        output = output or f"{kind}.{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], domain=domain, **attributes))
        return output

    def split(self, tensor: str, sizes: int | tuple[int, ...], axis: int) -> list[str]:
        """Parts of the same size, or of ``sizes``."""
        inputs = [tensor] if isinstance(sizes, int) else [tensor, self.constant(np.array(sizes, np.int64))]
        count = sizes if isinstance(sizes, int) else len(sizes)
        outputs = [f"Split.{len(self.nodes)}.{part}" for part in range(count)]
        self.nodes.append(helper.make_node("Split", inputs, outputs, axis=axis))
        return outputs

    def product(self, tensor: str, weights: Weights, output: str = "") -> str:
        return self.op("MatMul", tensor, self.constant(weights.astype(np.float32)), output=output)

    def norm(self, tensor: str, weights: Weights, output: str = "") -> str:
        return self.op("LayerNormalization", tensor, self.constant(weights), output=output, axis=-1, epsilon=_EPSILON)

    def model(self, name: str, inputs: Tensors, outputs: Tensors) -> Any:
        def described(tensors: Tensors) -> list[Any]:
            return [helper.make_tensor_value_info(each, kind, shape) for each, (kind, shape) in tensors.items()]

        graph = helper.make_graph(self.nodes, name, described(inputs), described(outputs), self.constants)
        opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(MICROSOFT, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=8)
