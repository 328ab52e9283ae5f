"""What came of a test that was held by voice: the call's record, laid beside the talk. Pure.

Caller and service run on one machine, so one clock orders what both have noted: what the bot said between two acts of
the caller belongs to the first of them. Read so, a record is a call like one in text, and is judged by the same rules
(:class:`~voicebot.authoring.talk.RunningTest`). What only text can tell (``language``, ``recording``) is left out here.
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
    """What the caller said in an act, and what the bot was told of it. ``line``: of the act."""

    line: int
    said: str
    recognised: str

    @property
    def differs(self) -> bool:
        """Whether that is more than a matter of capitals, punctuation and figures: it may have been misheard."""
        return _plain(self.said) != _plain(self.recognised)


@dataclass(frozen=True, slots=True)
class Verdict:
    """``failure`` is None when all was as the test says; ``understood``: of each thing that was said by voice."""

    failure: Failure | None
    understood: tuple[Understood, ...]


async def verdict(test: DialogTest, voice: VoiceScript, report: CallReport, record: dict[str, Any]) -> Verdict:
    """Judge the call that ``report`` and ``record`` tell of. Nothing is waited for."""
    call = RecordedCall(test, voice, report, record)
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
    """The call did not get to the act in ``line``."""

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


class RecordedCall:
    """A call that was, act by act (:class:`~voicebot.authoring.talk.Call`). Raises :class:`CallOver` past its end."""

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
        """The act whose answer was given last, as a place in ``_acts``; -1: the greeting."""

    async def dial(self) -> list[Said]:
        return self._answer()

    async def say(self, text: str) -> list[Said]:
        return self._next()

    async def press(self, keys: str) -> list[Said]:
        return self._next()

    async def silence(self) -> list[Said]:
        return self._next()

    async def noise(self) -> list[Said]:
        return self._next()

    async def transferred(self, state: str) -> list[Said]:
        said = self._next()
        self.hung_up = self.hung_up or state == "completed"  # the caller is with somebody else
        return said

    async def dial_became(self, outcome: str) -> list[Said]:
        raise AssertionError("tests in which the bot dials are not held by voice")

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
        """The record's lines from the ``at``-th act to the next."""
        begin = self._begin[at] if at >= 0 else float("-inf")
        end = self._begin[at + 1] if at + 1 < len(self._begin) else float("inf")
        return [line for line in self._timeline if begin <= line["at_ms"] < end]

    def _beginnings(self, voice: VoiceScript, report: CallReport, answered_ms: float) -> list[float]:
        """When each act began, in the record's milliseconds, as far as the call came."""
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
    """Why the caller could not go on."""
    if report.ended_by != "bot":
        return report.reason
    if report.transfer_target is not None and voice.transfer_status < 300:
        return f"the call was handed on to {report.transfer_target}"
    return "the call is over"


def _plain(text: str) -> str:
    words = re.findall(r"\d|[^\W\d_]+", text.casefold())
    return " ".join(in_words(word) for word in words)
