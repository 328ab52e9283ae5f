"""Parsing and building session descriptions (RFC 8866).

Parsing keeps what we use and what an answer must repeat. It is bounded, strict about numbers, and ignores unknown
lines. :mod:`~voicebot.sip.offer_answer` finds out what two descriptions agree on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, cast

from voicebot.audio.codecs import CODECS, Codec
from voicebot.sip.dtls_sdp import Handshake
from voicebot.sip.sdes import MAX_CRYPTO, Crypto

Direction = Literal["sendrecv", "sendonly", "recvonly", "inactive"]

TELEPHONE_EVENT = "telephone-event"
USUAL_EVENT_TYPE = 101
"""The payload type that nearly all use for telephone-event, although it is a dynamic one."""

MAX_DESCRIPTION = 16_384
MAX_LINES = 400
MAX_MEDIA = 16
MAX_FORMATS = 64

DYNAMIC = 96
"""Payload types from 96 on have no meaning without an rtpmap (RFC 3551)."""
_STATIC = {codec.payload_type: codec for codec in CODECS.values() if codec.payload_type < DYNAMIC}
_DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")
_RTPMAP_RE = re.compile(r"(\d{1,3}) +([A-Za-z0-9._+\-]{1,32})/(\d{1,7})(?:/(\d{1,3}))?\s*\Z")
_MEDIA_RE = re.compile(
    r"([A-Za-z0-9._+\-]{1,32}) +(\d{1,5})(?:/\d{1,5})? +([A-Za-z0-9/._+\-]{1,64})((?: +\S{1,32})+)\s*\Z"
)
_CONNECTION_RE = re.compile(r"IN +(IP4|IP6) +([A-Za-z0-9._:\-]{1,255})(?:/\S*)?\s*\Z")
_PAYLOAD_TYPE_RE = re.compile(r"\d{1,3}\Z")
_TOKEN_RE = re.compile(r"\S{1,64}\Z")


class SdpError(ValueError):
    """Not a valid session description."""


class Encoding(NamedTuple):
    """The content of an rtpmap attribute."""

    name: str
    clock_rate: int
    channels: int = 1

    def __str__(self) -> str:
        return f"{self.name}/{self.clock_rate}" + (f"/{self.channels}" if self.channels > 1 else "")


@dataclass(slots=True)
class Media:
    """One ``m=`` section. ``formats``: in order of preference. ``connection``: None if the session's applies."""

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
    """Its ``a=crypto`` lines that we support."""
    handshake: Handshake = field(default_factory=Handshake)
    """Its attributes of DTLS-SRTP and ICE."""

    def codec(self, payload_type: int) -> Codec | None:
        """The codec of a payload type, None if we do not support it. Static payload types need no rtpmap."""
        encoding = self.rtpmap.get(payload_type)
        if encoding is None:
            return _STATIC.get(payload_type)
        codec = CODECS.get(encoding.name.upper())
        fits = codec is not None and (encoding.clock_rate, encoding.channels) == (codec.clock_rate, codec.channels)
        return codec if fits else None

    def event_rate(self, payload_type: int) -> int | None:
        """The clock rate of a payload type that is telephone-event (RFC 4733), None if it is not. Without an rtpmap,
        101 is taken for it, because it is nearly always meant."""
        encoding = self.rtpmap.get(payload_type)
        if encoding is None:
            return 8000 if payload_type == USUAL_EVENT_TYPE else None
        return encoding.clock_rate if encoding.name.lower() == TELEPHONE_EVENT else None

    def complete(self, offered: Mapping[int, Encoding]) -> None:
        """Add what an answer has left out because the offer said it: the rtpmaps of its dynamic payload types."""
        for number in map(int, filter(_PAYLOAD_TYPE_RE.match, self.formats)):
            if number >= DYNAMIC and number in offered:
                self.rtpmap.setdefault(number, offered[number])

    def payloads(self) -> dict[int, Codec | int]:
        """What its payload types mean that we support: a codec, or the clock rate of telephone events."""
        meanings: dict[int, Codec | int] = {}
        for number in self.rtpmap:
            meaning = self.codec(number) or self.event_rate(number)
            if meaning is not None:
                meanings[number] = meaning
        return meanings


@dataclass(slots=True)
class SessionDescription:
    """A parsed or built description. ``connection``: the session-level address, None if each media has its own."""

    session_id: int = 0
    version: int = 0
    address: str = "0.0.0.0"
    connection: str | None = None
    direction: Direction | None = None
    media: list[Media] = field(default_factory=list)
    handshake: Handshake = field(default_factory=Handshake)
    """The session-level attributes of DTLS-SRTP and ICE."""

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
        """The address that ``media`` is to be sent to, None if there is none."""
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
    elif name == "rtcp" and (match := re.match(r"\d{1,5}(?=\s|\Z)", text)) and 0 < int(match[0]) < 65_536:
        media.rtcp_port = int(match[0])
