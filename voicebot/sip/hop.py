"""Where a message came from or is sent to: the next hop (RFC 3261 18, RFC 3263), and the addresses that we listen at.

On a reliable transport a hop may name a connection (``flow``), which is used as long as it is open: responses go back
on the connection that the request came on (18.2.2), and requests reuse it. If it names none, or it is closed, the
transport connects to ``host`` and ``port``; but nobody is reached by a websocket that he has not opened to us (RFC 7118
5). ``name`` is the domain that was resolved to the address: a TLS server must have a certificate for it (RFC 5922), and
gets it as SNI.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from voicebot.sip.header import NameAddr, SipSyntaxError, SipUri

Transport = Literal["UDP", "TCP", "TLS", "WS", "WSS"]
DEFAULT_PORTS = {"UDP": 5060, "TCP": 5060, "TLS": 5061, "WS": 80, "WSS": 443}
SECURE: tuple[Transport, ...] = ("TLS", "WSS")
WEBSOCKETS: tuple[Transport, ...] = ("WS", "WSS")


class Hop(NamedTuple):
    """``host``: an IP address (IPv6 without brackets), or a name if it is still to be resolved. ``port``: 0 if DNS or
    the default decides.
    """

    host: str
    port: int
    transport: Transport = "UDP"
    flow: int = 0
    listener: int = -1
    """The index of the listener that a message came in by; -1 if we may choose one."""
    name: str = ""
    free: bool = False
    """Whether the URI left the transport open: NAPTR and SRV choose it, and ``transport`` holds if there are none."""
    trunk: str = ""
    """Whose connection it is, if that was shown before the first message came; else messages have to show it."""

    @property
    def reliable(self) -> bool:
        return self.transport != "UDP"

    @property
    def secure(self) -> bool:
        return self.transport in SECURE

    @property
    def by_websocket(self) -> bool:
        return self.transport in WEBSOCKETS

    @property
    def is_literal(self) -> bool:
        """Whether ``host`` is an IP address, which needs no look-up."""
        try:
            ipaddress.ip_address(self.host)
        except ValueError:
            return False
        return True


@dataclass(frozen=True, slots=True)
class Listener:
    """One of our addresses as others reach it, for Via and Contact. ``host``: the advertised one."""

    transport: Transport
    host: str
    port: int

    @property
    def sent_by(self) -> str:
        return f"{bracketed(self.host)}:{self.port}"

    def uri(self, user: str, *, secure: bool = False) -> str:
        """The URI at which we are called here. ``secure``: a sips URI."""
        if secure:
            return f"sips:{user}@{self.sent_by}"
        names = {"UDP": "", "WSS": ";transport=ws"}  # a URI calls both kinds of websocket ws (RFC 7118 5.2.3)
        transport = names.get(self.transport, f";transport={self.transport.lower()}")
        return f"sip:{user}@{self.sent_by}{transport}"

    def contact(self, user: str = "voicebot", *, secure: bool = False) -> str:
        """A Contact value. ``secure``: use a sips URI, as for a request with a sips URI (RFC 3261 12.1.1)."""
        return f"<{self.uri(user, secure=secure)}>"


def choose_listener(listeners: Sequence[Listener], hop: Hop) -> Listener:
    """The listener whose address we put into a message for ``hop``: the one that ``hop`` names, else the first with the
    same transport, preferably also of the same IP version.

    If we do not listen on this transport (a client of a TLS server), another listener's address stands in for it:
    responses come back on the connection.
    """
    if 0 <= hop.listener < len(listeners):
        return listeners[hop.listener]
    same = [listener for listener in listeners if listener.transport == hop.transport]
    of_family = [listener for listener in same if (":" in listener.host) == (":" in hop.host)]
    for listener in (*of_family, *same):
        return listener
    first = next((x for x in listeners if (":" in x.host) == (":" in hop.host)), listeners[0])
    return Listener(hop.transport, first.host, first.port)


def hop_of(uri: str, usual: Transport = "UDP") -> Hop | None:
    """Where requests to ``uri`` are sent, before its host is resolved; by ``usual`` if it names no transport. None if
    it is not a SIP URI, names port 0, or asks for a transport by which we connect to nobody.

    ``maddr`` is ignored: with it, anybody could make us send to any address.
    """
    try:
        parsed = SipUri.parse(uri.partition("?")[0])
    except SipSyntaxError:
        return None
    if parsed.scheme == "tel" or not parsed.host or parsed.port == 0:
        return None
    wanted = (parsed.params.get("transport") or "").upper()
    if parsed.scheme == "sips" or wanted == "TLS":
        transport: Transport = "TLS"
    elif not wanted:
        transport = usual
    elif wanted == "UDP":
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


def hop_of_route(value: str, usual: Transport = "UDP") -> Hop | None:
    """The same for a Route value."""
    try:
        return hop_of(NameAddr.parse(value).uri, usual)
    except SipSyntaxError:
        return None


def route_through(proxy: str) -> str:
    """The Route value for the proxy at the URI ``proxy``, as a loose router (RFC 3261 16.12)."""
    return f"<{proxy}>" if ";lr" in proxy else f"<{proxy};lr>"


def bracketed(host: str) -> str:
    """``host`` as written in URIs and Via: IPv6 in brackets."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host
