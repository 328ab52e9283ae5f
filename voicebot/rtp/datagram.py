"""One bound UDP socket as an asyncio datagram endpoint."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable

from voicebot.rtp.source import Address

logger = logging.getLogger(__name__)


class BoundPort(asyncio.DatagramProtocol):
    """One UDP socket of a session: hands on datagrams until it is closed; ``failed`` counts what went wrong."""

    def __init__(self, received: Callable[[bytes, Address], None], failed: Callable[[], None]) -> None:
        self._received: Callable[[bytes, Address], None] | None = received
        self._failed = failed
        self._transport: asyncio.DatagramTransport | None = None
        self._defect = False
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @classmethod
    async def open(
        cls, bound: socket.socket, received: Callable[[bytes, Address], None], failed: Callable[[], None]
    ) -> BoundPort:
        """Take over ``bound``: it is closed with this port."""
        loop = asyncio.get_running_loop()
        _, port = await loop.create_datagram_endpoint(lambda: cls(received, failed), sock=bound)
        return port

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if self._received is None:
            return
        try:
            self._received(data, addr if len(addr) == 2 else addr[:2])
        except Exception:
            # A defect above must neither end the socket (uvloop would) nor fill the log, packet by packet.
            if not self._defect:
                self._defect = True
                logger.exception("a received packet could not be handled; further ones are counted, not logged")
            self._failed()

    def error_received(self, exc: Exception) -> None:
        self._failed()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if not self._ended.done():
            self._ended.set_result(None)

    def send(self, data: bytes, target: Address) -> None:
        if self._transport is None:
            self._failed()
            return
        self._transport.sendto(data, target)

    def close(self) -> asyncio.Future[None]:
        """Stop delivering at once; the future is done when the socket is closed."""
        self._received = None
        if self._transport is not None:
            with contextlib.suppress(OSError):
                self._transport.close()
        return self._ended
