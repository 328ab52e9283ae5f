"""A port for a program that has to be told one: free for UDP and TCP, and one that the system gives to nobody else."""

from __future__ import annotations

import contextlib
import itertools
import os
import socket

_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
WIDTH = 4
"""Programs take the next port, too: baresip and Kamailio for TLS, rtpengine for RTCP."""
_candidates = itertools.cycle(range(10_000 + 2_000 * (_worker % 4), 12_000 + 2_000 * (_worker % 4), WIDTH))
"""Below the ports that the system hands out by itself (from 32768 on), where any connection could take it meanwhile."""


def free_port(host: str = "127.0.0.1") -> int:
    """The first of four ports in a row."""
    for port in _candidates:
        if all(_is_free(host, port + n) for n in range(WIDTH)):
            return port
    raise AssertionError("it goes on for ever")


def _is_free(host: str, port: int) -> bool:
    with contextlib.ExitStack() as stack:
        for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
            sock = stack.enter_context(socket.socket(socket.AF_INET, kind))
            try:
                sock.bind((host, port))
            except OSError:
                return False
    return True
