"""The UDP sockets of all calls, polled together instead of waking the event loop for each packet.

Waking the loop costs more than handling a packet, and with hundreds of calls each packet would wake it. So the loop
does not watch these sockets. Our own selector does, and every :data:`POLL_S` it is asked which of them have packets.
(The loop could watch that selector, but nesting one epoll in another makes the kernel walk through all the sockets.)

Sending is a plain ``sendto``.
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
"""The longest time that a packet waits to be read; whole milliseconds, for uvloop's timers."""

_ROUNDS: Final = 8  # the most packets read from one socket in one poll; then the media clock can run
_MAX_DATAGRAM: Final = 2048


class _Reader:
    """Reads all ports of one event loop; exists as long as there are any."""

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
            if not ready or not self._selector.get_map():  # the last port was closed while handling its packet
                return


_readers: WeakKeyDictionary[asyncio.AbstractEventLoop, _Reader] = WeakKeyDictionary()


class BoundPort:
    """One UDP socket of a session. ``received`` gets each datagram; ``failed`` is called for each error."""

    __slots__ = ("_defect", "_failed", "_reader", "_received", "_socket")

    def __init__(
        self, bound: socket.socket, received: Callable[[bytes, SocketAddress], None], failed: Callable[[], None]
    ) -> None:
        """``bound``: a non-blocking socket, which is closed with this port. Needs a running loop."""
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
        """Read one datagram and pass it on."""
        if self._socket is None:  # closed while another port was read
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
            # A defect in the handler must not stop the other ports, nor fill the log packet by packet.
            if not self._defect:
                self._defect = True
                logger.exception("a received packet could not be handled; further ones are counted, not logged")
            self._failed()

    def send(self, data: bytes, target: SocketAddress) -> None:
        """Hand ``data`` to the kernel. If its buffer is full, the packet is dropped, and counted as an error."""
        if self._socket is None:
            self._failed()
            return
        try:
            self._socket.sendto(data, target)
        except OSError:
            self._failed()

    def close(self) -> None:
        """Close the socket; nothing is delivered afterwards. Calling it twice has no effect."""
        bound, self._socket = self._socket, None
        if bound is not None:
            self._reader.unregister(bound)
            bound.close()
