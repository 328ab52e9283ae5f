"""The INVITE of an outgoing call, without its Via (RFC 3261 8.1.1, 13.2.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from voicebot.sip.header import NameAddr
from voicebot.sip.hop import route_through
from voicebot.sip.message import SDP_TYPE, SipRequest, put_headers
from voicebot.sip.sdp import SessionDescription


@dataclass(frozen=True, slots=True)
class Invitation:
    """``sender``: the URI for From. ``route``: the URI of a proxy, if ``uri`` itself does not lead there."""

    uri: str
    sender: str
    tag: str
    call_id: str
    cseq: int
    contact: str
    display_name: str = ""
    route: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    def request(self, session: SessionDescription, allow: str, supported: str) -> SipRequest:
        """Raises ValueError for an address or header that cannot be sent."""
        request = SipRequest("INVITE", self.uri, bytes(session))
        display = self.display_name.replace("\\", "").replace('"', "")
        sender = f'"{display}" ' if display else ""
        if self.route:
            request.headers.set("Route", route_through(self.route))
        request.headers.set("Max-Forwards", "70")
        request.headers.set("From", f"{sender}<{self.sender}>;tag={self.tag}")
        request.headers.set("To", f"<{self.uri}>")
        request.headers.set("Call-ID", self.call_id)
        request.headers.set("CSeq", f"{self.cseq} INVITE")
        request.headers.set("Contact", self.contact)
        request.headers.set("Allow", allow)
        if supported:
            request.headers.set("Supported", supported)
        request.headers.set("Content-Type", SDP_TYPE)
        put_headers(request, self.headers)
        NameAddr.parse(request.headers["From"])
        return request
