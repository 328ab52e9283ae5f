"""Models that are made to load and run fast compute the same."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from voicebot.audio.onnx_session import session
from voicebot.localspeech import prepare_models
from voicebot.localspeech.model_making import MODEL, fold_constants, make
from voicebot.localspeech.recipe import Recipe

WIDTH, WORDS = 64, 96
FLOATS = 2048 * 16
"""Numbers that a table of rotary positions has."""


def model() -> Any:
    """8-bit weights that are turned to float at each run."""
    choose = np.random.default_rng(1)
    weights = choose.integers(-127, 127, (WIDTH, WORDS)).astype(np.int8)
    constants = {"weights8": weights, "scale": np.float32(0.01), "offset": np.float32(0.002)}
    nodes = [
        helper.make_node("Cast", ["weights8"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["float", "scale"], ["scaled"]),
        helper.make_node("Add", ["scaled", "offset"], ["weights"]),
        helper.make_node("MatMul", ["x", "weights"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "model",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", WIDTH])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", WORDS])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)


def output(made: Path) -> Any:
    x = np.random.default_rng(2).normal(0, 1, (3, WIDTH)).astype(np.float32)
    return session(made).run(None, {"x": x})[0]


def silent(_what: str, _share: float) -> None:
    """Nobody looks."""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    file = tmp_path / "model.onnx"
    onnx.save(model(), str(file))
    return file


def test_constants_are_folded() -> None:
    made = model()
    fold_constants(made.graph)
    onnx.checker.check_model(made)
    assert [node.op_type for node in made.graph.node] == ["MatMul"]
    assert [tensor.name for tensor in made.graph.initializer] == ["weights"]


def test_a_model_that_was_only_optimised_gives_the_same(tmp_path: Path, source: Path) -> None:
    make(source, tmp_path / "made", silent, Recipe.AS_IT_IS)
    assert output(tmp_path / "made" / MODEL) == pytest.approx(output(source), rel=1e-5, abs=1e-4)
    kept = (tmp_path / "made" / "weights").stat()
    assert stat.S_IMODE(kept.st_mode) == stat.S_IMODE((tmp_path / "made" / MODEL).stat().st_mode)


@pytest.mark.parametrize("name", ["quick_encoder", "memory"])
def test_graphs_of_ours_keep_no_weights_as_floats(name: str) -> None:
    graph = onnx.load(str(getattr(prepare_models(), name)), load_external_data=False).graph
    floats = [tensor for tensor in graph.initializer if tensor.data_type == TensorProto.FLOAT and len(tensor.dims) == 2]
    assert not [tensor.name for tensor in floats if np.prod(tensor.dims) > FLOATS]


def test_what_fails_leaves_nothing(tmp_path: Path) -> None:
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"no model")
    with pytest.raises(Exception, match="broken"):
        make(broken, tmp_path / "made", silent, Recipe.AS_IT_IS)
    assert list(tmp_path.iterdir()) == [broken]


def test_models_that_nobody_has_used_for_weeks_are_removed(tmp_path: Path) -> None:
    now = prepare_models().encoder.parents[1]  # the real ones, which are there already
    cache = tmp_path / "cache"
    cache.mkdir()
    for folder in now.iterdir():
        if folder.is_dir():
            (cache / folder.name).symlink_to(folder)
    weeks_ago = time.time() - 30 * 24 * 3600
    others = ("moonshine-base-en-0.0.9-encoder-ort1.0", "preparing-abc", "moonshine-base-en-0.1.5-of-a-sister", "mine")
    for name in others:
        (cache / name).mkdir()
        (cache / name / MODEL).touch()
        if "sister" not in name:
            os.utime(cache / name, (weeks_ago, weeks_ago))
    prepare_models(cache)
    assert [name for name in others if (cache / name).exists()] == ["moonshine-base-en-0.1.5-of-a-sister", "mine"]
