"""What a dialog file calls by ``module.name``: Python of the same folder, an async function or a Bot Framework dialog.

The folder becomes a package, so its modules import one another relatively and never collide with installed ones. A
function is called with the step's ``with`` as keywords; what it returns must fit into the call's stored state (texts,
numbers, true, false, none, lists, mappings, days, times, Decimal).
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.machinery
import importlib.util
import inspect
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
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
        for name in dict.fromkeys(names):
            given = (instead or {}).get(name)
            if given is not None:
                self._functions[name] = given
            else:
                self._add(folder, name)

    def is_function(self, name: str) -> bool:
        return name in self._functions

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
