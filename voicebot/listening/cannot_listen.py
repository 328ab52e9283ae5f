"""Why we cannot listen somewhere, which setting is to blame, and how to mend it: one table for the start of every
listener and for the doctor."""

from __future__ import annotations

import errno
import socket
from typing import Final, NamedTuple

_NOT_OURS: Final = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})


class CannotListen(NamedTuple):
    """``setting``: the one that is to blame, as ``sip.host``; ``mend`` may be empty."""

    setting: str
    reason: str
    mend: str

    def at(self, where: str) -> str:
        """All of it in a line. ``where``: the address and port."""
        return f"{self.setting}: {where} cannot be opened: {self.reason}{self.mend and '; '}{self.mend}"


def cannot_listen(error: OSError, *, host: str, port: str, seen_as: str = "") -> CannotListen:
    """What ``error`` means for whoever has set ``host`` and ``port``, which are names of settings (the same, if one has
    both). ``seen_as``: the setting that has the address by which others reach us, where that may be another one."""
    reason = error.strerror or str(error)
    if isinstance(error, socket.gaierror):
        return CannotListen(host, reason, f"no address is known by this name: set {host} to an address of this machine")
    if error.errno in _NOT_OURS:
        mend = f"this machine has no such address: set {host} to one that it has (`ip address` lists them)"
        outside = f"; one that only others see, as behind NAT or a proxy, belongs to {seen_as}" if seen_as else ""
        return CannotListen(host, reason, mend + outside)
    if error.errno == errno.EADDRINUSE:
        return CannotListen(port, reason, f"stop what uses it (another voicebot, a PBX?), or change {port}")
    if error.errno == errno.EACCES:
        return CannotListen(
            port, reason, f"ports below 1024 need a right of their own, CAP_NET_BIND_SERVICE: or change {port}"
        )
    return CannotListen(port, reason, "")


def bind_error(kind: socket.SocketKind, host: str, port: int = 0) -> OSError | None:
    """Why a socket cannot be bound to the address ``host``; None if it can. ``port``: 0 for any."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, kind) as probe:
        if kind is socket.SOCK_STREAM:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the listener does, for TIME_WAIT
        try:
            probe.bind((host, port))
        except OSError as error:
            return error
    return None
