"""The SIP dialog (RFC 3261 section 12): two tags, two sequence numbers, a route set and a remote target.

A dialog builds the requests within it (12.2.1.1) and checks whether a received one is in order (12.2.2). It keeps URIs
and routes as raw text, because proxies put state into Record-Route parameters and expect it back unchanged.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from voicebot.sip.header import NameAddr, SipSyntaxError, SipUri
from voicebot.sip.hop import Hop, Transport, hop_of, hop_of_route
from voicebot.sip.message import SipRequest, SipResponse
from voicebot.sip.symmetric import Symmetric, goes_to_source


@dataclass(slots=True)
class SipDialog:
    """``local``/``remote``: complete From/To values, with tags. ``routes``: complete Route values, in order."""

    call_id: str
    local: str
    remote: str
    local_tag: str
    remote_tag: str
    target: str
    routes: list[str] = field(default_factory=list)
    local_cseq: int = 0
    remote_cseq: int = -1
    peer: Hop | None = None
    """Where the other side's latest request came from; until there is one, where our INVITE was sent."""
    symmetric: Symmetric = "auto"
    """Whether requests go there, whatever Contact and Record-Route say."""
    direct: bool = False
    """Whether there is no proxy between ``peer`` and the other side."""

    @classmethod
    def as_server(cls, invite: SipRequest, local_tag: str, source: Hop, symmetric: Symmetric = "auto") -> SipDialog:
        """The dialog that our response to ``invite``, which came from ``source``, makes (12.1.1)."""
        return cls(
            call_id=invite.call_id,
            local=f"{invite.headers['To']};tag={local_tag}",
            remote=invite.headers["From"],
            local_tag=local_tag,
            remote_tag=invite.sender.tag,
            target=invite.contact[0].uri if invite.contact else invite.sender.uri,
            routes=invite.values("Record-Route"),
            remote_cseq=invite.cseq[0],
            peer=source,
            symmetric=symmetric,
            direct=len(invite.via) == 1,
        )

    @classmethod
    def as_client(
        cls, invite: SipRequest, response: SipResponse, sent_to: Hop | None, symmetric: Symmetric = "auto"
    ) -> SipDialog:
        """The dialog that ``response`` to our ``invite`` makes (12.1.2); its Record-Route is in reverse order."""
        return cls(
            call_id=invite.call_id,
            local=invite.headers["From"],
            remote=response.headers["To"],
            local_tag=invite.sender.tag,
            remote_tag=response.recipient.tag,
            target=response.contact[0].uri if response.contact else invite.uri,
            routes=response.values("Record-Route")[::-1],
            local_cseq=invite.cseq[0],
            peer=sent_to,
            symmetric=symmetric,
        )

    @property
    def key(self) -> tuple[str, str, str]:
        return self.call_id, self.local_tag, self.remote_tag

    def in_order(self, request: SipRequest) -> bool:
        """Note the CSeq of ``request``. False if it is lower than an earlier one, to be answered with 500 (12.2.2)."""
        number = request.cseq[0]
        if number < self.remote_cseq:
            return False
        self.remote_cseq = number
        return True

    @property
    def flow(self) -> Hop | None:
        """The other side's connection; None over UDP."""
        return self.peer if self.peer is not None and self.peer.flow else None

    def heard_from(self, source: Hop) -> None:
        """Note where a request in order came from: behind a NAT, that may change in the middle of a call."""
        if self.peer is None or source.transport == self.peer.transport:
            self.peer = source

    def refresh_target(self, message: SipRequest | SipResponse) -> None:
        """Take the remote target from a target refresh request, or from the 2xx to one (12.2.1.2, 12.2.2)."""
        if message.contact:
            self.target = message.contact[0].uri

    def request(self, method: str, cseq: int | None = None) -> SipRequest:
        """A request within the dialog, without Via and Contact. ``cseq``: for an ACK, the number of its INVITE."""
        if cseq is None:
            cseq = self.next_cseq()
        uri, routes = self.target, self.routes
        if routes and not self._loose(routes[0]):
            # A strict router (12.2.1.1) needs itself as the Request-URI, and the target as the last Route.
            uri, routes = NameAddr.parse(routes[0]).uri, [*routes[1:], f"<{self.target}>"]
        request = SipRequest(method, uri)
        if routes:
            request.headers.setlist("Route", list(routes))
        request.headers.set("Max-Forwards", "70")
        request.headers.set("From", self.local)
        request.headers.set("To", self.remote)
        request.headers.set("Call-ID", self.call_id)
        request.headers.set("CSeq", f"{cseq} {method}")
        return request

    def next_cseq(self) -> int:
        self.local_cseq += 1
        return self.local_cseq

    @property
    def hops(self) -> list[Hop]:
        """Where requests are sent: to the first route, or to the target, or to where the other side's come from. Empty
        if none of these can be reached."""
        peer, hop = self.peer, self._named("UDP")
        if peer is not None and peer.by_websocket:
            return [peer]  # no browser can be connected to, whatever its Contact says (RFC 7118 5)
        if peer is not None and goes_to_source(self.symmetric, hop.host if hop is not None else "", peer):
            return [peer]
        if peer is None or hop is None:
            return [hop] if hop is not None else []
        if peer.reliable and (self.direct or hop.host in (peer.host, peer.name)):
            # Who comes over a connection is reached over one, also if Contact does not say so; preferably over the same
            # one: behind NAT only it leads there (RFC 5923, RFC 5626).
            hop = self._named(peer.transport) or hop
            if peer.transport == hop.transport:
                hop = hop._replace(flow=peer.flow, listener=peer.listener)
        if hop.transport != peer.transport:
            return [hop]
        if hop.host == peer.name != peer.host and hop.port in (0, peer.port):
            return [peer]  # the server that answered, of all that have this name
        if hop.is_literal and (":" in hop.host) == (":" in peer.host):
            hop = hop._replace(listener=peer.listener)  # of several addresses of ours, by the one of the call
        return [hop]

    def _named(self, usual: Transport) -> Hop | None:
        """What the first route or the target names; by ``usual`` if it names no transport."""
        return hop_of_route(self.routes[0], usual) if self.routes else hop_of(self.target, usual)

    @staticmethod
    def _loose(route: str) -> bool:
        try:
            return "lr" in SipUri.parse(NameAddr.parse(route).uri).params
        except SipSyntaxError:
            return True
