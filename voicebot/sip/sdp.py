"""Parsing and building session descriptions (RFC 8866).

Parsing keeps what we use and what an answer must repeat. It is bounded, strict about what we use, and takes the rest as
it comes: spaces and blank lines, any line ends, lines that are missing, malformed or unknown.
:mod:`~voicebot.sip.offer_answer` finds out what two descriptions agree on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, cast

from voicebot.audio.codecs import CODECS, FIRST_DYNAMIC, Codec
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

_STATIC = {codec.payload_type: codec for codec in CODECS.values() if codec.payload_type < FIRST_DYNAMIC}
_DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")
_MAX_CONNECTIONS = 4
"""The most ``c=`` lines that are kept at one level."""
_MAX_NAMES = 2
"""The most host names of one description that are looked up."""
_RTPMAP_RE = re.compile(r"(\d{1,3})\s+([A-Za-z0-9._+\-]{1,32})/(\d{1,7})(?:/(\d{1,3}))?\Z")
_MEDIA_RE = re.compile(r"([!-~]{1,64})\s+(\d{1,5})(?:/\d{1,5})?\s+([!-~]{1,64})(?=\s|\Z)")
_FORMAT_RE = re.compile(r"\S{1,64}\Z")
_CONNECTION_RE = re.compile(r"IN\s+IP[46]\s+\[?([A-Za-z0-9._:\-]{1,255})\]?(?=[\s/]|\Z)", re.IGNORECASE | re.ASCII)
_ORIGIN_RE = re.compile(r"\S+\s+(\d{1,20})\s+(\d{1,20})\s+IN\s+IP[46]\s+(\S{1,255})\Z", re.IGNORECASE | re.ASCII)
_PAYLOAD_TYPE_RE = re.compile(r"\d{1,3}\Z")
_LABEL_RE = re.compile(r"[!-~]{1,64}\Z")


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
    """One ``m=`` section. ``formats``: in order of preference. ``connections``: the addresses or host names of its
    ``c=`` lines; None if it has none, so that the session's apply."""

    kind: str
    port: int
    protocol: str
    formats: list[str]
    connections: tuple[str, ...] | None = None
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
    label: str = ""
    """What others call the stream (RFC 4574): the metadata of a recording names it by that."""

    def codec(self, payload_type: int) -> Codec | None:
        """The codec of a payload type, None if we do not support it. Static payload types need no rtpmap."""
        encoding = self.rtpmap.get(payload_type)
        if encoding is None:
            return _STATIC.get(payload_type)
        codec = CODECS.get(encoding.name.upper())
        if codec is None or encoding.channels not in (1, codec.channels):  # some leave out the 2 of Opus
            return None
        # G.722 is sampled at 16 kHz, and RFC 3551 says 8000 for historical reasons (4.5.2): some say 16000.
        rates = (codec.clock_rate, 16_000) if codec.name == "G722" else (codec.clock_rate,)
        return codec if encoding.clock_rate in rates else None

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
            if number >= FIRST_DYNAMIC and number in offered:
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
    """A parsed or built description. ``connections``: of the session, None if there are none. There may be several, of
    both IP versions, and host names."""

    session_id: int = 0
    version: int = 0
    address: str = "0.0.0.0"
    connections: tuple[str, ...] | None = None
    direction: Direction | None = None
    media: list[Media] = field(default_factory=list)
    handshake: Handshake = field(default_factory=Handshake)
    """The session-level attributes of DTLS-SRTP and ICE."""

    @classmethod
    def parse(cls, body: bytes) -> SessionDescription:
        """Raises :class:`SdpError`. Unknown lines and attributes are skipped."""
        if len(body) > MAX_DESCRIPTION:
            raise SdpError("description too long")
        text = body.decode("utf-8", "replace").replace("\r", "\n")
        lines = [line for each in text.split("\n") if (line := each.strip(" \t\0\ufeff"))]
        if len(lines) > MAX_LINES:
            raise SdpError("too many lines")
        if not lines or not re.match(r"v\s*=\s*0\Z", lines[0]):
            raise SdpError("no v=0 at the start")
        description = cls()
        for line in lines[1:]:
            kind, equals, value = line.partition("=")
            if equals:
                description._take(kind.rstrip(), value.lstrip())
        return description

    def _take(self, kind: str, value: str) -> None:
        media = self.media[-1] if self.media else None
        if kind == "m":
            self.media.append(_parse_media(value))
            if len(self.media) > MAX_MEDIA:
                raise SdpError("too many media")
        elif kind == "c":
            # A malformed line counts too: the session's address is not the one that was meant.
            match = _CONNECTION_RE.match(value)
            where = media or self
            before = where.connections or ()
            found = (match[1],) if match is not None and len(before) < _MAX_CONNECTIONS else ()
            where.connections = before + found
        elif kind == "o" and (match := _ORIGIN_RE.match(value)):
            self.session_id, self.version, self.address = int(match[1]), int(match[2]), match[3]
        elif kind == "a":
            name, _, text = value.partition(":")
            name, text = name.strip().lower(), text.strip()
            if name in _DIRECTIONS:
                (media or self).direction = cast(Direction, name)
            else:
                (media or self).handshake.take(name, text)
                if media is not None:
                    _media_attribute(media, name, text)

    def addresses_of(self, media: Media) -> tuple[str, ...]:
        """The addresses or host names, one of which ``media`` is to be sent to; none if it names none."""
        own = media.connections
        return (self.connections or ()) if own is None else own

    @property
    def names(self) -> list[str]:
        """The host names that audio is to be sent to, the first ones."""
        streams = [media for media in self.media if media.kind == "audio" and media.port]
        found = [host for media in streams for host in self.addresses_of(media) if _is_name(host)]
        return list(dict.fromkeys(found))[:_MAX_NAMES]

    def put_addresses(self, found: Mapping[str, Sequence[str]]) -> None:
        """Replace each host name by the addresses that were found for it, perhaps none. No name is left."""
        self.connections = _replaced(self.connections, found)
        for media in self.media:
            media.connections = _replaced(media.connections, found)

    def handshake_of(self, media: Media) -> Handshake:
        return media.handshake.within(self.handshake)

    def direction_of(self, media: Media) -> Direction:
        return media.direction or self.direction or "sendrecv"

    def __bytes__(self) -> bytes:
        lines = ["v=0", f"o=- {self.session_id} {self.version} IN {_family(self.address)} {self.address}", "s=-"]
        lines += [f"c=IN {_family(address)} {address}" for address in self.connections or ()]
        lines.append("t=0 0")
        if any(media.handshake.lite for media in self.media):
            lines.append("a=ice-lite")
        bundled = [mid for media in self.media if media.port for mid in media.handshake.bundle]
        if len(bundled) == 1:  # more than one of our streams do not share a port
            lines.append(f"a=group:BUNDLE {bundled[0]}")
        for media in self.media:
            lines.append(f"m={media.kind} {media.port} {media.protocol} {' '.join(media.formats)}")
            lines += [f"c=IN {_family(address)} {address}" for address in media.connections or ()]
            lines += [f"a=rtpmap:{number} {encoding}" for number, encoding in media.rtpmap.items()]
            lines += [f"a=fmtp:{number} {text}" for number, text in media.fmtp.items()]
            if media.ptime:
                lines.append(f"a=ptime:{media.ptime}")
            lines += [f"a=crypto:{crypto}" for crypto in media.crypto]
            lines += media.handshake.lines()
            if media.direction:
                lines.append(f"a={media.direction}")
            if media.label:
                lines.append(f"a=label:{media.label}")
        return ("\r\n".join(lines) + "\r\n").encode()


