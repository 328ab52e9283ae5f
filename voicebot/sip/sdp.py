"""Session descriptions (RFC 8866) and the offer/answer rules of RFC 3264, for one stream of speech with keypad
events.

The stream is plain (RTP/AVP), encrypted with keys in the description (RTP/SAVP, :mod:`~voicebot.sip.sdes`), or with
keys that are made on its own port (UDP/TLS/RTP/SAVPF, :mod:`~voicebot.sip.dtls_sdp`).

Parsing keeps what we use and what an answer must repeat; it is bounded and strict about numbers, and forgiving about
lines that it does not know. Two pure functions hold the rules: :func:`select` reads an offer or an answer and says what
was agreed, :func:`answer` builds the answer to an offer, with one media line for each one offered (refused ones with
port 0, RFC 3264 section 6).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, cast

from voicebot.codecs import CODECS, DEFAULT_CODECS, MAX_PTIME_MS, MIN_PTIME_MS, Codec
from voicebot.sip.dtls_sdp import PROFILES, Handshake, HandshakeAgreement
from voicebot.sip.sdes import MAX_CRYPTO, Crypto

Direction = Literal["sendrecv", "sendonly", "recvonly", "inactive"]
Srtp = Literal["off", "allowed", "required"]
"""Whether media may or must be encrypted. An offer of ours is plain unless it must be."""

MAX_DESCRIPTION = 16_384
MAX_LINES = 400
MAX_MEDIA = 16
MAX_FORMATS = 64

_DYNAMIC = 96  # RFC 3551: payload types from here on mean what their rtpmap says
_STATIC = {codec.payload_type: codec for codec in CODECS.values() if codec.payload_type < _DYNAMIC}
_DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")
_MIRROR: dict[Direction, Direction] = {
    "sendrecv": "sendrecv",
    "sendonly": "recvonly",
    "recvonly": "sendonly",
    "inactive": "inactive",
}
_RTPMAP_RE = re.compile(r"(\d{1,3}) +([A-Za-z0-9._+\-]{1,32})/(\d{1,7})(?:/(\d{1,3}))?\s*\Z")
_MEDIA_RE = re.compile(
    r"([A-Za-z0-9._+\-]{1,32}) +(\d{1,5})(?:/\d{1,5})? +([A-Za-z0-9/._+\-]{1,64})((?: +\S{1,32})+)\s*\Z"
)
_CONNECTION_RE = re.compile(r"IN +(IP4|IP6) +([A-Za-z0-9._:\-]{1,255})(?:/\S*)?\s*\Z")
_TOKEN_RE = re.compile(r"\S{1,64}\Z")


class SdpError(ValueError):
    """Not a session description that can be answered."""


class Encoding(NamedTuple):
    """What an rtpmap says of a payload type."""

    name: str
    clock_rate: int
    channels: int = 1

    def __str__(self) -> str:
        return f"{self.name}/{self.clock_rate}" + (f"/{self.channels}" if self.channels > 1 else "")


@dataclass(slots=True)
class Media:
    """One ``m=`` section. ``formats`` in the order of preference; ``connection`` is None when the session's holds."""

    kind: str
    port: int
    protocol: str
    formats: list[str]
    connection: str | None = None
    rtpmap: dict[int, Encoding] = field(default_factory=dict)
    """By payload type."""
    fmtp: dict[int, str] = field(default_factory=dict)
    direction: Direction | None = None
    ptime: int | None = None
    maxptime: int | None = None
    rtcp_port: int | None = None
    crypto: list[Crypto] = field(default_factory=list)
    """The usable ones of its ``a=crypto`` lines."""
    handshake: Handshake = field(default_factory=Handshake)
    """What it says of keys that are made on the media's port, and of ICE."""

    def codec(self, payload_type: int) -> Codec | None:
        """Which of ours a payload type is; RFC 3551's static ones need no rtpmap."""
        encoding = self.rtpmap.get(payload_type)
        if encoding is None:
            return _STATIC.get(payload_type)
        codec = CODECS.get(encoding.name.upper())
        fits = codec is not None and (encoding.clock_rate, encoding.channels) == (codec.clock_rate, codec.channels)
        return codec if fits else None

    def carries_keys(self, payload_type: int, clock_rate: int) -> bool:
        """Whether a payload type is that of RFC 4733's telephone events, at this clock rate."""
        encoding = self.rtpmap.get(payload_type)
        return encoding is not None and (encoding.name.lower(), encoding[1]) == ("telephone-event", clock_rate)


