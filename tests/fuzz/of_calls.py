"""Fuzz targets: signalling and media, as anybody on the network sends them to a call."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from voicebot.audio.codecs import DEFAULT_CODECS
from voicebot.json_body import parse_json
from voicebot.legs.acs_events import read_events, read_grid
from voicebot.legs.acs_media import CallMedia
from voicebot.legs.siprec_metadata import MetadataError, merge, parse
from voicebot.legs.siprec_parties import Agents, Parties
from voicebot.rtp import packet, rtcp, stun
from voicebot.rtp.dtls import DtlsIdentity
from voicebot.rtp.handshake import HandshakeTerms, MediaHandshake, is_for_handshake
from voicebot.rtp.ice_lite import IceCredentials
from voicebot.sip.answering import CallOffered
from voicebot.sip.body import metadata_in, session_in
from voicebot.sip.call import CallOutput
from voicebot.sip.digest import DigestServer
from voicebot.sip.header import SipSyntaxError
from voicebot.sip.hop import Hop, Listener
from voicebot.sip.message import SipRequest, parse_message
from voicebot.sip.offer_answer import answer, answered_media, described, select, select_each
from voicebot.sip.outputs import Locate, SessionOffered
from voicebot.sip.sdp import SdpError, SessionDescription
from voicebot.sip.stream import StreamFramer
from voicebot.sip.user_agent import UserAgent

SOURCE = Hop("192.0.2.7", 5062)
OURS = SessionDescription.parse(
    b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"
)


def sip(data: bytes) -> None:
    """A user agent gets messages, one after the other, answers what it is offered, and lives to the end of time."""
    ua = UserAgent([Listener("UDP", "192.0.2.1", 5060)])
    now = 1.0
    for one in data.split(b"\n====\n")[:8]:
        for output in ua.receive(one, SOURCE, now):
            if isinstance(output, CallOffered):
                output.call.ring(now)
                output.call.answer(OURS, now)
            elif isinstance(output, CallOutput) and isinstance(output.event, SessionOffered):
                output.call.accept_session(OURS, now)
        now += 0.1
    for _ in range(200):
        for output in ua.take():
            if isinstance(output, Locate):
                output.located([], now)
        deadline = ua.next_deadline()
        if deadline is None:
            break
        now = max(now, deadline)
        for output in ua.timeout(now):
            if isinstance(output, Locate):
                output.located([], now)


def stream(data: bytes) -> None:
    framer = StreamFramer()
    try:
        for at in range(0, len(data), 97):
            framer.feed(data[at : at + 97])
    except SipSyntaxError:
        pass


def digest(data: bytes) -> None:
    request = SipRequest("INVITE", "sip:x")
    request.headers.set("Authorization", data.decode("latin-1"))
    DigestServer("bot", {"u": "p"}.get).check(request, "192.0.2.7", 1.0)


def message(data: bytes) -> None:
    """What was read can be written, and read again."""
    try:
        read = parse_message(data)
    except SipSyntaxError:
        return
    parse_message(bytes(read))


def sdp(data: bytes) -> None:
    try:
        description = SessionDescription.parse(data)
    except SdpError:
        return
    description.put_addresses({name: ["192.0.2.9"] for name in description.names})
    agreed = select(description)
    if agreed is not None:
        SessionDescription.parse(bytes(answer(description, agreed, "192.0.2.1", 4000)))
    for media, each in zip(description.media, select_each(description), strict=True):
        if each is not None:
            answered = answered_media(media, each, 4000, codecs=DEFAULT_CODECS)
            SessionDescription.parse(bytes(described("192.0.2.1", [answered], 1, 1)))


def recording(data: bytes) -> None:
    """The bodies of a recording client's requests, one after the other: what is said of the call is put together."""
    known, parties = None, Parties(Agents(("7*", "@desk.example.net")))
    for body in data.split(b"\n====\n")[:4]:
        request = SipRequest("UPDATE", "sip:x", body.partition(b"\n")[2])
        request.headers.set("Content-Type", body.partition(b"\n")[0].decode("latin-1").strip())
        metadata, labels = metadata_in(request), {0: "96", 1: "98"}
        with contextlib.suppress(SdpError):
            if (session := session_in(request)) is not None:
                labels = {number: media.label for number, media in enumerate(session.media)}
        with contextlib.suppress(MetadataError):
            known = merge(known, parse(metadata)) if metadata is not None else known
        parties.update(known, labels)
        assert parties.speaking.keys() == labels.keys()
        assert set(parties.speaking.values()) <= {"", *(one.key for one in parties.known)}


def rtp(data: bytes) -> None:
    with contextlib.suppress(packet.MalformedPacket):
        packet.parse(data)


def rtcp_(data: bytes) -> None:
    with contextlib.suppress(packet.MalformedPacket):
        rtcp.parse(data)


IDENTITY = DtlsIdentity()
ICE = IceCredentials("evtj", "VOkJxbRl1RmTxUk/WvJxBt"), IceCredentials("h6vY", "theirs")


def handshake(data: bytes) -> None:
    """STUN and DTLS, as the port of a stream gets them."""
    with contextlib.suppress(stun.MalformedStun):
        stun.parse(data)
    terms = HandshakeTerms(IDENTITY, "passive", frozenset({("sha-256", IDENTITY.fingerprint)}))
    for one in (MediaHandshake(terms), MediaHandshake(terms._replace(ice=ICE))):
        one.signal(("192.0.2.7", 4000))
        for datagram in data.split(b"\n====\n")[:4]:
            if is_for_handshake(datagram):
                one.receive(datagram, ("192.0.2.7", 4000))
        one.tick()


def acs(data: bytes) -> None:
    """What Azure Communication Services delivers: messages on a media connection, one a line; and all as a body."""
    text, media = data.decode("utf-8", "replace"), CallMedia("call", "4:+4930123", 100, lambda: None)
    for number, line in enumerate(text.splitlines()[:64]):
        media.receive(line, 1.0 + number * 0.02)
        media.tick(1.0 + number * 0.02, 0)
    with contextlib.suppress(ValueError):
        body = parse_json(text)
        for read in (read_grid, read_events):
            found, unread = read(body)
            assert len(found) + unread <= (len(body) if isinstance(body, list) else 1)


TARGETS: dict[str, Callable[[bytes], None]] = {
    "sip": sip,
    "message": message,
    "stream": stream,
    "digest": digest,
    "sdp": sdp,
    "recording": recording,
    "rtp": rtp,
    "rtcp": rtcp_,
    "handshake": handshake,
    "acs": acs,
}
