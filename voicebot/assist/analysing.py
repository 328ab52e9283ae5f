"""The analysis of a call, in the background: the transcript never waits for it.

What rules find is told at once. For mood and key phrases, and for suggestions, final utterances wait in two queues, so
that slow suggestions delay no mood. If too many wait, the oldest are left out. That a part is away is told once, and
when it is back.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from voicebot.assist.analysis import AnalysisUnavailable, CallAnalyst, PauseAsked, SpokenLine
from voicebot.assist.entries import Entry, KeyPhrases, Mood, Suggestion, Summary, Trouble
from voicebot.events.parties import Party
from voicebot.tasks import BackgroundTasks

WAITING: Final = 50
"""Utterances that may wait; people say some ten a minute."""
DRAIN_S: Final = 5.0
"""How long the last utterances may take when the call is over."""
SUMMARY_S: Final = 30.0

Found = Awaitable[Sequence[Mood | KeyPhrases | Suggestion]]


class _Part:
    """One part of the analysis, ``what``: utterances wait here, and are worked on one by one."""

    def __init__(self, what: str, work: Callable[[SpokenLine], Found], report: Callable[[str, bool], None]) -> None:
        self.what = what
        self.work = work
        self.waiting: deque[SpokenLine] = deque(maxlen=WAITING)
        self.away = False
        self.running: asyncio.Task[None] | None = None
        self._report = report

    def works(self, works: bool) -> None:
        if self.away is works:
            self.away = not works
            self._report(self.what, works)


class Analysing:
    """Of one call. ``tell`` gets what is found; ``pause()`` is called for a rule that wants the listening paused;
    ``now_ms()``: the call's time."""

    def __init__(
        self,
        analyst: CallAnalyst,
        tell: Callable[[Entry], None],
        pause: Callable[[], None],
        now_ms: Callable[[], int],
        log: logging.LoggerAdapter[logging.Logger],
    ) -> None:
        self._analyst = analyst
        self._tell = tell
        self._pause = pause
        self._log = log
        self._tasks = BackgroundTasks(log)

        def report(what: str, works: bool) -> None:
            tell(Trouble(now_ms(), what, works))

        self._parts = _Part("analysis", analyst.analyse, report), _Part("suggestions", analyst.suggest, report)

    def begin(self, parties: Sequence[Party]) -> None:
        """The call has begun, or its parties are others now."""
        for item in self._analyst.begin(parties):
            self._tell(item)

    def heard(self, line: SpokenLine, *, partial: bool) -> None:
        """What rules make of an utterance."""
        for found in self._analyst.heard(line, partial=partial):
            if isinstance(found, PauseAsked):
                self._log.info("rule %s", found.rule)
                self._pause()
            else:
                self._tell(found)

    def said(self, line: SpokenLine) -> None:
        """A final utterance."""
        self.heard(line, partial=False)
        for part in self._parts:
            part.waiting.append(line)
            if part.running is None:
                part.running = self._tasks.spawn(self._work(part), part.what)

    def tick(self, item_id: str) -> bool:
        """The agent has done an item of the checklist. False: there is none to be done by this id."""
        item = self._analyst.tick(item_id)
        if item is not None:
            self._tell(item)
        return item is not None

    async def summary(self, lines: Sequence[SpokenLine]) -> Summary:
        """Raises :class:`~voicebot.assist.analysis.AnalysisUnavailable`."""
        try:
            async with asyncio.timeout(SUMMARY_S):
                return await self._analyst.summary(lines)
        except TimeoutError as error:
            raise AnalysisUnavailable(f"there was no summary within {SUMMARY_S:g} s") from error

    async def finish(self) -> None:
        """The last utterance has been said: wait for what is still being found, for a limited time."""
        await self._tasks.join(DRAIN_S)

    async def close(self) -> None:
        await self._tasks.close()
        await self._analyst.close()

    async def _work(self, part: _Part) -> None:
        try:
            while part.waiting:
                try:
                    found = await part.work(part.waiting.popleft())
                except AnalysisUnavailable as error:
                    self._log.warning("%s: %s", part.what, error)
                    part.works(False)
                    continue
                part.works(True)
                for entry in found:
                    self._tell(entry)
        finally:
            part.running = None
