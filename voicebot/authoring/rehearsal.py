"""Runs the tests of a folder of dialogs in text, and keeps which steps and ways they went."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from voicebot.authoring.checks.ways import ways
from voicebot.authoring.compiler import CompiledDialogs, compile_dialogs
from voicebot.authoring.folder import Dialogs
from voicebot.authoring.functions import AsyncFunction
from voicebot.authoring.http import HttpFailed, HttpRequest
from voicebot.authoring.model import FAIL
from voicebot.authoring.textcall import Said, TextCall
from voicebot.authoring.transcripts import ANY_PROMPTS, Entry, Transcript, matches


@dataclass(frozen=True, slots=True)
class Failure:
    """Where a test has failed: what was expected there, and what was heard."""

    file: Path
    line: int
    expected: str
    heard: str


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a test; ``failure`` is None when all was as it says."""

    test: Transcript
    failure: Failure | None
    took_s: float


@dataclass(slots=True)
class Coverage:
    """The steps that were visited, and the ways that were gone from them."""

    dialogs: Dialogs
    gone: set[tuple[str, str, str]] = field(default_factory=set)

    def visited(self, dialog: str, step: str, going: str) -> None:
        self.gone.add((dialog, step, going))

    def steps(self) -> tuple[int, list[tuple[Path, int, str]]]:
        """How many steps there are, and place and id of those that were not visited."""
        seen = {(dialog, end) for dialog, step, going in self.gone for end in (step, going)}
        total, left = 0, []
        for name, loaded in self.dialogs.dialogs.items():
            total += len(loaded.dialog.steps)
            left += [(loaded.file, loaded.document.value_at((*loaded.step_path(step.id), "id"))[0], step.id)
                     for step in loaded.dialog.steps if (name, step.id) not in seen]  # fmt: skip
        return total, left

    def ways(self) -> tuple[int, list[tuple[Path, int, str, str]]]:
        """How many ways there are out of steps that have several, and those that were not gone."""
        total, left = 0, []
        for name, loaded in self.dialogs.dialogs.items():
            for step, to in ways(loaded.dialog).items():
                targets = [target for target in to if target != FAIL]  # a dialog that is given up tells no way
                if len(targets) < 2:
                    continue
                total += len(targets)
                line = loaded.document.value_at((*loaded.step_path(step), "id"))[0]
                left += [(loaded.file, line, step, target) for target in targets
                         if (name, step, target) not in self.gone]  # fmt: skip
        return total, left


class Rehearsal:
    """The dialogs with what the running test puts in the place of clock, services and functions.

    Compiled once for each set of functions that tests replace. Raises ``DialogsError`` for faulty Python.
    """

    def __init__(self, dialogs: Dialogs) -> None:
        self.coverage = Coverage(dialogs)
        self._dialogs = dialogs
        self._compiled: dict[frozenset[str], CompiledDialogs] = {}
        self._test: Transcript | None = None
        self._unknown: list[str] = []

    async def run(self, test: Transcript) -> Result:
        """One test, one call."""
        self._test, self._unknown = test, []
        began = time.perf_counter()
        call = TextCall(
            self._root(test).root,
            locale=test.locale or self._dialogs.main.dialog.locale,
            direction=test.direction,
            context=test.context,
        )
        try:
            failure = await _Talk(call, test, self._unknown).failure()
        finally:
            await call.close()
        return Result(test, failure, time.perf_counter() - began)

    async def close(self) -> None:
        for compiled in self._compiled.values():
            await compiled.close()

    def _root(self, test: Transcript) -> CompiledDialogs:
        names = frozenset(test.functions)
        if names not in self._compiled:
            functions = {name: self._function(name) for name in names}
            self._compiled[names] = compile_dialogs(
                self._dialogs, now=self._now, fetch=self._fetch, functions=functions, secrets=_AnySecret(),
                visited=self.coverage.visited,
            )  # fmt: skip
        return self._compiled[names]

    def _now(self) -> datetime:
        assert self._test is not None
        return self._test.now

    async def _fetch(self, request: HttpRequest) -> Any:
        assert self._test is not None
        for service in self._test.http:
            if service.method == request.method and matches(service.url, request.url):
                if service.fails is not None or service.status >= 400:
                    raise HttpFailed(service.fails or f"the service answered {service.status}", service.status)
                return service.gives
        self._unknown.append(f"{request.method} {request.url}: no service under http: stands in for this")
        raise HttpFailed("nothing stands in for this service")

    def _function(self, name: str) -> AsyncFunction:
        async def instead(**given: Any) -> Any:
            assert self._test is not None
            for answer in self._test.functions[name]:
                wanted = answer.given or {}
                if all(str(given.get(key)) == str(value) for key, value in wanted.items()):
                    if answer.fails is not None:
                        raise RuntimeError(answer.fails)
                    return answer.gives
            told = ", ".join(f"{key}: {value}" for key, value in given.items())
            self._unknown.append(f"{name} with {told}: nothing under functions: stands in for this")
            raise LookupError(f"nothing stands in for {name} with {told}")

        return instead


