"""Which web servers are asked because somebody else named them: a bot, a dialog's prompt, a redirection.

Whoever makes a service ask for an address of his choice can reach what only that service reaches: its own machine, its
network, the cloud's metadata. So such a request goes only where an allow-list says, and to public addresses only. That
is decided when the connection is made (:func:`public_connector`), on the address itself: a name that leads elsewhere a
moment later (DNS rebinding) has nothing of it.
"""

from __future__ import annotations

import errno
import ipaddress
import socket
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp

_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
_PLATFORM: Final = ipaddress.ip_address("168.63.129.16")
"""Azure's own services as virtual machines see them: public by number, but not by what answers there."""


class NotAllowed(ValueError):
    """An address that is not to be asked. The text says why."""


class WebHosts:
    """An allow-list. ``patterns``: hosts with ``*`` for any part of a name, and a port where it is not to be any:
    ``*`` (every public one), ``*.example.com``, ``sounds.internal:8080``. A host that is named in full may have a
    private address.
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        self._patterns = tuple(pattern.lower() for pattern in patterns)

    def check(self, url: str) -> bool:
        """Whether the server of ``url`` is named in full. Raises :class:`NotAllowed` where no pattern matches."""
        try:
            parts = urlsplit(url)
            host, port = (parts.hostname or "").rstrip("."), parts.port or {"http": 80, "https": 443}.get(parts.scheme)
        except ValueError as error:
            raise NotAllowed(f"{url[:200]} is no web address") from error
        if parts.scheme not in ("http", "https") or not host:
            raise NotAllowed(f"{url[:200]} is no web address")
        names = (host, f"[{host}]" if ":" in host else host)
        named = {*names, *(f"{name}:{port}" for name in names)}
        if named & {pattern for pattern in self._patterns if "*" not in pattern}:
            return True
        if any(fnmatchcase(name, pattern) for name in named for pattern in self._patterns if "*" in pattern):
            return False
        raise NotAllowed(f"{host} is not on the list of hosts")


def is_public(address: str) -> bool:
    """Whether an IP address is one of the internet's, for hosts, and stands for no other one."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo is not None else None)
        if ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
        if ip.is_site_local:
            return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified) and ip != _PLATFORM


def public_connector(**options: Any) -> aiohttp.TCPConnector:
    """aiohttp's, which connects to public addresses only; anything else is a failed connection."""
    return aiohttp.TCPConnector(socket_factory=_public_socket, **options)


def _public_socket(about: tuple[Any, ...]) -> socket.socket:
    """``about``: what ``getaddrinfo`` tells of the address that is connected to next."""
    family, kind, protocol, _, address = about
    if not is_public(str(address[0])):
        raise PermissionError(errno.EACCES, f"{address[0]} is no public address")
    return socket.socket(family, kind, protocol)
