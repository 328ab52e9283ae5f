"""Models are computed as they say, whatever instructions the processor has."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from voicebot.audio.onnx_session import session

WIDTH = 256


@pytest.mark.parametrize("rows", [1, 2, 7, 64])
def test_sums_of_products_of_large_bytes_are_exact(rows: int) -> None:
    choose = np.random.default_rng(rows)
    matrix = choose.choice([-128, 127], (WIDTH, WIDTH)).astype(np.int8)
    x = choose.choice([254, 255], (rows, WIDTH)).astype(np.uint8)
    one = numpy_helper.from_array(np.array(1, np.float32), "one")
    zero = numpy_helper.from_array(np.array(128, np.uint8), "zero")
    inputs = ["x", "matrix", "one", "one", "zero"]
    node = helper.make_node("MatMulIntegerToFloat", inputs, ["y"], domain="com.microsoft")
    graph = helper.make_graph(
        [node],
        "product",
        [helper.make_tensor_value_info("x", TensorProto.UINT8, ["rows", WIDTH])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", WIDTH])],
        [numpy_helper.from_array(matrix, "matrix"), one, zero],
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()
    (given,) = session(model).run(None, {"x": x})
    assert np.array_equal(given, (x.astype(np.int64) - 128) @ matrix.astype(np.int64))
