"""The UDP sockets of all calls. The event loop watches them while packets are few; where many come, they are polled.

Waking the loop costs more than handling a packet, and with hundreds of calls each packet would wake it. So from
:data:`MANY` packets a second on, the loop does not watch the sockets. Our own selector does, and every :data:`POLL_S`
it is asked which of them have packets. That also bounds what a flood costs. (The loop could watch that selector, but to
begin and end that for each poll costs more than it saves from ten calls on.)

A poll reads every socket that has packets, one packet each, and that again while there are any, up to
:data:`_ROUNDS`. To break off a round after a time, for the media clock to have its turn, starves sockets: epoll tells
the ready ones in the order in which they became so, and those that have another packet before it is asked again keep
their place. On a loop that needs 20 ms for one turn, that are always the same ones, and the others are never read.

To poll for few packets would cost more than they do: 1.9 % of a core where the loop needs 0.3 % for one call, and 2.9 %
where it needs 1.1 % for ten.

Sending is a plain ``sendto``.
"""

from __future__ import annotations

import asyncio
import logging
import selectors
import socket
from collections.abc import Callable
from functools import partial
from typing import Final
from weakref import WeakKeyDictionary

from voicebot.rtp.source import SocketAddress

logger = logging.getLogger(__name__)

POLL_S: Final = 0.002
"""The longest time that a packet waits to be read; whole milliseconds, for uvloop's timers."""
MANY: Final = 1250
"""Packets a second, of 25 calls. From there on sockets are polled, until there are less than half as many."""

_COUNTED: Final = 125  # packets of which it is seen how long they took
_COUNTED_S: Final = 1.0  # of polling
_ROUNDS: Final = 8  # the most packets read from one socket in one poll; then the media clock can run
_MAX_DATAGRAM: Final = 2048


class _Reader:
    """Reads all ports of one event loop; exists as long as there are any. ``read``, of each, reads one datagram."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._selector = selectors.DefaultSelector()
        self._timer: asyncio.TimerHandle | None = None  # of the next poll; None: the loop watches the sockets
        self._count, self._since = 0, loop.time()  # packets, and since when they are counted

    def register(self, bound: socket.socket, read: Callable[[], None]) -> None:
        self._selector.register(bound, selectors.EVENT_READ, read)
        if self._timer is None:
            self._loop.add_reader(bound.fileno(), self._woken, read)

    def unregister(self, bound: socket.socket) -> None:
        if self._timer is None:
            self._loop.remove_reader(bound.fileno())
        self._selector.unregister(bound)
        if not self._selector.get_map():
            if self._timer is not None:
                self._timer.cancel()
            self._selector.close()
            _readers.pop(self._loop, None)

    def _woken(self, read: Callable[[], None]) -> None:
        self._count += 1
        if self._count >= _COUNTED and self._rate() >= MANY:
            for key in self._selector.get_map().values():
                self._loop.remove_reader(key.fd)
            self._timer = self._loop.call_later(POLL_S, self._poll)
        read()

    def _poll(self) -> None:
        if self._loop.time() - self._since >= _COUNTED_S and self._rate() < MANY / 2:
            self._timer = None
            for key in self._selector.get_map().values():
                self._loop.add_reader(key.fd, self._woken, key.data)
            return
        self._timer = self._loop.call_later(POLL_S, self._poll)
        for _ in range(_ROUNDS):
            ready = self._selector.select(0)
            self._count += len(ready)
            for key, _events in ready:
                key.data()
            if not ready or not self._selector.get_map():  # the last port was closed while handling its packet
                return

    def _rate(self) -> float:
        """Packets a second, since this was asked last."""
        count, since = self._count, self._since
        self._count, self._since = 0, self._loop.time()
        return count / max(self._since - since, 0.001)


_readers: WeakKeyDictionary[asyncio.AbstractEventLoop, _Reader] = WeakKeyDictionary()


class BoundPort:
    """One UDP socket of a session. ``received`` gets each datagram. ``errors``: how many could not be sent or read, or
    could not be handled.

    The reader of all ports keeps ``received``, and not the port: whoever has a port is told by it, and would be kept by
    it, too, until a collection of garbage.
    """

    __slots__ = ("_defect", "_reader", "_socket", "errors")

    def __init__(self, bound: socket.socket, received: Callable[[bytes, SocketAddress], None]) -> None:
        """``bound``: a non-blocking socket, which is closed with this port. Needs a running loop."""
        loop = asyncio.get_running_loop()
        reader = _readers.get(loop)
        if reader is None:
            reader = _readers[loop] = _Reader(loop)
        self.errors = 0
        self._reader = reader
        self._socket: socket.socket | None = bound
        self._defect = False
        reader.register(bound, partial(self._read, received))

    def _read(self, received: Callable[[bytes, SocketAddress], None]) -> None:
        """Read one datagram and pass it on."""
        if self._socket is None:  # closed while another port was read
            return
        try:
            data, source = self._socket.recvfrom(_MAX_DATAGRAM)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self.errors += 1
            return
        try:
            received(data, source if len(source) == 2 else source[:2])
        except Exception:
            # A defect in the handler must not stop the other ports, nor fill the log packet by packet.
            if not self._defect:
                self._defect = True
                logger.exception("a received packet could not be handled; further ones are counted, not logged")
            self.errors += 1

    def send(self, data: bytes, target: SocketAddress) -> None:
        """Hand ``data`` to the kernel. If its buffer is full, the packet is dropped, and counted as an error."""
        if self._socket is None:
            self.errors += 1
            return
        try:
            self._socket.sendto(data, target)
        except OSError:
            self.errors += 1

    def close(self) -> None:
        """Close the socket; nothing is delivered afterwards. Calling it twice has no effect."""
        bound, self._socket = self._socket, None
        if bound is not None:
            self._reader.unregister(bound)
            bound.close()
