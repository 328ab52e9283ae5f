"""How many calls and connections the limit of open files (``RLIMIT_NOFILE``) allows.

Sockets, files and pipes are descriptors, of which a process has a limited number; without one no call can be set up. So
the limit is raised as far as the system lets us, calls get their share first, and connections what is left.
"""

from __future__ import annotations

import contextlib
import resource
from dataclasses import dataclass

OF_PROCESS = 100
"""What the service has open without any call: sockets, pipes to its children, synthesisers, files."""
OF_CALL = 8
"""RTP, the recording, a bot's connection; with the Speech SDK in this process, the recogniser's connection and what
the SDK opens beside it."""
LEAST_CONNECTIONS = 32
"""Signalling must work for one call, too."""
CONNECTIONS = 2_560
"""What all listeners of the service may take together if the limit allows it."""
VIEWERS = 1_200
"""Connections of the console beside these, where calls are watched."""
_ENOUGH = 1 << 20
"""Stands for "no limit"."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """``calls`` at a time and ``connections`` of all listeners together are what ``limit`` open files allow, without
    the ``set_aside``."""

    limit: int
    calls: int
    connections: int
    set_aside: int = 0

    @property
    def of_http(self) -> int:
        """What a listener of HTTP may have of them."""
        return self.connections // 10

    @property
    def of_viewers(self) -> int:
        """What may watch calls beside all of them."""
        left = self.limit - OF_PROCESS - self.calls * OF_CALL - self.connections - self.set_aside
        return max(0, min(VIEWERS, left))

    @property
    def of_sip(self) -> int:
        """What is left for signalling beside two listeners of HTTP."""
        return self.connections - 2 * self.of_http


def raise_limit() -> int:
    """Raise this process's limit, which its children inherit, to the most that it may have; returns it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _ENOUGH if hard == resource.RLIM_INFINITY else hard
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(ValueError, OSError):  # macOS has a lower limit of its own
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _ENOUGH if soft == resource.RLIM_INFINITY else soft


def allowance(limit: int, calls: int, set_aside: int = 0) -> Allowance:
    """What ``limit`` open files allow where ``calls`` are wanted. ``set_aside``: for a listener whose connections are
    those of calls, too."""
    left = limit - OF_PROCESS - LEAST_CONNECTIONS - set_aside
    possible = max(0, min(calls, left // OF_CALL))
    connections = min(CONNECTIONS, limit - OF_PROCESS - possible * OF_CALL - set_aside)
    return Allowance(limit, possible, max(LEAST_CONNECTIONS, connections), set_aside)