class _AnySecret(dict[str, str]):
    """Tests know no secrets: each is its own name."""

    def get(self, name: str, default: Any = None) -> Any:
        return name


class _Talk:
    """One test while it runs: what the bot has said and nobody has looked at yet."""

    def __init__(self, call: TextCall, test: Transcript, unknown: list[str]) -> None:
        self._call = call
        self._test = test
        self._unknown = unknown
        self._heard: list[Said] = []
        self._looked_at = 0
        """The line that looked at the last turn's prompts; 0 when none did, and anything may be said."""

    async def failure(self) -> Failure | None:
        self._heard = await self._call.dial()
        for entry, line in zip(self._test.talk, self._test.lines, strict=True):
            failure = await self._entry(entry, line)
            if failure is None and self._unknown:
                failure = Failure(self._test.file, line, "everything that is asked has an answer", self._unknown[0])
            if failure is not None:
                return failure
        return self._left_over()

    async def _entry(self, entry: Entry, line: int) -> Failure | None:
        acts = self._act(entry)
        if acts is not None:
            left_over = self._left_over()
            if left_over is not None or self._call.hung_up:
                return left_over or Failure(self._test.file, line, "a call that goes on", "the call is over")
            if entry.dialled is not None and self._call.dialled is None:
                return Failure(self._test.file, line, "a call that a dial has placed", "no call")
            self._heard, self._looked_at = await acts(), 0
            return None
        if entry.bot is not None:
            return self._prompts(entry.bot, line)
        if entry.transfer is not None and not matches(entry.transfer, self._call.transfer or ""):
            handed = f"a transfer to {self._call.transfer}" if self._call.transfer else "no transfer"
            return Failure(self._test.file, line, f"a transfer to {entry.transfer}", handed)
        if entry.dial is not None and not matches(entry.dial, self._call.dialled or ""):
            dialled = f"a call to {self._call.dialled}" if self._call.dialled else "no call"
            return Failure(self._test.file, line, f"a call to {entry.dial}", dialled)
        if entry.hangup is not None and entry.hangup != self._call.hung_up:
            ends = ("the call goes on", "the call is over")
            return Failure(self._test.file, line, ends[entry.hangup], ends[self._call.hung_up])
        if entry.language is not None and entry.language != self._call.language:
            return Failure(self._test.file, line, f"the call is in {entry.language}", f"it is in {self._call.language}")
        if entry.recording is not None and entry.recording != self._call.recording:
            told = f"the recording is {entry.recording}", f"it is {self._call.recording}"
            return Failure(self._test.file, line, *told)
        return None

    def _act(self, entry: Entry) -> Callable[[], Awaitable[list[Said]]] | None:
        call = self._call
        if entry.caller is not None:
            said = entry.caller
            return lambda: call.say(said)
        if entry.keys is not None:
            keys = entry.keys
            return lambda: call.press(keys)
        if entry.transferred is not None:
            state = entry.transferred
            return lambda: call.transferred(state)
        if entry.dialled is not None:
            outcome = entry.dialled
            return lambda: call.dial_became(outcome)
        return call.silence if entry.silence else call.noise if entry.noise else None

    def _prompts(self, patterns: list[str], line: int) -> Failure | None:
        self._looked_at = line
        anywhere = False
        for pattern in patterns:
            if pattern == ANY_PROMPTS:
                anywhere = True
                continue
            found = next((at for at, said in enumerate(self._heard) if _fits(pattern, said)), None)
            if found is None or (found > 0 and not anywhere):
                heard = self._heard[:1] if not anywhere else self._heard
                return Failure(self._test.file, line, pattern, _told(heard))
            self._heard, anywhere = self._heard[found + 1 :], False
        if anywhere:
            self._heard = []
        return None

    def _left_over(self) -> Failure | None:
        if not self._looked_at or not self._heard:
            return None
        return Failure(self._test.file, self._looked_at, "nothing more", _told(self._heard))


def _fits(pattern: str, said: Said) -> bool:
    return matches(pattern, said.spoken) or matches(pattern, said.text)


def _told(heard: list[Said]) -> str:
    return " | ".join(said.spoken for said in heard) or "nothing"
