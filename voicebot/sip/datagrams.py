"""The UDP sockets of an endpoint, and where it listens."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import ipaddress
import socket
import struct
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import cast

from voicebot.sip.hop import Hop, Transport

_RECEIVE_BUFFER = 4 << 20
"""Bytes requested for the socket, so that a burst of some thousand INVITEs survives a moment of a busy event loop."""


@dataclass(frozen=True, slots=True)
class ListenAt:
    """Where to listen (port 0: any free port), and the address that others reach us at if it differs (NAT, 0.0.0.0)."""

    transport: Transport = "UDP"
    host: str = "127.0.0.1"
    port: int = 5060
    advertised_host: str = ""
    advertised_port: int = 0
    origins: tuple[str, ...] = ()
    """The sites whose pages may open a websocket, beside our own."""

    @property
    def reached_at(self) -> str:
        """The advertised host."""
        if self.advertised_host:
            return self.advertised_host
        address = ipaddress.ip_address(self.host)
        return address_towards_the_world(address.version) if address.is_unspecified else self.host


class Datagrams(asyncio.DatagramProtocol):
    """One UDP socket. ``received`` gets each datagram; ``failed`` is called for each error of the socket.

    ``unreachable`` gets each destination for which ICMP reported that nobody listens there (RFC 3261 18.4). Only Linux
    says which destination it was; elsewhere the transaction timers notice.
    """

    def __init__(
        self,
        listener: int,
        at: ListenAt,
        received: Callable[[bytes, Hop], None],
        failed: Callable[[], None],
        unreachable: Callable[[Hop], None] = lambda _hop: None,
    ) -> None:
        self.listener = listener
        self.is_ipv6 = ":" in at.host
        self.port = 0
        self._at = at
        self._received = received
        self._failed = failed
        self._unreachable = unreachable
        self._sock: socket.socket | None = None
        self._transport: asyncio.DatagramTransport | None = None
        self._closed: asyncio.Future[None] | None = None

    async def bind(self, loop: asyncio.AbstractEventLoop) -> None:
        """Raises OSError."""
        sock = socket.socket(socket.AF_INET6 if self.is_ipv6 else socket.AF_INET, socket.SOCK_DGRAM)
        try:
            sock.setblocking(False)
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
            _ask_for_errors(sock, self.is_ipv6)
            if self.is_ipv6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.bind((self._at.host, self._at.port))
            self.port = int(sock.getsockname()[1])
            self._closed = loop.create_future()
            self._transport, _ = await loop.create_datagram_endpoint(lambda: self, sock=sock)
            self._sock = sock
        except BaseException:
            sock.close()
            raise

    async def close(self) -> None:
        if self._transport is not None and self._closed is not None:
            self._transport.close()
            await self._closed

    def send(self, data: bytes, hop: Hop) -> None:
        """Send a datagram, whatever happened to earlier ones.

        An ICMP error for one destination is raised by the next ``sendto``, even if that is to another one (ip(7)): then
        this datagram was not sent, and we try again. (The transports of event loops would drop it.)
        """
        if self._transport is None or self._sock is None:
            return
        for _ in range(_MOST_ERRORS):
            try:
                self._sock.sendto(data, (hop.host, hop.port))
                return
            except BlockingIOError:
                break
            except OSError as error:
                self.error_received(error)
                if error.errno != errno.ECONNREFUSED or self._sock is None:
                    return
        self._transport.sendto(data, (hop.host, hop.port))

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = self._sock = None
        if self._closed is not None and not self._closed.done():
            self._closed.set_result(None)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._received(data, Hop(addr[0].partition("%")[0], addr[1], "UDP", 0, self.listener))

    def error_received(self, exc: Exception) -> None:
        # Usually "connection refused", from an ICMP message about an earlier datagram.
        self._failed()
        for hop in _refused(self._sock, self.listener) if self._sock is not None else ():
            self._unreachable(hop)


_RECVERR = (getattr(socket, "IP_RECVERR", 11), 25)
"""Linux: ``IP_RECVERR`` and ``IPV6_RECVERR``; Python 3.14 and later has a name for the first."""
_SAID_BY_ICMP = (2, 3)
"""``SO_EE_ORIGIN_ICMP`` and ``SO_EE_ORIGIN_ICMP6``."""
_MOST_ERRORS = 64


def _ask_for_errors(sock: socket.socket, is_ipv6: bool) -> None:
    """Have ICMP errors queued with their destination; without this they are not reported at all (ip(7))."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            sock.setsockopt(*((socket.IPPROTO_IPV6, _RECVERR[1]) if is_ipv6 else (socket.IPPROTO_IP, _RECVERR[0])), 1)


def _refused(sock: socket.socket, listener: int) -> Iterator[Hop]:
    """Empty the socket's error queue: the destinations that refused a datagram of ours ("port unreachable")."""
    for _ in range(_MOST_ERRORS):
        try:
            _, ancillary, _, address = sock.recvmsg(0, 512, socket.MSG_ERRQUEUE)
        except (OSError, ValueError, AttributeError):
            return
        for _, kind, data in ancillary:
            if kind in _RECVERR and len(data) >= 5:
                number, origin = struct.unpack_from("=IB", data)
                if number == errno.ECONNREFUSED and origin in _SAID_BY_ICMP:
                    yield Hop(address[0].partition("%")[0], address[1], "UDP", 0, listener)


def address_towards_the_world(version: int = 4) -> str:
    """The local address of the default route (nothing is sent), or loopback if there is none."""
    family, far, loopback = (
        (socket.AF_INET, "192.0.2.1", "127.0.0.1")  # TEST-NET-1, RFC 5737
        if version == 4
        else (socket.AF_INET6, "2001:db8::1", "::1")  # RFC 3849
    )
    with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect((far, 9))
        return cast(str, probe.getsockname()[0])
    return loopback
