"""Answering to where a message came from, instead of to the address that it names (RFC 3581, RFC 5626).

Who is behind a NAT often names an address that only its own network can reach, in Via, Contact and Record-Route. Other
software calls this option ``force_rport`` and ``rewrite_contact``. Here URIs stay as they are, so that the other side
knows them again, and only the next hop changes. With ``auto`` that is done where the address named cannot be right.
"""

from __future__ import annotations

import ipaddress
from typing import Literal

from voicebot.sip.header import Via
from voicebot.sip.hop import DEFAULT_PORTS, Hop

Symmetric = Literal["auto", "always", "never"]
_KINDS = {
    "unspecified": ("0.0.0.0/8", "::/128"),
    "loopback": ("127.0.0.0/8", "::1/128"),
    "link": ("169.254.0.0/16", "fe80::/10"),
    "private": ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"),
    "shared": ("100.64.0.0/10",),  # RFC 6598: carriers' NATs
}
_NETWORKS = [(ipaddress.ip_network(network), kind) for kind, networks in _KINDS.items() for network in networks]


def goes_to_source(symmetric: Symmetric, named: str, source: Hop) -> bool:
    """Whether what belongs to ``named``, an IP address or name in a message from ``source``, is sent to ``source``."""
    return symmetric == "always" or (symmetric == "auto" and is_unreachable(named, source))


def is_unreachable(named: str, source: Hop) -> bool:
    """Whether ``named`` cannot be reached where ``source`` can: an address of a network of its own, of another kind
    than the source's, a name that does not exist (``.invalid``, RFC 7118 5), or none (by no transport of ours)."""
    if named == source.host:
        return False
    kind = _kind(named.strip("[]"))
    if kind == "name":
        return not named or named.lower().rstrip(".").endswith(".invalid")
    return kind == "unspecified" or (kind != "public" and kind != _kind(source.host))


def reply_hop(via: Via, source: Hop, symmetric: Symmetric = "auto") -> Hop:
    """Where to send the response to a request with ``via`` on top (RFC 3581; RFC 3261 18.2.2).

    On a reliable transport that is the request's connection; ``port`` is for a new one if it has been closed. Over UDP,
    who names port 0 does not know its own: the response goes to where the request came from.
    """
    asked = "rport" in via.params or via.port == 0
    if not source.reliable and (asked or goes_to_source(symmetric, via.host, source)):
        return source
    return source._replace(port=via.port or DEFAULT_PORTS[source.transport])


def _kind(host: str) -> str:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "name"
    kinds = (kind for network, kind in _NETWORKS if network.version == address.version and address in network)
    return next(kinds, "public")
