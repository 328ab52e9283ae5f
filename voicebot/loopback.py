"""Whether a host or URL is on this machine; others may need a secret, or encryption."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit


def is_loopback(host: str) -> bool:
    """Whether ``host``, an address without brackets or a name, is this machine. Names are not looked up."""
    try:
        return host.lower() == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_loopback_url(url: str) -> bool:
    """Whether the host of ``url`` is this machine; False if it is not a URL."""
    try:
        return is_loopback(urlsplit(url).hostname or "")
    except ValueError:
        return False
