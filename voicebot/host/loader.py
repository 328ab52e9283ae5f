"""Loads the author's ``dialogs/`` folder from its path, without installing it.

The folder contains ``main.py`` (or is a package whose ``__init__.py`` does the same) with

* ``create_dialog(context)``, which returns the root dialog; ``context`` is a :class:`DialogFolder`;
* optionally ``PROMPTS``: prompts that are rendered before the first call, as texts (or SSML), ``(text, locale)`` pairs
  or ``{"text": ..., "locale": ...}``.

A folder with ``main.yaml`` instead is written in the format for authors, which another package compiles
(:data:`COMPILED_BY`).

The folder is loaded as a package, so its modules import one another relatively (``from .prompts import GREETING``) and
cannot collide with installed ones. Errors are reported as ``file:line: what``.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import logging
import sys
import traceback
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from voicebot.host.sdk import Dialog
from voicebot.host.state import StateProperty, user_property
from voicebot.host_wire import FixedPrompt

MAX_PROMPTS = 2000
COMPILED_BY = {"main.yaml": "voicebot.authoring.hosting:load_folder"}
"""The file that marks a folder in another format, to the function that loads it: ``(folder) -> LoadedDialogs``. The
function's module is imported only when there is such a folder, as it depends on this package."""


class DialogsError(Exception):
    """The dialogs cannot be loaded. The message begins with file and line where these are known."""


@dataclass(frozen=True, slots=True)
class DialogFolder:
    """What ``create_dialog`` is given."""

    path: Path
    log: logging.Logger

    def file(self, name: str) -> Path:
        """A file of the folder, such as ``data/accounts.json``."""
        return self.path / name

    def user_property(self, name: str) -> StateProperty:
        """A named part of the caller's state, which outlives the call: ``await p.get(turn_context, dict)``, ``set``."""
        return user_property(name)

    def conversation_property(self, name: str) -> StateProperty:
        """A named part of the conversation's state, which ends with it."""
        return StateProperty(name)


@dataclass(frozen=True, slots=True)
class LoadedDialogs:
    """The author's dialogs, ready to run."""

    path: Path
    package: str
    root: Any
    prompts: tuple[FixedPrompt, ...]
    close: Callable[[], Awaitable[None]] | None = None
    """Called when the host ends; None if there is nothing to close."""
    trials: bool = False
    """Whether turns may be tried: in a trial, the dialogs stop before what has an effect (``host/trial.py``)."""
    draw: Callable[[], str] | None = None
    """Their flow as SVG, in which each step has its id, ``dialog.step``; None if there is no picture of it."""


def load_dialogs(path: Path) -> LoadedDialogs:
    """Load the folder at ``path``. Raises :class:`DialogsError`."""
    folder = path.resolve()
    if not folder.is_dir():
        raise DialogsError(f"{path}: no such folder of dialogs")
    for name, compiler in COMPILED_BY.items():
        if (folder / name).is_file() and not (folder / "main.py").is_file():
            module, _, function = compiler.partition(":")
            loaded: LoadedDialogs = getattr(importlib.import_module(module), function)(folder)
            return loaded
    package = package_name(folder)
    main = _import(folder, package)
    where = Path(main.__file__ or folder)
    create = getattr(main, "create_dialog", None)
    if not callable(create):
        raise DialogsError(f"{where}: no function create_dialog(context) that returns the root dialog")
    try:
        root = create(DialogFolder(folder, logging.getLogger(package)))
    except Exception as error:
        raise DialogsError(located(error, folder)) from error
    if not isinstance(root, Dialog):
        raise DialogsError(f"{where}: create_dialog returned {type(root).__name__}, not a dialog")
    return LoadedDialogs(folder, package, root, _prompts(getattr(main, "PROMPTS", ()), where))


def located(error: BaseException, folder: Path) -> str:
    """``file:line: what`` for the innermost place in ``folder`` that ``error`` passed through; else only ``what``."""
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}: {type(error).__name__}: {error.msg}"
    place = place_in(error, folder)
    return f"{place}: {what}" if place else what


def place_in(error: BaseException, folder: Path) -> str:
    """``file:line`` of the innermost frame of ``error`` in ``folder``; ``""`` when there is none."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if Path(frame.filename).is_relative_to(folder):
            return f"{frame.filename}:{frame.lineno}"
    return ""


def package_name(folder: Path) -> str:
    """A package name for ``folder`` that no imported or installed module has."""
    name = folder.name if folder.name.isidentifier() else "dialogs"
    candidate, number = name, 1
    while candidate in sys.modules or importlib.machinery.PathFinder.find_spec(candidate, sys.path[1:]) is not None:
        number += 1
        candidate = f"{name}_{number}"
    return candidate


def _import(folder: Path, package: str) -> ModuleType:
    init, main = folder / "__init__.py", folder / "main.py"
    if not init.is_file() and not main.is_file():
        raise DialogsError(f"{folder}: has neither main.py nor main.yaml nor __init__.py")
    spec = importlib.util.spec_from_file_location(
        package, init if init.is_file() else None, submodule_search_locations=[str(folder)]
    )
    if spec is None:
        spec = importlib.machinery.ModuleSpec(package, None, is_package=True)
        spec.submodule_search_locations = [str(folder)]
    module = importlib.util.module_from_spec(spec)
    sys.modules[package] = module
    try:
        if spec.loader is not None:
            spec.loader.exec_module(module)
        return importlib.import_module(f"{package}.main") if main.is_file() else module
    except Exception as error:
        for name in [name for name in sys.modules if name == package or name.startswith(package + ".")]:
            del sys.modules[name]
        raise DialogsError(located(error, folder)) from error


def _prompts(declared: Any, where: Path) -> tuple[FixedPrompt, ...]:
    if isinstance(declared, str) or not isinstance(declared, Iterable):
        raise DialogsError(f"{where}: PROMPTS is a {type(declared).__name__}, not a list of texts")
    prompts: dict[FixedPrompt, None] = {}
    for index, item in enumerate(declared):
        if isinstance(item, str):
            prompt = FixedPrompt(item)
        elif isinstance(item, dict) and isinstance(item.get("text"), str):
            prompt = FixedPrompt(item["text"], str(item.get("locale") or ""))
        elif isinstance(item, tuple | list) and len(item) == 2 and all(isinstance(part, str) for part in item):
            prompt = FixedPrompt(item[0], item[1])
        else:
            raise DialogsError(f"{where}: PROMPTS[{index}] is neither a text nor a (text, locale) pair")
        prompts[prompt] = None
        if len(prompts) > MAX_PROMPTS:
            raise DialogsError(f"{where}: more than {MAX_PROMPTS} PROMPTS")
    return tuple(prompts)
