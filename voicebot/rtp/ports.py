"""RTP/RTCP port pairs from one configured range: even for RTP, the odd one above for RTCP (RFC 3550, section 11).

A released pair is not reused for some seconds, because the other side of the last call may still be sending, and its
packets would be taken for the next caller's voice. Pairs are handed out in turn, the longest unused first.
"""

from __future__ import annotations

import contextlib
import socket
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

_DSCP_EXPEDITED_FORWARDING: Final = 46 << 2
_MAX_TRIES: Final = 64  # binding is quick, but a range that other processes occupy must not block the loop


class PortsExhausted(Exception):
    """No pair of the range can be used now: all are in use, resting, or occupied by other processes."""


@dataclass(frozen=True, slots=True)
class PortPair:
    """Two bound, non-blocking UDP sockets. Their owner closes them, then returns ``port`` to the range."""

    port: int
    rtp: socket.socket
    rtcp: socket.socket


class PortRange:
    """The pairs between ``low`` and ``high`` (both included) on the local address ``host``.

    ``rest_s``: how long a released pair is not reused; ``now``: the clock for that.
    """

    def __init__(
        self,
        low: int,
        high: int,
        host: str = "0.0.0.0",
        *,
        rest_s: float = 5.0,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        first = low + low % 2
        if not (1 <= low <= high <= 65535) or first + 1 > high:
            raise ValueError(f"no even/odd pair of ports in {low}-{high}")
        self.host = host
        self._free = deque(range(first, high, 2))
        self._resting: deque[tuple[float, int]] = deque()
        self._used: set[int] = set()
        self._rest_s = rest_s
        self._now = now

    @property
    def in_use(self) -> int:
        """Pairs that are handed out."""
        return len(self._used)

    @property
    def available(self) -> int:
        """Pairs that are free, though other processes may occupy some of them."""
        self._wake()
        return len(self._free)

    def acquire(self) -> PortPair:
        """Bind the next free pair. Raises :class:`PortsExhausted`."""
        self._wake()
        for _ in range(min(_MAX_TRIES, len(self._free))):
            port = self._free.popleft()
            try:
                pair = self._bind(port)
            except OSError:  # occupied by another process: try it again when its turn comes
                self._free.append(port)
                continue
            self._used.add(port)
            return pair
        raise PortsExhausted(f"no free RTP port on {self.host}: {self.in_use} in use, {len(self._resting)} resting")

    def release(self, port: int) -> None:
        """Return a pair whose sockets are closed. No effect if it is not in use."""
        if port in self._used:
            self._used.remove(port)
            self._resting.append((self._now() + self._rest_s, port))

    def _wake(self) -> None:
        now = self._now()
        while self._resting and self._resting[0][0] <= now:
            self._free.append(self._resting.popleft()[1])

    def _bind(self, port: int) -> PortPair:
        rtp = self._socket(port)
        try:
            return PortPair(port, rtp, self._socket(port + 1))
        except OSError:
            rtp.close()
            raise

    def _socket(self, port: int) -> socket.socket:
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_DGRAM)
        try:
            sock.setblocking(False)
            with contextlib.suppress(OSError):  # the priority is optional; some containers forbid setting it
                if family == socket.AF_INET6:
                    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, _DSCP_EXPEDITED_FORWARDING)
                else:
                    sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, _DSCP_EXPEDITED_FORWARDING)
            sock.bind((self.host, port))
        except OSError:
            sock.close()
            raise
        return sock