@dataclass(slots=True)
class SessionDescription:
    """A parsed or built description. ``connection`` is the session-level address, None when each media has its own."""

    session_id: int = 0
    version: int = 0
    address: str = "0.0.0.0"
    connection: str | None = None
    direction: Direction | None = None
    media: list[Media] = field(default_factory=list)
    handshake: Handshake = field(default_factory=Handshake)
    """What holds for media that say nothing of their own."""

    @classmethod
    def parse(cls, body: bytes) -> SessionDescription:
        """Raises :class:`SdpError`. Unknown lines and attributes are skipped."""
        if len(body) > MAX_DESCRIPTION:
            raise SdpError("description too long")
        lines = body.decode("utf-8", "replace").replace("\r\n", "\n").rstrip("\n").split("\n")
        if len(lines) > MAX_LINES:
            raise SdpError("too many lines")
        if lines[0].strip() != "v=0":
            raise SdpError("no v=0 at the start")
        description = cls()
        for line in lines[1:]:
            kind, equals, value = line.partition("=")
            if len(kind) != 1 or not equals:
                raise SdpError("malformed line")
            description._take(kind, value.rstrip("\r"))
        return description

    def _take(self, kind: str, value: str) -> None:
        media = self.media[-1] if self.media else None
        if kind == "m":
            self.media.append(_parse_media(value))
            if len(self.media) > MAX_MEDIA:
                raise SdpError("too many media")
        elif kind == "c":
            match = _CONNECTION_RE.match(value)
            if match is None:
                raise SdpError("malformed connection")
            (media or self).connection = match[2]
        elif kind == "o":
            fields = value.split()
            if len(fields) != 6 or not all(_TOKEN_RE.match(f) for f in fields):
                raise SdpError("malformed origin")
            self.address = fields[5]
            self.session_id, self.version = (int(f) if re.match(r"\d{1,20}\Z", f) else 0 for f in fields[1:3])
        elif kind == "a":
            name, _, text = value.partition(":")
            if name in _DIRECTIONS:
                (media or self).direction = cast(Direction, name)
            else:
                (media or self).handshake.take(name, text)
                if media is not None:
                    _media_attribute(media, name, text)

    def address_of(self, media: Media) -> str | None:
        """The address that ``media`` is to be sent to."""
        return media.connection or self.connection

    def handshake_of(self, media: Media) -> Handshake:
        return media.handshake.within(self.handshake)

    def direction_of(self, media: Media) -> Direction:
        return media.direction or self.direction or "sendrecv"

    def __bytes__(self) -> bytes:
        lines = ["v=0", f"o=- {self.session_id} {self.version} IN {_family(self.address)} {self.address}", "s=-"]
        if self.connection:
            lines.append(f"c=IN {_family(self.connection)} {self.connection}")
        lines.append("t=0 0")
        if any(media.handshake.lite for media in self.media):
            lines.append("a=ice-lite")
        for media in self.media:
            lines.append(f"m={media.kind} {media.port} {media.protocol} {' '.join(media.formats)}")
            if media.connection:
                lines.append(f"c=IN {_family(media.connection)} {media.connection}")
            lines += [f"a=rtpmap:{number} {encoding}" for number, encoding in media.rtpmap.items()]
            lines += [f"a=fmtp:{number} {text}" for number, text in media.fmtp.items()]
            if media.ptime:
                lines.append(f"a=ptime:{media.ptime}")
            lines += [f"a=crypto:{crypto}" for crypto in media.crypto]
            lines += media.handshake.lines()
            if media.direction:
                lines.append(f"a={media.direction}")
        return ("\r\n".join(lines) + "\r\n").encode()


def _family(address: str) -> str:
    return "IP6" if ":" in address else "IP4"


def _parse_media(value: str) -> Media:
    match = _MEDIA_RE.match(value)
    if match is None or int(match[2]) > 65_535:
        raise SdpError("malformed media line")
    formats = match[4].split()
    if len(formats) > MAX_FORMATS:
        raise SdpError("too many formats")
    return Media(match[1].lower(), int(match[2]), match[3].upper(), formats)


