"""The UDP sockets of all calls, read by one poll instead of one wake-up of the event loop for each packet.

Waking the loop costs more than handling a packet, and with hundreds of calls each packet would wake it. So the loop
does not watch these sockets: a selector of our own does, and is asked every :data:`POLL_S` which of them have packets.
(The loop could watch that selector; but adding one epoll to another walks through all its sockets.)

Sending is the bare system call.
"""

from __future__ import annotations

import asyncio
import logging
import selectors
import socket
from collections.abc import Callable
from typing import Final
from weakref import WeakKeyDictionary

from voicebot.rtp.source import SocketAddress

logger = logging.getLogger(__name__)

POLL_S: Final = 0.002
"""Longest time for which a packet lies unread: whole milliseconds for uvloop."""

_ROUNDS: Final = 8  # packets read from one socket in one go; the media clock gets its turn before the next
_MAX_DATAGRAM: Final = 2048


class _Reader:
    """What one event loop reads its ports with; exists while there are any."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._selector = selectors.DefaultSelector()
        self._timer = loop.call_later(POLL_S, self._poll)

    def register(self, bound: socket.socket, port: BoundPort) -> None:
        self._selector.register(bound, selectors.EVENT_READ, port)

    def unregister(self, bound: socket.socket) -> None:
        self._selector.unregister(bound)
        if not self._selector.get_map():
            self._timer.cancel()
            self._selector.close()
            _readers.pop(self._loop, None)

    def _poll(self) -> None:
        self._timer = self._loop.call_later(POLL_S, self._poll)
        for _ in range(_ROUNDS):
            ready = self._selector.select(0)
            for key, _events in ready:
                key.data.read()
            if not ready or not self._selector.get_map():  # closed: the last port was, by what it received
                return


_readers: WeakKeyDictionary[asyncio.AbstractEventLoop, _Reader] = WeakKeyDictionary()


class BoundPort:
    """One UDP socket of a session: hands on datagrams until it is closed; ``failed`` counts what went wrong."""

    __slots__ = ("_defect", "_failed", "_reader", "_received", "_socket")

    def __init__(
        self, bound: socket.socket, received: Callable[[bytes, SocketAddress], None], failed: Callable[[], None]
    ) -> None:
        """Take over ``bound`` (not blocking): it is closed with this port. Needs a running loop."""
        loop = asyncio.get_running_loop()
        reader = _readers.get(loop)
        if reader is None:
            reader = _readers[loop] = _Reader(loop)
        reader.register(bound, self)
        self._reader = reader
        self._socket: socket.socket | None = bound
        self._received = received
        self._failed = failed
        self._defect = False

    def read(self) -> None:
        """One datagram waits: take it and hand it on."""
        if self._socket is None:  # closed by a port that was read just before
            return
        try:
            data, source = self._socket.recvfrom(_MAX_DATAGRAM)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self._failed()
            return
        try:
            self._received(data, source if len(source) == 2 else source[:2])
        except Exception:
            # A defect above must not stop the other ports' packets, nor fill the log, packet by packet.
            if not self._defect:
                self._defect = True
                logger.exception("a received packet could not be handled; further ones are counted, not logged")
            self._failed()

    def send(self, data: bytes, target: SocketAddress) -> None:
        """Hand ``data`` to the kernel; when it has no room, the packet is lost, as it would be further on."""
        if self._socket is None:
            self._failed()
            return
        try:
            self._socket.sendto(data, target)
        except OSError:
            self._failed()

    def close(self) -> None:
        """Close the socket; nothing is delivered after. Harmless twice."""
        bound, self._socket = self._socket, None
        if bound is not None:
            self._reader.unregister(bound)
            bound.close()
