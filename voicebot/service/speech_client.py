"""The speech client: the process in which the Speech SDK runs, supervised, and the connection to it."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from voicebot.service.supervisor import ChildProcess, NotReady
from voicebot.speechsdk.remote import RemoteSdk
from voicebot.tasks import BackgroundTasks

logger = logging.getLogger(__name__)

HEALTH_EVERY_S: Final = 0.5
HANG_S: Final = 1.6
"""The process is killed after two checks in a row without an answer. That must come before the 3 s after which a prompt
without new audio fails (``SynthesisTimeouts.next_chunk``), so that the next process can go on with the prompt."""
CONNECT_S: Final = 10.0
FEW_ARENAS: Final = {"MALLOC_ARENA_MAX": "2"}
"""The SDK has hundreds of threads, for which glibc would make eight arenas a core: a quarter of the memory more."""


class SpeechClient:
    """``sdk``: the SDK in the process that runs now. ``socket``: the path of the Unix socket on which it listens."""

    def __init__(self, socket: Path, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        self.sdk = RemoteSdk()
        self._socket = socket
        self._tasks = BackgroundTasks(logger)
        argv = [sys.executable, "-m", "voicebot.speechsdk", "--exit-with-parent", "--socket", str(socket), *arguments]
        self.process = ChildProcess(
            "speech client",
            argv,
            environment={**FEW_ARENAS, **environment},
            on_ready=self._ready,
            healthy=self.sdk.ping,
            health_every_s=HEALTH_EVERY_S,
            hang_timeout_s=HANG_S,
        )

    async def start(self) -> None:
        """Raises :class:`NotReady`; nothing is left running then."""
        await self.process.start()
        try:
            async with asyncio.timeout(CONNECT_S):
                await self.sdk.link()
        except TimeoutError as error:
            await self.stop()
            raise NotReady(f"speech client: no connection to {self._socket} within {CONNECT_S:g} s") from error

    async def stop(self) -> None:
        """End the process, and all recognisers and synthesisers in it."""
        await self._tasks.close()
        await self.process.stop()
        self.sdk.close()

    def _ready(self, _ready: dict[str, Any]) -> None:
        self._tasks.spawn(self._connect(), "connecting to the speech client")

    async def _connect(self) -> None:
        try:
            await self.sdk.connect(self._socket)
        except OSError as error:  # it has ended already, and will be restarted
            logger.warning("no connection to the speech client: %s", error)