def _media_attribute(media: Media, name: str, text: str) -> None:
    if name == "rtpmap":
        if (match := _RTPMAP_RE.match(text)) and int(match[1]) < 128 and len(media.rtpmap) < MAX_FORMATS:
            media.rtpmap[int(match[1])] = Encoding(match[2], int(match[3]), int(match[4] or 1))
    elif name == "fmtp":
        number, _, parameters = text.partition(" ")
        if re.match(r"\d{1,3}\Z", number) and int(number) < 128 and len(media.fmtp) < MAX_FORMATS:
            media.fmtp[int(number)] = parameters.strip()
    elif name == "crypto":
        if len(media.crypto) < MAX_CRYPTO and (crypto := Crypto.parse(text)) is not None:
            media.crypto.append(crypto)
    elif name in ("ptime", "maxptime"):
        if match := re.match(r"(\d{1,3})(?:\.\d+)?\s*\Z", text):
            setattr(media, name, int(match[1]))
    elif name == "rtcp" and (match := re.match(r"(\d{1,5})(?:\s|\Z)", text)) and 0 < int(match[1]) < 65_536:
        media.rtcp_port = int(match[1])


# --- offer and answer --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AudioAgreement:
    """What both sides agreed about the one audio stream, seen from ours.

    ``host``/``port``: where we send. ``direction``: ours (``recvonly``: we hear and are not heard). ``codec``: with the
    ``payload_type`` of the other side's description. ``telephone_event``: the payload type for keypad keys, None
    without. ``index``: which media line. ``crypto``: the key of what *they* send, None where the stream has no such
    key. ``handshake``: how its keys are made on its port, None where they are not. ``ptime_ms``: how long the packets
    should be that we send, 10 to 60 ms in tens.
    """

    codec: Codec
    payload_type: int
    telephone_event: int | None
    host: str
    port: int
    rtcp_port: int | None
    direction: Direction
    index: int
    crypto: Crypto | None = None
    ptime_ms: int = 20
    handshake: HandshakeAgreement | None = None

    @property
    def by_checks(self) -> bool:
        """Whether the other side finds the address by ICE, so that the one in its description need not be right."""
        return self.handshake is not None and self.handshake.ice is not None


def select(
    description: SessionDescription,
    codecs: Sequence[Codec] = DEFAULT_CODECS,
    srtp: Srtp = "off",
    *,
    ours_first: bool = False,
    ptime_ms: int = 20,
) -> AudioAgreement | None:
    """The first audio stream of an offer or answer that we can carry, None when there is none.

    RTP/AVP unless ``srtp`` requires encryption; RTP/SAVP unless it is off, with a usable key, and so
    UDP/TLS/RTP/SAVPF with a usable fingerprint (a profile with encryption must never be taken as if it were plain, nor
    the other way round). Of ``codecs`` the one that the other side prefers, or with ``ours_first`` we do. Keys at the
    codec's clock rate; those of 8000 beside Opus only where there are no others. A port of 0 is a refused stream. The
    address 0.0.0.0 is hold as RFC 2543 knew it: nothing is to be sent there. ``ptime_ms``: the length of our packets
    where they ask for none.
    """
    for index, media in enumerate(description.media):
        address = description.address_of(media)
        if media.kind != "audio" or not media.port or address is None:
            continue
        crypto: Crypto | None = None
        handshake: HandshakeAgreement | None = None
        if media.protocol == "RTP/SAVP":
            if srtp == "off" or not media.crypto:
                continue
            crypto = media.crypto[0]
        elif media.protocol in PROFILES:
            handshake = description.handshake_of(media).agreed()
            if srtp == "off" or handshake is None:
                continue
        elif media.protocol != "RTP/AVP" or srtp == "required":
            continue
        numbers = [int(f) for f in media.formats if re.match(r"\d{1,3}\Z", f) and int(f) < 128]
        voice = [(n, codec) for n in numbers if (codec := media.codec(n)) and codec in codecs]
        if not voice:
            continue
        if ours_first:
            voice.sort(key=lambda choice: list(codecs).index(choice[1]))
        payload_type, codec = voice[0]
        events = [n for rate in (codec.clock_rate, 8000) for n in numbers if media.carries_keys(n, rate)]
        direction = _MIRROR[description.direction_of(media)]
        if address == "0.0.0.0" and (handshake is None or handshake.ice is None):
            direction = "recvonly" if direction in ("sendrecv", "recvonly") else "inactive"
        return AudioAgreement(
            codec,
            payload_type,
            events[0] if events else None,
            address,
            media.port,
            media.rtcp_port,
            direction,
            index,
            crypto,
            _ptime_ms(media, ptime_ms),
            handshake,
        )
    return None


