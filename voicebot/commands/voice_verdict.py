"""Judges a test that was run by voice: compares the call's record with the talk. Pure.

Caller and service run on one machine, so their times can be compared: what the bot said between two acts of the caller
answers the first of them. With this, a record is judged by the same rules as a call in text
(:class:`~voicebot.authoring.talk.RunningTest`). Entries that only a call in text can check (``language``,
``recording``) are ignored.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from voicebot.authoring.talk import Failure, RunningTest
from voicebot.authoring.textcall import Said
from voicebot.authoring.transcripts import DialogTest
from voicebot.caller import CallReport
from voicebot.commands.voice_script import VoiceScript, in_words, spoken


@dataclass(frozen=True, slots=True)
class Understood:
    """What the caller said in an act, and what was recognised. ``line``: of the act in the test's file."""

    line: int
    said: str
    recognised: str

    @property
    def differs(self) -> bool:
        """Whether they differ in more than capitals, punctuation and figures."""
        return _plain(self.said) != _plain(self.recognised)


@dataclass(frozen=True, slots=True)
class Verdict:
    """``failure``: None if the test passed. ``understood``: one for each act in which the caller spoke."""

    failure: Failure | None
    understood: tuple[Understood, ...]


async def verdict(test: DialogTest, voice: VoiceScript, report: CallReport, record: dict[str, Any]) -> Verdict:
    """Judge the call with this ``report`` of the caller and this ``record`` of the service. Never waits."""
    call = ReplayedCall(test, voice, report, record)
    shown = [(entry, line) for entry, line in zip(test.talk, test.lines, strict=True)
             if entry.language is None and entry.recording is None]  # fmt: skip
    talk = replace(test, talk=[entry for entry, _ in shown], lines=[line for _, line in shown])
    try:
        failure = await RunningTest(call, talk, []).failure()
    except CallOver as over:
        failure = Failure(test.file, over.line, "a call that goes on", _ending(voice, report))
    if failure is None and not report.ok:
        failure = Failure(test.file, test.lines[-1], "a call that comes to its end", report.reason)
    return Verdict(failure, call.understood())


class CallOver(Exception):
    """The call ended before the act in ``line``."""

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


class ReplayedCall:
    """Replays a recorded call, act by act (:class:`~voicebot.authoring.talk.Call`). Raises :class:`CallOver` after its
    end."""

    def __init__(self, test: DialogTest, voice: VoiceScript, report: CallReport, record: dict[str, Any]) -> None:
        self.hung_up = False
        self.transfer: str | None = None
        self.dialled: str | None = None
        self.recording = ""
        self.language = ""
        self._test = test
        self._timeline: list[dict[str, Any]] = record["timeline"]
        self._acts = [index for index, entry in enumerate(test.talk)
                      if index in voice.acts or entry.transferred is not None]  # fmt: skip
        self._begin = self._beginnings(voice, report, record["answered_ms"] or 0.0)
        self._at = -1
        """The act that was answered last, as an index in ``_acts``; -1: the greeting."""

    async def dial(self) -> list[Said]:
        return self._answer()

    async def say(self, text: str) -> list[Said]:
        return self._next()

    async def say_early(self, text: str) -> list[Said]:
        raise AssertionError("tests in which the caller speaks early are not run by voice")

    async def press(self, keys: str) -> list[Said]:
        return self._next()

    async def silence(self) -> list[Said]:
        return self._next()

    async def noise(self) -> list[Said]:
        return self._next()

    async def transferred(self, state: str) -> list[Said]:
        said = self._next()
        self.hung_up = self.hung_up or state == "completed"  # the caller is with the target
        return said

    async def dial_became(self, outcome: str) -> list[Said]:
        raise AssertionError("tests in which the bot places calls are not run by voice")

    def understood(self) -> tuple[Understood, ...]:
        found = []
        for at, index in enumerate(self._acts[: len(self._begin)]):
            said = self._test.talk[index].caller
            if said is not None:
                recognised = [line["text"] for line in self._during(at) if line["event"] == "asked" and line["text"]]
                found.append(Understood(self._test.lines[index], spoken(said), " | ".join(recognised)))
        return tuple(found)

    def _next(self) -> list[Said]:
        self._at += 1
        if self._at >= len(self._begin):
            raise CallOver(self._test.lines[self._acts[self._at]])
        return self._answer()

    def _answer(self) -> list[Said]:
        lines = self._during(self._at)
        handed = [line["target"] for line in lines if line["event"] == "transfer_asked"]
        self.transfer = handed[0] if handed else None
        self.hung_up = self.hung_up or any(line["event"] == "hang_up_asked" for line in lines)
        return [Said(line["text"], line["speak"] or line["text"]) for line in lines if line["event"] == "bot_message"]

    def _during(self, at: int) -> list[dict[str, Any]]:
        """The lines of the record's timeline from the ``at``-th act to the next."""
        begin = self._begin[at] if at >= 0 else float("-inf")
        end = self._begin[at + 1] if at + 1 < len(self._begin) else float("inf")
        return [line for line in self._timeline if begin <= line["at_ms"] < end]

    def _beginnings(self, voice: VoiceScript, report: CallReport, answered_ms: float) -> list[float]:
        """When each act began, in milliseconds of the record, for the acts that the call reached."""
        onsets: Sequence[float | None] = [turn.onset_s for turn in report.turns[1:]]
        own = dict(zip(voice.acts, onsets, strict=False))
        ends = iter([line["at_ms"] for line in self._timeline if line["event"] == "transfer_ended"])
        found: list[float] = []
        for index in self._acts:
            onset = own.get(index)
            by_the_target = self._test.talk[index].transferred is not None
            at = next(ends, None) if by_the_target else None if onset is None else answered_ms + onset * 1000
            if at is None:
                break
            found.append(at)
        return found


def _ending(voice: VoiceScript, report: CallReport) -> str:
    """Why the caller could not continue."""
    if report.ended_by != "bot":
        return report.reason
    if report.transfer_target is not None and voice.transfer_status < 300:
        return f"the call was transferred to {report.transfer_target}"
    return "the call is over"


def _plain(text: str) -> str:
    words = re.findall(r"\d|[^\W\d_]+", text.casefold())
    return " ".join(in_words(word) for word in words)
