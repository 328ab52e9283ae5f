"""Models that are made to load and run fast compute the same."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from voicebot.audio.onnx_session import session
from voicebot.localspeech.model_making import MODEL, fold_constants, make

WIDTH, WORDS = 64, 96


def decoder() -> Any:
    """8-bit weights that are turned to float at each run, and a table whose transpose both branches multiply by."""
    choose = np.random.default_rng(1)
    table = choose.integers(-127, 127, (WORDS, WIDTH)).astype(np.int8)
    weights = choose.integers(-127, 127, (WIDTH, WIDTH)).astype(np.int8)
    constants = {"table8": table, "weights8": weights, "scale": np.float32(0.01), "offset": np.float32(0.002)}
    outside = []
    for name in ("table", "weights"):
        outside += [
            helper.make_node("Cast", [f"{name}8"], [f"{name}_float"], to=TensorProto.FLOAT),
            helper.make_node("Mul", [f"{name}_float", "scale"], [f"{name}_scaled"]),
            helper.make_node("Add", [f"{name}_scaled", "offset"], [name]),
        ]

    def branch(name: str, *, twice: bool) -> Any:
        nodes = [helper.make_node("MatMul", ["x", "weights"], [f"{name}_h"])]
        if twice:
            nodes.append(helper.make_node("MatMul", [f"{name}_h", "weights"], [f"{name}_hh"]))
        nodes += [
            helper.make_node("Transpose", ["table"], [f"{name}_t"]),
            helper.make_node("MatMul", [f"{name}_hh" if twice else f"{name}_h", f"{name}_t"], [f"{name}_y"]),
        ]
        return helper.make_graph(nodes, name, [], [helper.make_tensor_value_info(f"{name}_y", TensorProto.FLOAT, None)])

    branches = {"then_branch": branch("once", twice=False), "else_branch": branch("again", twice=True)}
    graph = helper.make_graph(
        [*outside, helper.make_node("If", ["first"], ["y"], **branches)],
        "decoder",
        [
            helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", WIDTH]),
            helper.make_tensor_value_info("first", TensorProto.BOOL, []),
        ],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", WORDS])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)


def outputs(model: Path) -> list[Any]:
    loaded = session(model)
    x = np.random.default_rng(2).normal(0, 1, (3, WIDTH)).astype(np.float32)
    return [loaded.run(None, {"x": x, "first": np.array(first)})[0] for first in (True, False)]


def silent(_what: str, _share: float) -> None:
    """Nobody looks."""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    file = tmp_path / "decoder.onnx"
    onnx.save(decoder(), str(file))
    return file


def test_constants_are_folded_in_branches_too_and_both_use_the_same() -> None:
    model = decoder()
    fold_constants(model.graph)
    onnx.checker.check_model(model)
    assert [node.op_type for node in model.graph.node] == ["If"]
    branches = [attribute.g for attribute in model.graph.node[0].attribute]
    assert {node.op_type for branch in branches for node in branch.node} == {"MatMul"}
    assert "table8" not in {tensor.name for tensor in model.graph.initializer}


def test_a_model_that_was_only_optimised_gives_the_same(tmp_path: Path, source: Path) -> None:
    make(source, tmp_path / "made", silent, fold=True, quantise=False)
    for made, plain in zip(outputs(tmp_path / "made" / MODEL), outputs(source), strict=True):
        assert made == pytest.approx(plain, rel=1e-5, abs=1e-4)


def test_a_quantised_model_gives_nearly_the_same_and_has_no_weights_as_float(tmp_path: Path, source: Path) -> None:
    make(source, tmp_path / "made", silent, fold=True, quantise=True)
    for made, plain in zip(outputs(tmp_path / "made" / MODEL), outputs(source), strict=True):
        assert np.abs(made - plain).max() < 0.03 * np.abs(plain).max()
    kept = (tmp_path / "made" / "weights").stat()
    assert kept.st_size < 4 * WIDTH * (WORDS + WIDTH)
    assert stat.S_IMODE(kept.st_mode) == stat.S_IMODE((tmp_path / "made" / MODEL).stat().st_mode)


def test_what_fails_leaves_nothing(tmp_path: Path) -> None:
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"no model")
    with pytest.raises(Exception, match="broken"):
        make(broken, tmp_path / "made", silent, fold=False, quantise=False)
    assert list(tmp_path.iterdir()) == [broken]
