from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from voicebot.audio.onnx_session import session
from voicebot.localspeech.row_quantising import quantise_rows

WIDTH = 64


def model(*, twice: bool = False) -> Any:
    """A product with a matrix, and one with its transpose."""
    matrix = np.random.default_rng(1).normal(0, 1, (WIDTH, WIDTH)).astype(np.float32)
    nodes = [helper.make_node("MatMul", ["x", "matrix"], ["y" if not twice else "h"])]
    nodes += [helper.make_node("MatMul", ["x", "other"], ["y"])] if twice else []
    graph = helper.make_graph(
        nodes,
        "products",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", "rows", WIDTH])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", "rows", WIDTH])],
        [numpy_helper.from_array(matrix, "matrix"), numpy_helper.from_array(matrix.T.copy(), "other")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def run(made: Any, x: Any) -> Any:
    return session(made.SerializeToString()).run(None, {"x": x})[0]


def test_a_row_beside_large_ones_is_rounded_as_if_it_were_alone() -> None:
    x = np.random.default_rng(2).normal(0, 1, (1, 3, WIDTH)).astype(np.float32)
    x[0, 1] *= 1000
    plain, rounded = model(), model()
    quantise_rows(rounded)
    wanted, given = run(plain, x)[0], run(rounded, x)[0]
    for row in range(3):
        assert np.abs(given[row] - wanted[row]).max() < 0.02 * np.abs(wanted[row]).max()
        assert np.array_equal(run(rounded, x[:, row : row + 1])[0, 0], given[row])


def test_floats_of_a_matrix_are_not_kept_and_each_row_is_rounded_once() -> None:
    made = model(twice=True)
    quantise_rows(made)
    kinds = [node.op_type for node in made.graph.node]
    assert kinds.count("QuantizeLinear") == 1
    assert kinds.count("MatMulIntegerToFloat") == 2
    assert not [
        tensor for tensor in made.graph.initializer if tensor.data_type == TensorProto.FLOAT and len(tensor.dims) == 2
    ]


def test_a_row_of_nothing_is_nothing() -> None:
    made = model()
    quantise_rows(made)
    assert run(made, np.zeros((1, 2, WIDTH), np.float32)) == pytest.approx(np.zeros((1, 2, WIDTH)))