def _replaced(connections: tuple[str, ...] | None, found: Mapping[str, Sequence[str]]) -> tuple[str, ...] | None:
    if connections is None:
        return None
    return tuple(address for host in connections for address in (found.get(host, ()) if _is_name(host) else (host,)))


def _is_name(host: str) -> bool:
    """Whether ``host`` is a name and no address, however that may be written."""
    return ":" not in host and any(letter.isalpha() for letter in host.rstrip(".").rpartition(".")[2])


def _family(address: str) -> str:
    return "IP6" if ":" in address else "IP4"


def _parse_media(value: str) -> Media:
    match = _MEDIA_RE.match(value)
    if match is None or int(match[2]) > 65_535:
        raise SdpError("malformed media line")
    formats = value[match.end() :].split()
    if len(formats) > MAX_FORMATS or not all(_FORMAT_RE.match(each) for each in formats):
        raise SdpError("too many formats, or too long ones")
    protocol = match[3] if "RTP/" not in match[3].upper() else match[3].upper()
    return Media(match[1].lower(), int(match[2]), protocol, formats)


def _media_attribute(media: Media, name: str, text: str) -> None:
    if name == "rtpmap":
        if (match := _RTPMAP_RE.match(text)) and int(match[1]) < 128 and len(media.rtpmap) < MAX_FORMATS:
            media.rtpmap[int(match[1])] = Encoding(match[2], int(match[3]), int(match[4] or 1))
    elif name == "fmtp":
        if (match := re.match(r"(\d{1,3})(?:\s+|\Z)", text)) and int(match[1]) < 128 and len(media.fmtp) < MAX_FORMATS:
            media.fmtp[int(match[1])] = text[match.end() :]
    elif name == "crypto":
        if len(media.crypto) < MAX_CRYPTO and (crypto := Crypto.parse(text)) is not None:
            media.crypto.append(crypto)
    elif name in ("ptime", "maxptime"):
        if match := re.match(r"(\d{1,5})(?:\.\d*)?(?=\s|\Z)", text):
            setattr(media, name, int(match[1]))
    elif name == "rtcp" and (match := re.match(r"\d{1,5}(?=\s|\Z)", text)) and 0 < int(match[0]) < 65_536:
        media.rtcp_port = int(match[0])
    elif name == "label" and _LABEL_RE.match(text):
        media.label = text
