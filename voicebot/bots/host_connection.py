"""The connection to the dialog host, a Unix socket, which is made again by itself (:mod:`voicebot.host_wire`)."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from voicebot.host_wire import MAX_LINE, FromHost, ToHost, WireError, decode_from_host, encode

logger = logging.getLogger(__name__)

MAX_BUFFERED = 4 * MAX_LINE
"""Bytes that may wait for a host that does not read; beyond it nothing more is taken."""
CONNECT_S = 5.0
FIRST_RETRY_S = 0.05
"""Not at once: a process that is being killed loses its connections before its listener, which would take us in."""
LAST_RETRY_S = 0.1
STILL_AWAY_S = 5.0


class HostEvents(Protocol):
    """Who is told of the connection."""

    def came_back(self) -> None: ...

    def received(self, message: FromHost) -> None: ...

    def went_away(self, reason: str) -> None: ...


class HostConnection:
    """``open`` and ``close`` belong to its owner. ``malformed`` is told of each line that makes no sense."""

    def __init__(self, path: str, events: HostEvents, malformed: Callable[[], None]) -> None:
        self._path = path
        self._events = events
        self._malformed = malformed
        self._writer: asyncio.StreamWriter | None = None
        self._connected = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def connected(self) -> bool:
        return self._writer is not None

    async def open(self, timeout_s: float) -> None:
        """Connect, and stay connected from now on. Raises TimeoutError when that takes too long; it is still tried."""
        if self._task is None:
            self._task = asyncio.create_task(self._stay_connected(), name="dialog host client")
        async with asyncio.timeout(timeout_s):
            await self._connected.wait()

    async def close(self) -> None:
        """Harmless when called again."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def write(self, message: ToHost) -> str:
        """Send; returns why not when that is impossible, else ``""``. Never waits."""
        writer = self._writer
        if writer is None:
            return "the dialog host is not connected"
        if writer.transport.get_write_buffer_size() > MAX_BUFFERED:
            return "the dialog host does not read"
        try:
            line = encode(message)
        except WireError as error:
            return str(error)
        writer.write(line)
        return ""

    async def _stay_connected(self) -> None:
        retry_s = FIRST_RETRY_S
        away_since = asyncio.get_running_loop().time()
        told = False
        while True:
            try:
                async with asyncio.timeout(CONNECT_S):
                    reader, writer = await asyncio.open_unix_connection(self._path, limit=MAX_LINE)
            except (OSError, TimeoutError) as error:
                if not told and asyncio.get_running_loop().time() - away_since > STILL_AWAY_S:
                    logger.warning("the dialog host is away for %g s: %s", STILL_AWAY_S, error)
                    told = True
                await asyncio.sleep(retry_s * random.uniform(0.8, 1.2))
                retry_s = min(retry_s * 1.5, LAST_RETRY_S)
                continue
            self._writer = writer
            self._connected.set()
            logger.info("connected to the dialog host")
            try:
                self._events.came_back()
                await self._read(reader)
            finally:
                self._writer = None
                self._connected.clear()
                writer.close()
                self._events.went_away("the dialog host went away")
            logger.warning("the dialog host went away")
            retry_s, told, away_since = FIRST_RETRY_S, False, asyncio.get_running_loop().time()
            await asyncio.sleep(retry_s)

    async def _read(self, reader: asyncio.StreamReader) -> None:
        while True:
            try:
                line = await reader.readline()
            except (ConnectionError, ValueError) as error:  # ValueError: a line beyond the limit
                logger.warning("the dialog host is cut off: %s", error)
                return
            if not line:
                return
            try:
                message = decode_from_host(line)
            except WireError:
                self._malformed()
            else:
                self._events.received(message)
