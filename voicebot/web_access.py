"""Limits requests to URLs that somebody else has chosen: a bot, a dialog's prompt, a redirection.

Somebody who can choose a URL for us to request could reach what only we can reach: our own machine, our network, the
cloud's metadata service (server-side request forgery). So such requests go only to hosts on an allow-list, and only to
public IP addresses. The address is checked when the connection is made (:func:`public_connector`), so that a name that
resolves to another address a moment later (DNS rebinding) does not get around it.
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
"""Azure's platform services, as virtual machines reach them: a public address by its number only."""


class NotAllowed(ValueError):
    """The URL must not be requested. The text says why."""


class WebHosts:
    """An allow-list. ``patterns``: hosts, with ``*`` for any part of the name, and with a port to allow only that one:
    ``*`` (every public host), ``*.example.com``, ``sounds.internal:8080``. A host without ``*`` may have a private
    address.
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        self._patterns = tuple(pattern.lower() for pattern in patterns)

    def check(self, url: str) -> bool:
        """Whether a pattern without ``*`` allows the host of ``url``. Raises :class:`NotAllowed` if none does."""
        try:
            parts = urlsplit(url)
            host, port = (parts.hostname or "").rstrip("."), parts.port or {"http": 80, "https": 443}.get(parts.scheme)
        except ValueError as error:
            raise NotAllowed(f"{url[:200]} is not a web address") from error
        if parts.scheme not in ("http", "https") or not host:
            raise NotAllowed(f"{url[:200]} is not a web address")
        names = (host, f"[{host}]" if ":" in host else host)
        named = {*names, *(f"{name}:{port}" for name in names)}
        if named & {pattern for pattern in self._patterns if "*" not in pattern}:
            return True
        if any(fnmatchcase(name, pattern) for name in named for pattern in self._patterns if "*" in pattern):
            return False
        raise NotAllowed(f"{host} is not on the list of hosts")


def is_public(address: str) -> bool:
    """Whether an IP address is a public unicast one, and does not stand for another that is not."""
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
    """An aiohttp connector that connects only to public addresses; connecting to others fails."""
    return aiohttp.TCPConnector(socket_factory=_public_socket, **options)


def _public_socket(about: tuple[Any, ...]) -> socket.socket:
    """``about``: the address to connect to, as from ``getaddrinfo``."""
    family, kind, protocol, _, address = about
    if not is_public(str(address[0])):
        raise PermissionError(errno.EACCES, f"{address[0]} is not a public address, and its host is not named in full")
    return socket.socket(family, kind, protocol)
