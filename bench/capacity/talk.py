"""One call of a phone of the far end: it follows a caller's script, and is measured as the built-in caller's are.

The phone itself, which speaks and listens, is in C (far_end.c). Here are only the decisions, some of them a second, and
the measurements at the end of the call (voicebot/caller/measure.py). Times are those of :func:`time.time`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from bench.far_end import FarEnd
from voicebot.caller import CallFigures, CallScript, ScriptStep
from voicebot.caller.conversation import KEY_TAKES_S
from voicebot.caller.ear import Track
from voicebot.caller.measure import (
    HOLE_S,
    KEY_HOLE_S,
    answer_after,
    greeting_ms,
    prompt_stop,
    silence_after_key,
)
from voicebot.caller.script import Action

LEAVE_S: Final = 20.0
"""What is said has left after this time."""


class Failed(Exception):
    """The script cannot go on; the text says why."""


@dataclass(slots=True)
class Turn:
    """``since``, ``until``: when our first and last voiced frame, or first and last key, left. ``over_prompt``: whether
    the bot was speaking at ``since``."""

    step: ScriptStep
    since: float
    until: float
    over_prompt: bool


class Talk:
    """``clips``: the numbers of the clips that the script's steps say, by their lines."""

    def __init__(self, far_end: FarEnd, phone: int, script: CallScript, clips: dict[int, int]) -> None:
        self.turns: list[Turn] = []
        self.answered = 0.0
        self._far_end = far_end
        self._phone = phone
        self._script = script
        self._clips = clips
        self._over = ""
        self._speaking = False
        """As :class:`voicebot.caller.ear.Ear` has it: a pause of less than ``quiet_s`` does not count."""
        self._sounding: list[tuple[float, float]] = []
        """From when to when the bot was audible; the last one may last, until infinity."""
        self._left: tuple[float, float] | None = None
        self._news = asyncio.Event()

    async def run(self, port: int, answered: float) -> None:
        """Follow the script with the bot that listens on ``port``. Raises :class:`Failed`."""
        self.answered = answered
        self._far_end.call(self._phone, port, self._told)
        for step in self._script.steps:
            await self._step(step)

    def ended(self, reason: str) -> None:
        """The bot has ended the call."""
        self._over = reason
        self._news.set()

    async def measure(self, figures: CallFigures, begin: float, end: float) -> None:
        """Add the turns that began between the two times to ``figures``. The call must still have its phone."""
        track = await self._far_end.track(self._phone)
        if self.turns and begin <= self.answered <= end:
            figures.greeting_ms = greeting_ms(track, self.answered)
        following = float("inf")
        for turn in reversed(self.turns):
            if turn.step.action is not Action.LISTEN:
                if begin <= turn.since <= end:
                    _measure(turn, track, following, figures)
                following = turn.since

    # --- the script

    async def _step(self, step: ScriptStep) -> None:
        match step.action:
            case Action.LISTEN:
                self.turns.append(Turn(step, self.answered, self.answered, over_prompt=False))
            case Action.SAY:
                await self._leave(step, lambda: self._far_end.say(self._phone, self._clips[step.line]))
            case Action.KEYS:
                await self._leave(step, lambda: self._far_end.press(self._phone, step.keys))
            case Action.BARGE_IN:
                begun = await self._until_it_speaks(step)
                await asyncio.sleep(max(0.0, begun + step.after_s - time.time()))
                if not self._speaking:
                    raise Failed(f"the bot has finished before {step.after_s:g} s")
                await self._leave(step, lambda: self._far_end.say(self._phone, self._clips[step.line]))
            case _:
                raise Failed(f"{step.action} is not for this bench")
        if not step.waits:  # the next one interrupts the answer
            return
        mark = await self._mark(self.turns[-1])
        await self._until(lambda: self._audible_until > mark and not self._speaking, step, "the bot does not answer")

    async def _leave(self, step: ScriptStep, order: Callable[[], None]) -> None:
        """Say or press something; the turn is known when it has left."""
        self._left = None
        order()
        await self._until(lambda: self._left is not None, step, "nothing leaves", LEAVE_S)
        assert self._left is not None
        since, until = self._left
        over = any(start <= since < end + HOLE_S for start, end in self._sounding)
        self.turns.append(Turn(step, since, until, over))

    async def _until_it_speaks(self, step: ScriptStep) -> float:
        """Wait for the answer to the turn before. Returns when it became audible."""
        mark = await self._mark(self.turns[-1])
        await self._until(lambda: self._speaking and self._audible_until > mark, step, "nothing to interrupt")
        return max(mark, self._sounding[-1][0])

    async def _mark(self, turn: Turn) -> float:
        """From when on what is heard is the answer to ``turn``."""
        if not turn.over_prompt:
            return turn.since
        if turn.step.action is Action.KEYS:
            return turn.until + KEY_TAKES_S
        await self._until(lambda: self._sounding[-1][1] < float("inf"), turn.step, "the bot goes on speaking")
        return time.time()

    @property
    def _audible_until(self) -> float:
        if not self._sounding:
            return float("-inf")
        _, end = self._sounding[-1]
        return end if end < float("inf") else time.time()

    async def _until(
        self, condition: Callable[[], bool], step: ScriptStep, problem: str, deadline_s: float | None = None
    ) -> None:
        try:
            async with asyncio.timeout(deadline_s or step.deadline_s):
                while not condition():
                    if self._over:
                        raise Failed(f"the call ended ({self._over})")
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError as late:
            raise Failed(f"line {step.line}: {problem}") from late

    # --- told by the phone

    def _told(self, what: str, times: tuple[float, ...]) -> None:
        match what:
            case "speaks":
                self._speaking = True
                self._sounding.append((times[1], float("inf")))
            case "resumes":
                self._sounding.append((times[0], float("inf")))
            case "pauses":
                self._sounding[-1] = (self._sounding[-1][0], times[0])
            case "silent":
                self._speaking = False
            case "said" | "pressed":
                self._left = (times[0], times[1])
        self._news.set()


def _measure(turn: Turn, track: Track, following: float, figures: CallFigures) -> None:
    """As ``ScriptedCall`` does. ``following``: the begin of the next turn."""
    keys = turn.step.action is Action.KEYS
    after = turn.until if turn.over_prompt and not keys else turn.since
    answer = answer_after(track, after, until=following, hole_s=KEY_HOLE_S if keys else HOLE_S)
    figures.add_gap(turn.until, answer, keys=keys)
    if not turn.over_prompt:
        return
    if keys:
        figures.keys_to_silence_ms.append(silence_after_key(track, turn.since) * 1000)
    elif turn.step.action is Action.BARGE_IN:
        stop = prompt_stop(track, turn.since, turn.until)
        if stop is not None:
            figures.add_barge_in(turn.since, turn.until, stop)