def _ptime_ms(media: Media, usual: int) -> int:
    """What they ask for (RFC 8866, section 6.4), as far as we do it; a limit (``maxptime``) counts for more."""
    wanted = min(media.ptime or usual, media.maxptime or MAX_PTIME_MS)
    return max(MIN_PTIME_MS, min(MAX_PTIME_MS, wanted // 10 * 10))


def _audio(
    port: int,
    payloads: Sequence[tuple[int, Codec]],
    events: Sequence[tuple[int, int]],
    direction: Direction,
    crypto: Sequence[Crypto],
    ptime_ms: int,
) -> Media:
    """``events``: payload types of telephone events with their clock rates."""
    rtpmap = {number: Encoding(codec.name, codec.clock_rate, codec.channels) for number, codec in payloads}
    fmtp = {number: codec.fmtp for number, codec in payloads if codec.fmtp}
    for number, clock_rate in events:
        rtpmap[number] = Encoding("telephone-event", clock_rate)
        fmtp[number] = "0-16"
    formats = [str(number) for number in rtpmap]
    media = Media("audio", port, "RTP/SAVP" if crypto else "RTP/AVP", formats, None, rtpmap, fmtp, direction, ptime_ms)
    media.crypto = list(crypto)
    return media


def offer(
    host: str,
    port: int,
    *,
    codecs: Sequence[Codec] = DEFAULT_CODECS,
    telephone_event: int | None = 101,
    session_id: int = 1,
    version: int = 1,
    direction: Direction = "sendrecv",
    crypto: Sequence[Crypto] = (),
    handshake: Handshake | None = None,
    ptime_ms: int = 20,
) -> SessionDescription:
    """Our offer: one audio stream at ``host``:``port``, encrypted where there is a choice of keys (``crypto``).

    ``telephone_event``: the payload type of keypad keys; one more for each further clock rate among ``codecs``.
    ``handshake``: our side of a stream whose keys are made on its port. ``ptime_ms``: what we would like to be sent.
    """
    payloads = [(codec.payload_type, codec) for codec in codecs]
    rates = dict.fromkeys(codec.clock_rate for codec in codecs)
    events = [] if telephone_event is None else [(telephone_event + n, rate) for n, rate in enumerate(rates)]
    media = _audio(port, payloads, events, direction, crypto, ptime_ms)
    _put_handshake(media, handshake, PROFILES[-1])
    return SessionDescription(session_id, version, host, host, None, [media])


def answer(
    offered: SessionDescription,
    agreed: AudioAgreement,
    host: str,
    port: int,
    *,
    session_id: int = 1,
    version: int = 1,
    crypto: Crypto | None = None,
    handshake: Handshake | None = None,
    ptime_ms: int = 20,
) -> SessionDescription:
    """The answer to ``offered``: the agreed stream at ``host``:``port``, every other one refused.

    ``crypto``: our key where the stream is encrypted, with the tag and the suite that were agreed. Raises ValueError
    when it is there and the agreement has none, or the other way round; so for ``handshake``, our side of a stream
    whose keys are made on its port.
    """
    theirs = agreed.crypto
    if (crypto and (crypto.tag, crypto.suite)) != (theirs and (theirs.tag, theirs.suite)):
        raise ValueError("the answer's key is not of the agreed suite")
    if (handshake is None) != (agreed.handshake is None):
        raise ValueError("keys by a handshake are agreed by both sides or not at all")
    lines = [Media(media.kind, 0, media.protocol, media.formats[:1]) for media in offered.media]
    events = []
    if agreed.telephone_event is not None:
        events.append((agreed.telephone_event, offered.media[agreed.index].rtpmap[agreed.telephone_event].clock_rate))
    lines[agreed.index] = _audio(
        port,
        [(agreed.payload_type, agreed.codec)],
        events,
        agreed.direction,
        [crypto] if crypto is not None else [],
        ptime_ms,
    )
    _put_handshake(lines[agreed.index], handshake, offered.media[agreed.index].protocol)
    return SessionDescription(session_id, version, host, host, None, lines)


def _put_handshake(media: Media, handshake: Handshake | None, protocol: str) -> None:
    if handshake is not None:
        media.handshake, media.protocol = handshake, protocol
