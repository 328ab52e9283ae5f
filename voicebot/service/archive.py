"""The archive's process, made from the settings: what searches the records of calls."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from voicebot.archive.client import ArchiveAway, ArchiveClient
from voicebot.log import log_options
from voicebot.service.supervisor import ChildProcess, NotReady
from voicebot.settings import Settings, for_children
from voicebot.tasks import BackgroundTasks
from voicebot.web import Figure, Panel

logger = logging.getLogger(__name__)

HEALTH_EVERY_S = 5.0
HANG_S = 60.0
"""It runs when calls leave it the processor."""
MOST_TOLD = 100
"""Calls whose end is being told at a time. The archive finds the others by itself, some seconds later."""


class ArchiveService:
    """``runtime``: the folder for its socket. No call waits for it, and it may be away: then nothing is found."""

    def __init__(self, settings: Settings, runtime: Path) -> None:
        socket = runtime / "archive.sock"
        argv = [sys.executable, "-m", "voicebot.archive", "--exit-with-parent"]
        argv += ["--records", str(settings.calls.records), "--socket", str(socket)]
        argv += log_options(settings.log.level, settings.log.json_lines)
        self.client = ArchiveClient(socket)
        self.process = ChildProcess(
            "archive",
            argv,
            on_ready=lambda _: None,
            healthy=self.client.healthy,
            environment=for_children(settings),
            hang_timeout_s=HANG_S,
            health_every_s=HEALTH_EVERY_S,
        )
        self._tasks = BackgroundTasks(logger)
        self._told = 0

    @property
    def processes(self) -> Sequence[ChildProcess]:
        return [self.process]

    def figures(self) -> Sequence[Figure]:
        return ()

    def panel(self) -> Panel:
        running = self.process.running
        return Panel(
            "Search", [("archive", "running" if running else "is not running: see the log")], wrong=not running
        )

    def start(self) -> None:
        """Start it in the background."""
        self._tasks.spawn(self._start(), "starting the archive")

    async def stop(self) -> None:
        """Harmless when it was never started."""
        await self._tasks.close()
        await self.process.stop()
        await self.client.close()

    def call_ended(self, record: Mapping[str, Any]) -> None:
        """The record of a call has been written."""
        if self.process.running and self._told < MOST_TOLD:
            self._told += 1
            self._tasks.spawn(self._tell(record["id"]), "telling the archive of a call")

    async def _start(self) -> None:
        try:
            await self.process.start()
        except NotReady as error:
            logger.error("calls that were cannot be searched: %s", error)

    async def _tell(self, call: str) -> None:
        try:
            await self.client.take(call)
        except ArchiveAway as error:
            logger.info("the archive was not told of call %s: %s", call, error)
        finally:
            self._told -= 1
