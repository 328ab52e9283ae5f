"""Where a message came from, or goes: the next hop (RFC 3261 18, RFC 3263), and the addresses that we listen at.

A hop on a reliable transport may name the connection (``flow``) that is to be used as long as it is open: responses go
back on the connection that the request came by (18.2.2), and requests reuse it. Without one, or when it is gone, the
transport connects to ``host`` and ``port``. ``name`` is the domain that led to the address: what a TLS server must
prove to be (RFC 5922), and what it is asked for (SNI).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from voicebot.sip.header import NameAddr, SipSyntaxError, SipUri, Via

Transport = Literal["UDP", "TCP", "TLS"]
DEFAULT_PORTS = {"UDP": 5060, "TCP": 5060, "TLS": 5061}


class Hop(NamedTuple):
    """``host`` may be a name where something is to be sent, and ``port`` 0 then: what DNS says, or the default.

    IPv6 addresses stand without brackets.
    """

    host: str
    port: int
    transport: Transport = "UDP"
    flow: int = 0
    listener: int = -1
    """The index of the listener that a message came in by; -1 when it is ours to choose."""
    name: str = ""
    free: bool = False
    """The URI left the transport open: NAPTR and SRV choose it, and ``transport`` is what holds without them."""

    @property
    def reliable(self) -> bool:
        return self.transport != "UDP"

    @property
    def is_literal(self) -> bool:
        """Whether ``host`` is an address, which needs no look-up."""
        try:
            ipaddress.ip_address(self.host)
        except ValueError:
            return False
        return True


@dataclass(frozen=True, slots=True)
class Listener:
    """One address of ours as others reach it: in Via and Contact. ``host`` is the advertised one."""

    transport: Transport
    host: str
    port: int

    @property
    def sent_by(self) -> str:
        return f"{bracketed(self.host)}:{self.port}"

    def contact(self, user: str = "voicebot", *, secure: bool = False) -> str:
        """A Contact value. ``secure``: the request had a sips URI, so ours must have one (RFC 3261 12.1.1)."""
        if secure:
            return f"<sips:{user}@{self.sent_by}>"
        transport = "" if self.transport == "UDP" else f";transport={self.transport.lower()}"
        return f"<sip:{user}@{self.sent_by}{transport}>"


def choose_listener(listeners: Sequence[Listener], hop: Hop) -> Listener:
    """The listener whose address goes into a message for ``hop``: that it came in by, else same transport and family.

    Where we listen at no such transport (a client of a TLS server), the first listener's address stands in: what must
    come back comes back on the connection.
    """
    if 0 <= hop.listener < len(listeners):
        return listeners[hop.listener]
    same = [listener for listener in listeners if listener.transport == hop.transport]
    of_family = [listener for listener in same if (":" in listener.host) == (":" in hop.host)]
    for listener in (*of_family, *same):
        return listener
    first = next((x for x in listeners if (":" in x.host) == (":" in hop.host)), listeners[0])
    return Listener(hop.transport, first.host, first.port)


def hop_of(uri: str) -> Hop | None:
    """Where requests to ``uri`` go, its host not looked up. None: no SIP URI, or a transport that we don't have.

    ``maddr`` is ignored: it would let anybody aim us.
    """
    try:
        parsed = SipUri.parse(uri.partition("?")[0])
    except SipSyntaxError:
        return None
    if parsed.scheme == "tel" or not parsed.host:
        return None
    wanted = (parsed.params.get("transport") or "").upper()
    if parsed.scheme == "sips" or wanted == "TLS":
        transport: Transport = "TLS"
    elif wanted in ("", "UDP"):
        transport = "UDP"
    elif wanted == "TCP":
        transport = "TCP"
    else:
        return None
    host = parsed.host.strip("[]")
    hop = Hop(host, parsed.port or 0, transport, name=host)
    if hop.port or hop.is_literal:
        return hop._replace(port=hop.port or DEFAULT_PORTS[transport])
    return hop._replace(free=not wanted)


def hop_of_route(value: str) -> Hop | None:
    """The same for a Route value."""
    try:
        return hop_of(NameAddr.parse(value).uri)
    except SipSyntaxError:
        return None


def bracketed(host: str) -> str:
    """``host`` as it stands in URIs and Via: IPv6 in brackets."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def reply_hop(via: Via, source: Hop) -> Hop:
    """Where the response to a request with ``via`` on top goes (RFC 3581; RFC 3261 18.2.2).

    On a reliable transport the connection comes first; ``port`` is where to connect to when it is gone.
    """
    if "rport" in via.params and not source.reliable:
        return source
    return source._replace(port=via.port or DEFAULT_PORTS[source.transport])
