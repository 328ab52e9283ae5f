"""Plays the talk of a test, entry by entry, in a call, and compares what the bot should say with what it says."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from voicebot.authoring.textcall import Said
from voicebot.authoring.transcripts import ANY_PROMPTS, DialogTest, Entry, matches


@dataclass(frozen=True, slots=True)
class Failure:
    """Where a test has failed: what was expected there, and what was heard."""

    file: Path
    line: int
    expected: str
    heard: str


class TestedCall(Protocol):
    """The call of a test: a call in text, or the replay of a recorded call by voice.

    :class:`~voicebot.authoring.textcall.TextCall` says what the properties mean.
    """

    hung_up: bool
    transfer: str | None
    dialled: str | None
    recording: str
    language: str

    async def dial(self) -> list[Said]:
        """The call begins. All of these return what the bot says to it."""

    async def say(self, text: str) -> list[Said]:
        """The caller says ``text``."""

    async def say_early(self, text: str) -> list[Said]:
        """The same, before anything of the bot's last message was heard."""

    async def press(self, keys: str) -> list[Said]:
        """The caller presses one key after another."""

    async def silence(self) -> list[Said]:
        """The caller says nothing."""

    async def noise(self) -> list[Said]:
        """Something is heard that has no words."""

    async def transferred(self, state: str) -> list[Said]:
        """A transfer has ended: ``completed``, ``failed``, ``busy`` or ``no-answer``."""

    async def dial_became(self, outcome: str) -> list[Said]:
        """The call that the bot has placed goes on: ``answered``, ``ended``, ``busy``, ..."""


class RunningTest:
    """One test while it runs, with what the bot has said that no entry has looked at yet.

    ``unknown``: a list to which requests are added that the test has no answer for. ``languages``: those of the call.
    """

    def __init__(self, call: TestedCall, test: DialogTest, unknown: list[str]) -> None:
        self._call = call
        self._test = test
        self._unknown = unknown
        self._heard: list[Said] = []
        self._looked_at = 0
        """The line of the entry that looked at the prompts of this turn; 0 for none: then anything may be said."""
        self.languages = {call.language}

    async def failure(self) -> Failure | None:
        """Play the talk; the first difference, or None."""
        self._heard = await self._call.dial()
        self.languages.add(self._call.language)
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
            self.languages.add(self._call.language)
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
        if entry.early is not None:
            early = entry.early
            return lambda: call.say_early(early)
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
