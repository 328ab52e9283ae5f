"""The connection of one call process: lines in, messages out (:mod:`voicebot.host_wire`).

A protocol, not a pair of streams: a request is with the server in the turn of the loop in which it was read.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any, cast

from voicebot.host_wire import MAX_LINE, ActivitySent, FromHost, WireError, encode

logger = logging.getLogger(__name__)

CLOSING_S = 1.0
"""How long what is still to be sent may take when the connection is closed."""


class CallProcessConnection(asyncio.Protocol):
    """``received(connection, line)`` is called for each line and may raise :class:`WireError`, which ends the
    connection; ``lost(connection)`` once, when it is over."""

    def __init__(
        self, received: Callable[[CallProcessConnection, bytes], None], lost: Callable[[CallProcessConnection], None]
    ) -> None:
        self._received = received
        self._lost = lost
        self._begun = b""
        """Of a line of which the end has not come yet."""
        self._writable = asyncio.Event()
        self._writable.set()
        self._over = asyncio.Event()
        self._transport: asyncio.Transport

    def send(self, message: FromHost) -> None:
        if not self._transport.is_closing():
            self._transport.write(encode(message))

    async def deliver(self, request: int, conversation: str, activity: dict[str, Any]) -> None:
        """Send an activity. Waits only if the other side does not read, at most until the turn's deadline."""
        self.send(ActivitySent(conversation, request, activity))
        if not self._writable.is_set():
            await self._writable.wait()

    async def close(self) -> None:
        self._transport.close()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._over.wait(), CLOSING_S)

    # --- what the event loop calls ------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        *lines, self._begun = (self._begun + data).split(b"\n")
        try:
            for line in lines:
                self._take(line)
            _check_length(self._begun)
        except WireError as error:
            logger.error("the connection of a call process is closed, as it does not keep to the protocol: %s", error)
            self._begun = b""
            self._transport.close()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def connection_lost(self, error: Exception | None) -> None:
        self._writable.set()
        self._over.set()
        self._lost(self)

    def _take(self, line: bytes) -> None:
        if not self._transport.is_closing():
            _check_length(line)
            self._received(self, line)


def _check_length(line: bytes) -> None:
    if len(line) >= MAX_LINE:  # its newline counts as well
        raise WireError(f"a line of more than {MAX_LINE} bytes")
