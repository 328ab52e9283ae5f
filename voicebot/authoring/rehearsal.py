"""Runs the tests of a folder of dialogs in text, and keeps which steps and paths they took."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from voicebot.authoring.checks.paths import graph_of
from voicebot.authoring.compiler import CompiledDialogs, compile_dialogs
from voicebot.authoring.folder import Dialogs
from voicebot.authoring.functions import AsyncFunction
from voicebot.authoring.model import FAIL
from voicebot.authoring.stubs import AnySecret, Stubs
from voicebot.authoring.talk import Failure, RunningTest
from voicebot.authoring.textcall import TextCall
from voicebot.authoring.transcripts import DialogTest


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a test; ``failure`` is None when it passed; ``languages``: those of the call."""

    test: DialogTest
    failure: Failure | None
    took_s: float
    languages: frozenset[str]


@dataclass(slots=True)
class Coverage:
    """The steps that were visited, and the paths that were taken from them."""

    dialogs: Dialogs
    taken: set[tuple[str, str, str]] = field(default_factory=set)
    """Dialog, step, and where the dialog went on after it."""

    def visited(self, dialog: str, step: str, going: str) -> None:
        self.taken.add((dialog, step, going))

    def steps(self) -> tuple[int, list[tuple[Path, int, str]]]:
        """How many steps there are, and file, line and id of those that were not visited."""
        seen = {(dialog, end) for dialog, step, going in self.taken for end in (step, going)}
        total, left = 0, []
        for name, loaded in self.dialogs.dialogs.items():
            total += len(loaded.dialog.steps)
            left += [(loaded.file, loaded.document.value_at((*loaded.step_path(step.id), "id"))[0], step.id)
                     for step in loaded.dialog.steps if (name, step.id) not in seen]  # fmt: skip
        return total, left

    def paths(self) -> tuple[int, list[tuple[Path, int, str, str]]]:
        """How many paths there are out of steps that have several, and those that were not taken."""
        total, left = 0, []
        for name, loaded in self.dialogs.dialogs.items():
            for step, to in graph_of(loaded.dialog).items():
                targets = [target for target in to if target != FAIL]  # a dialog does not report that it was given up
                if len(targets) < 2:
                    continue
                total += len(targets)
                line = loaded.document.value_at((*loaded.step_path(step), "id"))[0]
                left += [(loaded.file, line, step, target) for target in targets
                         if (name, step, target) not in self.taken]  # fmt: skip
        return total, left


class Rehearsal:
    """The dialogs, with the clock, services and functions of the running test.

    Compiled once for each set of functions that tests replace. Raises ``DialogsError`` for faulty Python.
    """

    def __init__(self, dialogs: Dialogs) -> None:
        self.coverage = Coverage(dialogs)
        self._dialogs = dialogs
        self._compiled: dict[frozenset[str], CompiledDialogs] = {}
        self._stubs: Stubs | None = None

    async def run(self, test: DialogTest) -> Result:
        """One test, one call."""
        self._stubs = Stubs(test)
        began = time.perf_counter()
        call = TextCall(
            self._root(test).root,
            locale=test.locale or self._dialogs.main.dialog.locale,
            direction=test.direction,
            context=test.context,
        )
        talk = RunningTest(call, test, self._stubs.unknown)
        try:
            failure = await talk.failure()
        finally:
            await call.close()
        return Result(test, failure, time.perf_counter() - began, frozenset(talk.languages))

    async def close(self) -> None:
        for compiled in self._compiled.values():
            await compiled.close()

    def _root(self, test: DialogTest) -> CompiledDialogs:
        names = frozenset(test.functions)
        if names not in self._compiled:
            self._compiled[names] = compile_dialogs(
                self._dialogs,
                now=lambda: self._running().now(),
                fetch=lambda request: self._running().fetch(request),
                functions={name: self._function(name) for name in names},
                secrets=AnySecret(),
                visited=self.coverage.visited,
            )
        return self._compiled[names]

    def _function(self, name: str) -> AsyncFunction:
        async def instead(**given: Any) -> Any:
            return self._running().answer(name, given)

        return instead

    def _running(self) -> Stubs:
        assert self._stubs is not None
        return self._stubs
