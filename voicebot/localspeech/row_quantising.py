"""Matrix products with 8-bit numbers, rounded for each row by itself.

onnxruntime's dynamic quantisation takes one scale for all rows that a product gets at once. Here every row has its own:
what comes of a row does not depend on the others, so that a batch computes what each of its rows would alone, and a
row of small numbers beside one of large ones keeps its digits.

Sums of their products are exact, and so the same on all processors, if the model is loaded as
:mod:`voicebot.audio.onnx_session` does it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import helper, numpy_helper

_MICROSOFT = "com.microsoft"
_MIDDLE, _MOST = 128, 127
_LEAST = 1024
"""Numbers of a matrix that is worth it."""
_UNIT, _ZERO = "row.unit", "row.zero"


def quantise_rows(model: Any) -> None:
    """Replace each product of ``model`` (opset 13 to 17) with a constant matrix by one of 8-bit numbers, with a scale
    for each row, and for each column of the matrix."""
    graph = model.graph
    matrices = {
        tensor.name: numpy_helper.to_array(tensor)
        for tensor in graph.initializer
        if len(tensor.dims) == 2 and np.prod(tensor.dims) >= _LEAST
    }
    nodes: list[Any] = []
    rounded: set[str] = set()
    for node in graph.node:
        if node.op_type != "MatMul" or node.input[1] not in matrices:
            nodes.append(node)
            continue
        (rows, matrix), (output,) = node.input, node.output
        if rows not in rounded:
            rounded.add(rows)
            nodes += _round(rows)
        factors = [f"{rows}.rounded", f"{matrix}.rounded", _UNIT, f"{matrix}.scale", _ZERO]
        unscaled = f"{output}.unscaled"
        nodes.append(helper.make_node("MatMulIntegerToFloat", factors, [unscaled], domain=_MICROSOFT))
        nodes.append(helper.make_node("Mul", [unscaled, f"{rows}.scale"], [output], name=node.name))
    used = {name for node in nodes for name in node.input}
    constants = [tensor for tensor in graph.initializer if tensor.name in used or tensor.name not in matrices]
    for name, matrix in matrices.items():
        if f"{name}.rounded" in used:
            constants += _in_8_bits(name, matrix)
    constants.append(numpy_helper.from_array(np.array(1 / _MOST, np.float32), _UNIT))
    constants.append(numpy_helper.from_array(np.array(_MIDDLE, np.uint8), _ZERO))
    del graph.initializer[:], graph.node[:]
    graph.initializer.extend(constants)
    graph.node.extend(nodes)
    if all(opset.domain != _MICROSOFT for opset in model.opset_import):
        model.opset_import.extend([helper.make_opsetid(_MICROSOFT, 1)])


def _round(rows: str) -> list[Any]:
    """Each row as 8-bit numbers, and its scale: its largest number. Where that is 0, so is what comes of the row."""
    return [
        helper.make_node("Abs", [rows], [f"{rows}.abs"]),
        helper.make_node("ReduceMax", [f"{rows}.abs"], [f"{rows}.scale"], axes=[-1], keepdims=1),
        helper.make_node("Div", [rows, f"{rows}.scale"], [f"{rows}.unit"]),
        helper.make_node("QuantizeLinear", [f"{rows}.unit", _UNIT, _ZERO], [f"{rows}.rounded"]),
    ]


def _in_8_bits(name: str, matrix: Any) -> list[Any]:
    """The matrix, and a scale for each column."""
    scale = np.abs(matrix).max(axis=0) / _MOST
    scale[scale == 0] = 1.0
    return [
        numpy_helper.from_array(np.rint(matrix / scale).astype(np.int8), f"{name}.rounded"),
        numpy_helper.from_array(scale.astype(np.float32), f"{name}.scale"),
    ]
