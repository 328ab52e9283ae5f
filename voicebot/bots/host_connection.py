"""The connection to the dialog host: a Unix socket, opened again whenever it is lost (:mod:`voicebot.host_wire`)."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from voicebot.bots.delivery import Backoff
from voicebot.host_wire import MAX_LINE, FromHost, ToHost, WireError, decode_from_host, encode

logger = logging.getLogger(__name__)

MAX_BUFFERED = 4 * MAX_LINE
"""Bytes that may wait for a host that does not read; beyond that, messages are refused."""
CONNECT_S = 5.0
FIRST_RETRY_S = 0.05
"""Not at once: when a host is killed, its connections close before its listener, which would accept us once more."""
LAST_RETRY_S = 0.1
STRETCH_S = 0.001
"""Processor time for which messages are read and handed on at a stretch: they are those of all calls, whose media is in
the same loop. Not one a turn of the loop: where it is busy, a turn takes long, and answers would wait behind one
another."""
SHARE = 0.25
"""Of the processor time that the turn of all else takes, at least so much is for messages: where turns are long, there
would be more messages than turns."""
STILL_AWAY_S = 5.0
"""A host that has been away for longer is logged as a warning, once."""


class HostEvents(Protocol):
    """What the owner of the connection is told."""

    def came_back(self) -> None:
        """There is a connection, for the first time or again."""

    def received(self, message: FromHost) -> None:
        """A message that could be read."""

    def went_away(self, reason: str) -> None:
        """The connection is lost; it is tried again by itself."""


class HostConnection:
    """``open`` and ``close`` belong to its owner. ``malformed`` is called for each line that cannot be read."""

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
        """Connect, and stay connected. Raises TimeoutError after ``timeout_s``; attempts go on in the background."""
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
        """Send a message without waiting. Returns ``""``, or the reason why it cannot be sent."""
        writer = self._writer
        if writer is None or writer.transport.is_closing():  # then our loop raises
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
        backoff = Backoff(FIRST_RETRY_S, LAST_RETRY_S)
        away_since = asyncio.get_running_loop().time()
        warned = False
        while True:
            try:
                async with asyncio.timeout(CONNECT_S):
                    reader, writer = await asyncio.open_unix_connection(self._path, limit=MAX_LINE)
            except (OSError, TimeoutError) as error:
                if not warned and asyncio.get_running_loop().time() - away_since > STILL_AWAY_S:
                    logger.warning("no connection to the dialog host for %g s: %s", STILL_AWAY_S, error)
                    warned = True
                await asyncio.sleep(backoff.next_s())
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
            backoff.reset()
            warned, away_since = False, asyncio.get_running_loop().time()
            await asyncio.sleep(FIRST_RETRY_S)

    async def _read(self, reader: asyncio.StreamReader) -> None:
        spent_s, stretch_s = 0.0, STRETCH_S  # since others had their turn, and for how long it may go on
        while True:
            try:
                line = await reader.readline()
            except (ConnectionError, ValueError) as error:  # ValueError: a line beyond the limit
                logger.warning("the connection to the dialog host is closed: %s", error)
                return
            if not line:
                return
            began = time.thread_time()
            try:
                message = decode_from_host(line)
            except WireError:
                self._malformed()
            else:
                if time.thread_time() - began > STRETCH_S:  # it was long: the calls' media comes first
                    stretch_s = await _others_turn()
                    spent_s, began = 0.0, time.thread_time()
                self._events.received(message)
            spent_s += time.thread_time() - began
            if spent_s > stretch_s:
                spent_s, stretch_s = 0.0, await _others_turn()


async def _others_turn() -> float:
    """Let all else have its turn of the loop. Returns for how long messages may be read then, in seconds."""
    began = time.thread_time()
    await asyncio.sleep(0)
    return max(STRETCH_S, SHARE * (time.thread_time() - began))
