"""The INVITE of an outgoing call, without its Via (RFC 3261 8.1.1, 13.2.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from voicebot.sip.body import put_session_and_metadata
from voicebot.sip.header import NameAddr
from voicebot.sip.hop import route_through
from voicebot.sip.inspection import RECORDING
from voicebot.sip.message import SipRequest, put_headers
from voicebot.sip.sdp import SessionDescription

CLIENT_FEATURE = ";+sip.src"
"""In the Contact of a recording client."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """``sender``: the URI for From. ``route``: the URI of a proxy, if ``uri`` itself does not lead there. ``metadata``:
    that of a recording session (RFC 7866)."""

    uri: str
    sender: str
    tag: str
    call_id: str
    cseq: int
    contact: str
    display_name: str = ""
    route: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    metadata: bytes = b""

    def request(self, session: SessionDescription, allow: str, supported: str) -> SipRequest:
        """Raises ValueError for an address or header that cannot be sent."""
        request = SipRequest("INVITE", self.uri)
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
        if self.metadata:
            request.headers.set("Contact", self.contact + CLIENT_FEATURE)
            request.headers.set("Require", RECORDING)
        put_session_and_metadata(request, session, self.metadata)
        put_headers(request, self.headers)
        NameAddr.parse(request.headers["From"])
        return request
