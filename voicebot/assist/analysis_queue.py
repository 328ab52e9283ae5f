"""What waits to be asked of the language service, and whether the service is worth asking now.

=====================  =================================================================================
the service            what is asked
=====================  =================================================================================
takes too long         fails at its deadline
throttles us (429)     waits as long as the service says (``Retry-After``), or fails if that is too long
is away, or broken     fails at once, until a pause that grows to ``MAX_PAUSE_S`` is over
refuses us (401, 403)  the same
cannot keep up         fails at once while the queue is full
does not know a text   gets nothing: it was in another language, or too long
refuses it (400, 413)  fails, with what went out with it
=====================  =================================================================================
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from voicebot.assist.analysis import AnalysisUnavailable

DEADLINE_S = 3.0
"""Of the mood or the key phrases of an utterance; later, nobody looks at them any more."""
MAX_WAITING = 200
"""Texts that wait for the service, for moods and for key phrases each."""
BATCH = 10
"""Documents of a request: Azure's limit."""
SENDERS = 2
"""Requests of a kind at a time."""
GATHER_S = 0.1
"""How long a text waits for others to go with: a request takes this process two milliseconds, however many texts."""
FIRST_PAUSE_S = 0.5
MAX_PAUSE_S = 15.0
SHUT_DOWN = "the language service is not used any more"

T = TypeVar("T")
Text = tuple[str, str]
"""A text and its language."""


@dataclass(slots=True)
class _Asked(Generic[T]):
    text: str
    language: str
    answer: asyncio.Future[T | None]


class ServiceState:
    """Whether the service is worth asking now. Pure; the time is passed in."""

    def __init__(self) -> None:
        self.trouble = ""
        """Why it is not, or was not when it was last asked; empty: all is well."""
        self._throttled_until = 0.0
        self._away_until = 0.0
        self._pause_s = FIRST_PAUSE_S

    def well(self) -> None:
        """It has answered."""
        self.trouble, self._pause_s, self._away_until = "", FIRST_PAUSE_S, 0.0

    def away(self, why: str, now: float) -> None:
        """It has not answered, or with a fault: it is left alone for a pause, which grows."""
        self.trouble = why
        self._away_until = now + self._pause_s
        self._pause_s = min(2 * self._pause_s, MAX_PAUSE_S)

    def throttled(self, retry_after_s: float, now: float) -> None:
        """It has answered with 429."""
        self.trouble = f"it wants no requests for {retry_after_s:g} s (429)"
        self._throttled_until = now + retry_after_s

    def is_away(self, now: float) -> bool:
        """Whether it is left alone, so that who asks is refused at once."""
        return now < self._away_until

    def wait_s(self, now: float) -> float:
        """How long it wants to be left alone."""
        return max(0.0, self._throttled_until - now)


class Queue(Generic[T]):
    """What waits to be asked. ``send`` returns the answers in order; None: the service is in trouble (``state``)."""

    def __init__(self, send: Callable[[Sequence[Text]], Awaitable[list[T | None] | None]], state: ServiceState) -> None:
        self._send = send
        self._state = state
        self._waiting: deque[_Asked[T]] = deque()
        self._some = asyncio.Event()
        self._closed = False

    async def ask(self, text: str, language: str, deadline_s: float) -> T | None:
        """The answer for ``text``; None: the service has none for it. Raises :class:`AnalysisUnavailable`, at the
        latest after ``deadline_s``."""
        loop = asyncio.get_running_loop()
        if self._state.is_away(loop.time()) or self._state.wait_s(loop.time()) > deadline_s:
            raise AnalysisUnavailable(f"the language service: {self._state.trouble}")
        if self._closed:
            raise AnalysisUnavailable(SHUT_DOWN)
        if len(self._waiting) >= MAX_WAITING:
            raise AnalysisUnavailable(f"the language service: {MAX_WAITING} texts wait for it")
        asked: _Asked[T] = _Asked(text, language, loop.create_future())
        asked.answer.add_done_callback(lambda answer: answer.cancelled() or answer.exception())  # who asked may be gone
        self._waiting.append(asked)
        self._some.set()
        try:
            async with asyncio.timeout(deadline_s):
                return await asked.answer
        except TimeoutError as error:
            raise AnalysisUnavailable(f"the language service: no answer within {deadline_s:g} s") from error
        finally:
            asked.answer.cancel()  # who asked is gone: it is not sent any more

    def close(self) -> None:
        """Nobody sends any more: what waits fails, and what will be asked."""
        self._closed = True
        self._answer(list(self._waiting), None, SHUT_DOWN)
        self._waiting.clear()

    async def run(self) -> None:
        """Send what waits, batch by batch."""
        loop = asyncio.get_running_loop()
        while True:
            await self._some.wait()
            await asyncio.sleep(max(GATHER_S, self._state.wait_s(loop.time())))
            batch = self._next()
            if not batch:
                continue
            try:
                answers = await self._within(batch)
            except AnalysisUnavailable as error:
                self._answer(batch, None, str(error))
                continue
            except asyncio.CancelledError:
                self._answer(batch, None, SHUT_DOWN)
                raise
            if answers is None and self._state.wait_s(loop.time()):
                self._waiting.extendleft(reversed(batch))  # throttled: they wait on, each until its deadline
                self._some.set()
            else:
                self._answer(batch, answers, f"the language service: {self._state.trouble}")

    async def _within(self, batch: list[_Asked[T]]) -> list[T | None] | None:
        try:
            async with asyncio.timeout(DEADLINE_S):
                return await self._send([(one.text, one.language) for one in batch])
        except TimeoutError:
            self._state.away(f"no answer within {DEADLINE_S:g} s", asyncio.get_running_loop().time())
            return None

    def _next(self) -> list[_Asked[T]]:
        batch: list[_Asked[T]] = []
        while self._waiting and len(batch) < BATCH:
            one = self._waiting.popleft()
            if not one.answer.done():
                batch.append(one)
        if not self._waiting:
            self._some.clear()
        return batch

    @staticmethod
    def _answer(batch: list[_Asked[T]], answers: list[T | None] | None, failure: str) -> None:
        for place, one in enumerate(batch):
            if one.answer.done():
                continue
            if answers is None:
                one.answer.set_exception(AnalysisUnavailable(failure))
            else:
                one.answer.set_result(answers[place] if place < len(answers) else None)
