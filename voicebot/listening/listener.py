"""Accepting connections: what the event loop's own servers cannot do, which is to refuse, to wait and to go on.

An address that comes too often, or that finds no place in the table, is refused before anything is read of it or a TLS
handshake begins. When the
process or the system has no descriptor left, accepting is paused: who comes waits in the kernel's queue. (asyncio's
servers try again at once and log each time; those of uvloop end.)
"""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import ssl
from collections.abc import Callable, Sequence
from functools import partial

from voicebot.listening.admission import Admissions, Place
from voicebot.tasks import BackgroundTasks

logger = logging.getLogger(__name__)

HANDSHAKE_S = 4.0
"""How long a TLS handshake may take."""
PAUSE_S = 0.5
TELL_AGAIN_S = 60.0
"""How often it is logged that connections are refused because they come too often."""
BACKLOG = 256
_AT_ONCE = 16
"""Connections accepted before the loop has another turn."""
_EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_NO_SUCH_ADDRESS = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})


class ConnectionListener:
    """Accepts at ``sockets``, which it closes at the end. ``protocol`` makes the protocol of each connection, and with
    its place a duty: :meth:`~voicebot.listening.admission.Place.leave` when the connection is lost.

    ``name``: what the log calls it. ``trusted`` tells whether an address is a trusted source (a listed trunk).
    """

    def __init__(
        self,
        name: str,
        sockets: Sequence[socket.socket],
        admissions: Admissions,
        protocol: Callable[[Place], asyncio.BaseProtocol],
        *,
        context: ssl.SSLContext | None = None,
        trusted: Callable[[str], bool] = lambda _host: False,
    ) -> None:
        self.admissions = admissions
        self._name = name
        self._sockets = list(sockets)
        self._protocol = protocol
        self._context = context
        self._trusted = trusted
        self._loop = asyncio.get_running_loop()
        self._tasks = BackgroundTasks(logger)
        self._pause: asyncio.TimerHandle | None = None
        self._exhausted = False
        self._told_at = float("-inf")
        for sock in self._sockets:
            sock.setblocking(False)
        self._resume()

    @property
    def port(self) -> int:
        """Where it listens; 0 when it is closed."""
        return int(self._sockets[0].getsockname()[1]) if self._sockets else 0

    def stop(self) -> None:
        """Accept nothing more. Connections that were accepted stay."""
        if self._pause is not None:
            self._pause.cancel()
            self._pause = None
        for sock in self._sockets:
            self._loop.remove_reader(sock)
            sock.close()
        self._sockets.clear()

    async def settle(self) -> None:
        """Wait until what was accepted is connected, or is not going to be."""
        await self._tasks.join(HANDSHAKE_S)

    async def close(self) -> None:
        """Accept nothing more, and end what is not connected yet."""
        self.stop()
        await self._tasks.close()

    def _resume(self) -> None:
        self._pause = None
        for sock in self._sockets:
            self._loop.add_reader(sock, self._accept, sock)

    def _accept(self, sock: socket.socket) -> None:
        for _ in range(_AT_ONCE):
            try:
                connection, address = sock.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in _EXHAUSTED:
                    self._wait(error)
                    return
                continue  # it was gone before we took it (accept(2): errors of the network are the connection's)
            self._exhausted = False
            host = address[0].partition("%")[0]
            trusted = self._trusted(host)
            place = self.admissions.take(host, trusted) if self._arrives(host, trusted) else None
            if place is None:
                connection.close()
                continue
            connection.setblocking(False)
            task = self._tasks.spawn(self._connect(connection, place), f"{self._name}: a connection")
            task.add_done_callback(partial(self._connected, connection, place))
            place.give_up = task.cancel

    def _arrives(self, host: str, trusted: bool) -> bool:
        now = self._loop.time()
        if self.admissions.arrives(host, now, trusted):
            return True
        if now >= self._told_at + TELL_AGAIN_S:
            self._told_at = now
            logger.warning("%s: connections come too often, the last one from %s: some are refused", self._name, host)
        return False

    def _wait(self, error: OSError) -> None:
        """Leave the rest in the kernel's queue for a moment."""
        if not self._exhausted:
            logger.error("%s: no connection can be accepted now: %s", self._name, error.strerror)
        self._exhausted = True
        for sock in self._sockets:
            self._loop.remove_reader(sock)
        self._pause = self._loop.call_later(PAUSE_S, self._resume)

    async def _connect(self, connection: socket.socket, place: Place) -> bool:
        try:
            transport, _ = await self._loop.connect_accepted_socket(
                lambda: self._protocol(place),
                connection,
                ssl=self._context,
                ssl_handshake_timeout=HANDSHAKE_S if self._context is not None else None,
            )
        except OSError:  # no handshake, or not in time
            return False
        place.give_up = transport.abort
        return True

    def _connected(self, connection: socket.socket, place: Place, task: asyncio.Task[bool]) -> None:
        if task.cancelled() or task.exception() is not None or not task.result():
            place.leave()
            connection.close()


async def listening_sockets(host: str, port: int) -> list[socket.socket]:
    """Sockets that listen at every address of ``host``, all at one port (0: any). Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(
        host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    sockets: list[socket.socket] = []
    missing: OSError | None = None
    for family, address in dict.fromkeys((family, address) for family, _, _, _, address in found):
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.bind((address[0], port, *address[2:]))
            sock.listen(BACKLOG)
        except OSError as error:
            sock.close()
            if error.errno in _NO_SUCH_ADDRESS:  # localhost is also ::1, which not every machine has
                missing = error
                continue
            for other in sockets:
                other.close()
            raise
        sockets.append(sock)
        port = int(sock.getsockname()[1])
    if not sockets:
        raise missing or OSError(errno.EADDRNOTAVAIL, "no such address")
    return sockets
