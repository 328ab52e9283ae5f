"""A caller who follows a script (:class:`voicebot.caller.CallScript`) in a call whose platform speaks and listens: what
is said and heard is text."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

from waiting import until

from acs.call import AcsCall
from acs.service import AcsService
from acs.talk import Spoken
from voicebot.caller import CallReport, CallScript, TranscriptLine
from voicebot.caller.script import Action, ScriptStep


class _Missed(Exception):
    """Something that the script expects has not come."""


class ScriptedCaller:
    """Of one call. ``on_line`` gets each line of the transcript."""

    def __init__(self, call: AcsCall, on_line: Callable[[TranscriptLine], None] = lambda _: None) -> None:
        self._call = call
        self._talk = call.talk
        self._on_line = on_line
        self._lines: list[TranscriptLine] = []
        self._began = asyncio.get_running_loop().time()
        self._heard = 0
        for spoken in self._talk.said:
            self._bot(spoken)
        self._talk.on_said = self._bot

    @classmethod
    async def dial(
        cls, acs: AcsService, grid: str, on_line: Callable[[TranscriptLine], None] = lambda _: None
    ) -> ScriptedCaller:
        """Call, and wait for the answer. ``grid``: where Event Grid delivers."""
        before = len(acs.calls)
        await acs.ring(grid)
        await until(lambda: len(acs.calls) > before)
        return cls(list(acs.calls.values())[-1], on_line)

    async def follow(self, script: CallScript, uri: str) -> CallReport:
        """The report says whether all that was expected has come."""
        started = datetime.now(UTC)
        reason = ""
        try:
            for step in script.steps:
                try:
                    await self._step(step)
                except TimeoutError as error:
                    raise _Missed(f"line {step.line}: nothing more came, after {self._talk.texts[-1:]}") from error
        except _Missed as missed:
            reason = str(missed)
        ended = self._call.over.is_set()
        await self._call.end()
        return CallReport(
            uri,
            "failed" if reason else "completed",
            reason,
            started,
            call_id=self._call.correlation,
            duration_s=asyncio.get_running_loop().time() - self._began,
            ended_by="bot" if ended else "caller",
            lines=self._lines,
        )

    async def _step(self, step: ScriptStep) -> None:
        match step.action:
            case Action.SAY:
                await self._talk.listened_to()
                self._line("caller", step.label)
                await self._talk.say(step.text)
            case Action.KEYS:
                await self._talk.listened_to()
                self._line("caller", step.label)
                await self._talk.press(step.keys)
            case Action.BARGE_IN:
                await self._talk.listened_to(over=True)
                await asyncio.sleep(step.after_s / self._call.speed)
                self._line("caller", step.label)
                await self._talk.say(step.text, over=True)
            case Action.EXPECT_END:
                await until(self._call.over.is_set, step.deadline_s)
                return
            case Action.LISTEN:
                pass
            case other:
                raise _Missed(f"line {step.line}: {other} is nothing that this caller can do")
        if step.waits:
            await self._answer(step)

    async def _answer(self, step: ScriptStep) -> None:
        """Hear what the bot says, until a question can be answered, and what is expected was said."""

        def answered() -> bool:
            said = self._talk.said[self._heard :]
            if step.expect is None:
                return bool(said)
            complete = " ".join(each.text for each in said if each.complete)
            return step.expect.search(complete.lower()) is not None or self._call.over.is_set()

        await until(answered, step.deadline_s)
        said, self._heard = self._talk.said[self._heard :], len(self._talk.said)
        text = " ".join(each.text for each in said)
        if step.expect is not None and step.expect.search(text.lower()) is None:
            raise _Missed(f"line {step.line}: expected {step.expect.pattern!r}, heard {text!r}")

    def _bot(self, spoken: Spoken) -> None:
        self._line("bot", spoken.text or "[a recording]")

    def _line(self, who: str, text: str) -> None:
        line = TranscriptLine(asyncio.get_running_loop().time() - self._began, who, text)  # type: ignore[arg-type]
        self._lines.append(line)
        self._on_line(line)
