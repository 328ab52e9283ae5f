"""What a dialog file calls by ``module.name``: Python of the same folder, an async function or a Bot Framework dialog.

The folder becomes a package, so its modules import one another relatively and never collide with installed ones. A
function is called with the step's ``with`` as keywords; what it returns must fit into the call's stored state (texts,
numbers, true, false, none, lists, mappings, days, times, Decimal).

A module may name the functions that only look something up or compute (``PURE = ["nearest_branch"]``). They may be
called on trial, while the caller may still go on speaking, and any number of times.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.machinery
import importlib.util
import inspect
import sys
from collections.abc import Awaitable, Callable, Collection, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from voicebot.host.codec import dumps
from voicebot.host.loader import DialogsError, located, package_name
from voicebot.host.sdk import Dialog

LIMIT_S = 9.0
"""The longest that a function may take, whatever its step says: a turn has ten seconds."""

AsyncFunction = Callable[..., Awaitable[Any]]


class Functions:
    """``names``: each ``module.name`` that is called. ``instead``: functions that take the place of some (in tests).

    Raises:
        DialogsError: a module cannot be imported, or has no such function or dialog; with file and line.
    """

    def __init__(self, folder: Path, names: list[str], instead: Mapping[str, AsyncFunction] | None = None) -> None:
        self.package = ""
        self.dialogs: list[Dialog] = []
        self._functions: dict[str, AsyncFunction] = {}
        self._pure: set[str] = set()
        for name in dict.fromkeys(names):
            given = (instead or {}).get(name)
            if given is not None:
                self._functions[name] = given
            else:
                self._add(folder, name)

    def is_function(self, name: str) -> bool:
        return name in self._functions

    def may_be_tried(self, name: str) -> bool:
        """Whether calling ``name`` has no effect, as far as we are told. Of Python dialogs, we are told nothing."""
        return name in self._pure or not (name in self._functions or any(name == one.id for one in self.dialogs))

    async def run(self, name: str, given: dict[str, Any], timeout_s: float) -> Any:
        """Call a function. Raises whatever it raises, TimeoutError, or ``StateNotStorable`` for what it returns."""
        async with asyncio.timeout(min(timeout_s, LIMIT_S)):
            result = await self._functions[name](**given)
        dumps(result)
        return result

    def _add(self, folder: Path, name: str) -> None:
        module_name, _, attribute = name.replace("/", ".").rpartition(".")
        file = folder / (module_name.replace(".", "/") + ".py")
        try:
            module = importlib.import_module(f"{self._package(folder)}.{module_name}")
        except Exception as error:
            raise DialogsError(located(error, folder)) from error
        found = getattr(module, attribute, None)
        if inspect.isclass(found) and issubclass(found, Dialog):
            try:
                found = found(name)  # type: ignore[call-arg]
            except Exception as error:
                raise DialogsError(located(error, folder)) from error
        if isinstance(found, Dialog):
            found._id = name
            self.dialogs.append(found)
        elif inspect.iscoroutinefunction(found):
            self._functions[name] = found
            if attribute in _pure_of(module, file):
                self._pure.add(name)
        else:
            what = "is no async function and no dialog" if found is not None else "does not exist"
            raise DialogsError(f"{file}:1: {attribute} {what}, though a dialog calls {name}")

    def _package(self, folder: Path) -> str:
        if not self.package:
            self.package = package_name(folder)
            spec = importlib.machinery.ModuleSpec(self.package, None, is_package=True)
            spec.submodule_search_locations = [str(folder)]
            sys.modules[self.package] = importlib.util.module_from_spec(spec)
        return self.package


def _pure_of(module: ModuleType, file: Path) -> Collection[str]:
    """The names of the functions that a module calls pure. Raises ``DialogsError`` for what is no such list."""
    names = getattr(module, "PURE", ())
    for name in names if isinstance(names, list | tuple | set) else (names,):
        if not isinstance(name, str) or not inspect.iscoroutinefunction(getattr(module, name, None)):
            raise DialogsError(f"{file}:1: PURE lists names of async functions of this file, and {name!r} is none")
    return names
