"""The end of a call: all that it has opened ends within a deadline, then its recording and record are written."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from voicebot.calls.call_recording import CallRecording
from voicebot.calls.record import RecordBuilder
from voicebot.calls.services import Keeping

STOP_DEADLINE_S = 5.0
"""For each step of ending a call."""
RECORDING_DEADLINE_S = 30.0
"""For writing the recording: that of four hours is a file of 460 MB."""
RECORDING_FIRST_S = 2.0
"""How long the record waits for its recording."""

T = TypeVar("T")


class Closing:
    """Of one call. ``recorded``: what is recorded here. ``record()``: what is known of it, when it is written."""

    def __init__(
        self,
        keeping: Keeping,
        recorded: CallRecording | None,
        record: Callable[[], RecordBuilder],
        log: logging.LoggerAdapter[logging.Logger],
    ) -> None:
        self._keeping = keeping
        self._recorded = recorded
        self._record = record
        self._log = log

    async def step(self, what: str, work: Awaitable[T], within_s: float = STOP_DEADLINE_S) -> T | None:
        """Do ``work``. A failure is logged as that of ``what``, and keeps no other step from being taken."""
        try:
            async with asyncio.timeout(within_s):
                return await work
        except Exception as error:
            self._log.error("at the end of the call: %s: %s: %s", what, type(error).__name__, error)
            return None

    async def keep(self, call: str) -> None:
        """Write the recording and the record, in this order unless it takes long: who finds the record of a call finds
        its recording."""
        folder, recorded = self._keeping.records, self._recorded
        if folder is None or recorded is None or not recorded.begun:
            await self.step("the record", self._write(folder))
            return
        async with asyncio.TaskGroup() as tasks:
            work = self._write_recording(recorded, folder / f"{call}.wav")
            recording = tasks.create_task(self.step("the recording", work, RECORDING_DEADLINE_S))
            await asyncio.wait({recording}, timeout=RECORDING_FIRST_S)
            await self.step("the record", self._write(folder))

    async def _write(self, folder: Path | None) -> None:
        record = self._record()
        if folder is not None:
            with self._keeping.losses.watch("record"):
                self._log.info("record: %s", await record.write(folder))

    async def _write_recording(self, recorded: CallRecording, path: Path) -> None:
        with self._keeping.losses.watch("recording"):
            await recorded.finish(path)
