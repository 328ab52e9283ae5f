"""Ports for programs that have to be told some: free for UDP and TCP, and given to nobody else on this machine.

Each test process claims a region of ports and keeps the region's first port bound for as long as it lives, so that
other test processes, of this run or of another, take other regions. All of them are below the ports that the system
hands out by itself (from 32768 on), where any connection could take one meanwhile. A program that only needs one port
and can say which it got is better told 0.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from functools import cache

LOOPBACK = "127.0.0.1"
FIRST, LAST, REGION = 6_000, 32_000, 2_600
WIDTH = 4
"""Programs take the next port, too: baresip and Kamailio for TLS, rtpengine for RTCP."""


class _Region:
    """The ports from ``low`` on; ``claim`` keeps others away. What is used soon is handed out in turn, and from the
    beginning again; what is kept lies together at the upper end, so that no holes are left between."""

    def __init__(self, low: int, claim: socket.socket) -> None:
        self._all, self._claim = range(low + WIDTH, low + REGION), claim
        self._next = self._all.start
        self._kept = list[range]()

    def take(self, count: int) -> int:
        """The first of the next ``count`` ports in a row; even."""
        for _ in range(2 + 2 * len(self._kept)):
            ports = range(self._next, self._next + count)
            if ports.stop > self._all.stop:
                self._next = self._all.start
            elif beyond := self._beyond(ports):
                self._next = beyond + beyond % 2
            else:
                self._next = ports.stop + ports.stop % 2
                return ports.start
        raise AssertionError(f"there are no {count} ports in a row; this process keeps {self._kept}")

    def keep(self, count: int) -> range:
        """The uppermost ``count`` ports in a row that nobody keeps; the first is even."""
        for stop in sorted([self._all.stop, *(kept.start for kept in self._kept)], reverse=True):
            low = stop - count
            ports = range(low - low % 2, low - low % 2 + count)
            if ports.start >= self._all.start and not self._beyond(ports):
                self._kept.append(ports)
                return ports
        raise AssertionError(f"there are no {count} ports in a row; this process keeps {self._kept}")

    def release(self, ports: range) -> None:
        self._kept.remove(ports)

    def _beyond(self, ports: range) -> int:
        """Where what is kept of these ports ends; 0: none is."""
        return max((kept.stop for kept in self._kept if kept.start < ports.stop and ports.start < kept.stop), default=0)


@cache
def _region() -> _Region:
    for low in range(FIRST, LAST - REGION + 1, REGION):
        claim = socket.socket()
        try:
            claim.bind((LOOPBACK, low))
        except OSError:
            claim.close()
            continue
        return _Region(low, claim)
    raise AssertionError(f"all regions from {FIRST} to {LAST} are taken: too many test processes at once")


def free_port(host: str = LOOPBACK) -> int:
    """The first of four ports in a row that are free now."""
    for _ in range(REGION // WIDTH):
        port = _region().take(WIDTH)
        if all(_is_free(host, port + n) for n in range(WIDTH)):
            return port
    raise AssertionError(f"no {WIDTH} free ports in a row")


def free_ports(count: int = 100, *, keep: bool = False) -> tuple[int, int]:
    """The lowest and the highest of ``count`` ports, for a range out of which a program takes what is free:
    ``PortRange(*free_ports(), LOOPBACK)``. All are free now, unless no such row is left: then some may be in use by
    programs of this test process.

    What a test uses comes round again for another one; ``keep`` what has to be nobody's as long as this process lives.
    """
    if keep:
        kept = _region().keep(count)
        return kept.start, kept.stop - 1
    rows = (_region().take(count) for _ in range(REGION // count))
    low = next((low for low in rows if all(_is_free(LOOPBACK, low + n) for n in range(count))), None)
    if low is None:
        low = _region().take(count)
    return low, low + count - 1


@contextlib.contextmanager
def kept_ports(count: int = 100) -> Iterator[tuple[int, int]]:
    """As `free_ports`, for what runs beside many tests: nobody else gets these ports meanwhile."""
    kept = _region().keep(count)
    try:
        yield kept.start, kept.stop - 1
    finally:
        _region().release(kept)


def _is_free(host: str, port: int) -> bool:
    with contextlib.ExitStack() as stack:
        for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
            sock = stack.enter_context(socket.socket(socket.AF_INET, kind))
            try:
                sock.bind((host, port))
            except OSError:
                return False
    return True
