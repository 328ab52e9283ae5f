"""Rewrites an INVITE so that pyVoIP can parse it. Pure.

pyVoIP's parser splits at ": " and " ", and fails on an empty header, a compact header name, a second ``c=`` line. So it
never gets the received message: our own parser and offer/answer rules read that, and the result is written as a simple
INVITE for pyVoIP.
"""

from __future__ import annotations

import ipaddress

from voicebot.audio.codecs import CODECS
from voicebot.sip import AudioAgreement, SdpError, SipRequest, offer_answer
from voicebot.sip.body import session_in

CODEC = CODECS["PCMU"]
"""The only codec of pyVoIP's leg: its A-law encoder really produces mu-law."""


def audio_of(request: SipRequest) -> AudioAgreement | None:
    """The stream in the INVITE's offer that we support; None if there is none (no offer, no PCMU, IPv6)."""
    try:
        offer = session_in(request)
    except SdpError:
        return None
    agreed = offer_answer.select(offer, (CODEC,), reaches=_is_ipv4) if offer is not None else None
    # pyVoIP answers with this payload type and profile, whatever was offered.
    return agreed if agreed is not None and agreed.payload_type == 0 and not agreed.feedback else None


def _is_ipv4(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).version == 4
    except ValueError:
        return False


def plain_invite(request: SipRequest, audio: AudioAgreement) -> bytes:
    """The INVITE with ``audio`` as its only stream."""
    events = [audio.telephone_event] if audio.telephone_event is not None else []
    body = [
        "v=0",
        f"o=- 1 1 IN IP4 {audio.host}",
        "s=-",
        f"c=IN IP4 {audio.host}",
        "t=0 0",
        " ".join([f"m=audio {audio.port} RTP/AVP 0", *map(str, events)]),
        "a=rtpmap:0 PCMU/8000",
        *(f"a=rtpmap:{event} telephone-event/8000" for event in events),
        f"a={audio.direction}",
        "",
    ]
    contact = request.contact[0].uri if request.contact else request.sender.uri
    sequence, method = request.cseq
    session = "\r\n".join(body)
    lines = [
        f"INVITE {request.uri} SIP/2.0",
        *(f"Via: {via}" for via in request.via),
        f"From: <{request.sender.uri}>;tag={request.sender.tag}",
        f"To: <{request.recipient.uri}>" + (f";tag={request.recipient.tag}" if request.recipient.tag else ""),
        f"Call-ID: {request.call_id}",
        f"CSeq: {sequence} {method}",
        f"Contact: <{contact}>",
        "Content-Type: application/sdp",
        f"Content-Length: {len(session)}",
        "",
        session,
    ]
    return "\r\n".join(lines).encode("utf-8", "surrogateescape")
