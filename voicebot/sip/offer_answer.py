"""The offer/answer rules of RFC 3264, for audio streams with keypad events.

A stream is plain (RTP/AVP), encrypted with keys in the description (RTP/SAVP, :mod:`~voicebot.sip.sdes`), or
encrypted with keys from a handshake on its own port (UDP/TLS/RTP/SAVPF, :mod:`~voicebot.sip.dtls_sdp`). A profile with
feedback (RTP/AVPF, RTP/SAVPF) is answered with the same (RFC 4585); we send no feedback.

Pure functions: :func:`select` reads an offer or an answer and says what is agreed; :func:`answer` builds the answer to
an offer, with a media line for each one in the offer (refused ones with port 0, section 6); :func:`offer` builds ours.
A call has one stream. Where there are several, :func:`select_each`, :func:`answered_media` and :func:`offered_media`
do the same for each.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from voicebot.audio.codecs import DEFAULT_CODECS, DEFAULT_PTIME_MS, FIRST_DYNAMIC, MAX_PTIME_MS, MIN_PTIME_MS, Codec
from voicebot.sip.dtls_sdp import PROFILES, Handshake, HandshakeAgreement
from voicebot.sip.sdes import Crypto
from voicebot.sip.sdp import (
    TELEPHONE_EVENT,
    USUAL_EVENT_TYPE,
    Direction,
    Encoding,
    Media,
    SessionDescription,
)

Srtp = Literal["off", "allowed", "required"]
"""Whether media may or must be encrypted. Our own offers are encrypted only if it must."""

_PLAIN = ("RTP/AVP", "RTP/AVPF")
_ENCRYPTED = ("RTP/SAVP", "RTP/SAVPF")
_NOWHERE = ("0.0.0.0", "::")
"""Addresses that put a call on hold (RFC 3264 8.4)."""
_MIRROR: dict[Direction, Direction] = {
    "sendrecv": "sendrecv",
    "sendonly": "recvonly",
    "recvonly": "sendonly",
    "inactive": "inactive",
}


@dataclass(frozen=True, slots=True)
class AudioAgreement:
    """What both sides agreed about the audio stream, from our point of view.

    ``host``/``port``: where we send. ``direction``: ours (``recvonly``: we only receive). ``payload_type``: of
    ``codec``, in the other side's description. ``telephone_event``: the payload type of keypad keys, and
    ``event_rate`` its clock rate; None if they are not supported. ``index``: of the media line. ``crypto``: the key of
    what *the other side* sends, None without SDES. ``handshake``: the terms of DTLS-SRTP, None without it.
    ``ptime_ms``: the length of the packets that we send, 10 to 60 ms in steps of 10. ``feedback``: whether the profile
    has RTCP feedback, RTP/AVPF for RTP/AVP.
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
    ptime_ms: int = DEFAULT_PTIME_MS
    handshake: HandshakeAgreement | None = None
    feedback: bool = False
    event_rate: int | None = None

    @property
    def by_checks(self) -> bool:
        """Whether the other side uses ICE: its checks show where to send, and the address in its description may be
        wrong."""
        return self.handshake is not None and self.handshake.ice is not None


def select(
    description: SessionDescription,
    codecs: Sequence[Codec] = DEFAULT_CODECS,
    srtp: Srtp = "off",
    *,
    ours_first: bool = False,
    ptime_ms: int = DEFAULT_PTIME_MS,
    reaches: Callable[[str], bool] = lambda _: True,
) -> AudioAgreement | None:
    """The agreement about the first audio stream of an offer or answer that we support; None if there is none.

    * Profile: RTP/AVP unless ``srtp`` is ``required``. RTP/SAVP with a usable key, and UDP/TLS/RTP/SAVPF with a usable
      fingerprint, unless ``srtp`` is ``off``. An encrypted profile is never taken as plain, nor the other way round.
    * Address: the first one that ``reaches`` says we can send to. With ICE its checks decide instead.
    * Codec: of ``codecs``, the one that the other side prefers, or with ``ours_first`` the one that we prefer.
    * Telephone events at the codec's clock rate if possible, else at 8000 (some peers do that with Opus), else at any.
    * Port 0 is a refused stream. The address 0.0.0.0 means hold (RFC 2543): nothing is sent there.
    * ``ptime_ms``: the length of our packets if the other side asks for none.
    """
    each = select_each(description, codecs, srtp, ours_first=ours_first, ptime_ms=ptime_ms, reaches=reaches)
    return next((agreed for agreed in each if agreed is not None), None)


def select_each(
    description: SessionDescription,
    codecs: Sequence[Codec] = DEFAULT_CODECS,
    srtp: Srtp = "off",
    *,
    ours_first: bool = False,
    ptime_ms: int = DEFAULT_PTIME_MS,
    reaches: Callable[[str], bool] = lambda _: True,
) -> Iterator[AudioAgreement | None]:
    """The agreement about each media line, in their order; None for one that we do not support. Otherwise as
    :func:`select`."""
    for index, media in enumerate(description.media):
        keys = _keys(description, media, srtp) if media.kind == "audio" and media.port else None
        if keys is None:
            yield None
            continue
        crypto, handshake = keys
        by_checks = handshake is not None and handshake.ice is not None
        address = next((host for host in description.addresses_of(media) if by_checks or reaches(host)), None)
        numbers = _payload_types(media)
        voice = [(n, codec) for n in numbers if (codec := media.codec(n)) and codec in codecs]
        if address is None or not voice:
            yield None
            continue
        if ours_first:
            voice.sort(key=lambda choice: list(codecs).index(choice[1]))
        payload_type, codec = voice[0]
        events = [(n, rate) for n in numbers if (rate := media.event_rate(n)) is not None]
        events.sort(key=lambda event: (event[1] != codec.clock_rate, event[1] != 8000))
        telephone_event, event_rate = events[0] if events else (None, None)
        direction = _MIRROR[description.direction_of(media)]
        if address in _NOWHERE and not by_checks:
            direction = "recvonly" if direction in ("sendrecv", "recvonly") else "inactive"
        yield AudioAgreement(
            codec,
            payload_type,
            telephone_event,
            address,
            media.port,
            media.rtcp_port,
            direction,
            index,
            crypto,
            _ptime_ms(media, ptime_ms),
            handshake,
            media.protocol.endswith("F"),
            event_rate,
        )


def _payload_types(media: Media) -> list[int]:
    return [int(f) for f in media.formats if re.match(r"\d{1,3}\Z", f) and int(f) < 128]


def _keys(
    description: SessionDescription, media: Media, srtp: Srtp
) -> tuple[Crypto | None, HandshakeAgreement | None] | None:
    """Where the keys of a stream come from, neither if it is plain; None if it is not as ``srtp`` wants it."""
    if media.protocol in _PLAIN:
        return (None, None) if srtp != "required" else None
    if srtp == "off":
        return None
    if media.protocol in _ENCRYPTED and media.crypto:
        return media.crypto[0], None
    if media.protocol in ("RTP/SAVPF", *PROFILES):  # RTP/SAVPF stands for the handshake too (RFC 8829 5.1.2)
        handshake = description.handshake_of(media).agreed()
        return (None, handshake) if handshake is not None else None
    return None


def _ptime_ms(media: Media, usual: int) -> int:
    """The packet length that they ask for (RFC 8866, section 6.4), within ``maxptime`` and our own limits."""
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
    """``events``: payload types and clock rates of telephone events."""
    rtpmap = {number: _encoding(codec) for number, codec in payloads}
    fmtp = {number: codec.fmtp for number, codec in payloads if codec.fmtp}
    for number, clock_rate in events:
        rtpmap[number] = Encoding(TELEPHONE_EVENT, clock_rate)
        fmtp[number] = "0-16"
    formats = [str(number) for number in rtpmap]
    protocol = (_ENCRYPTED if crypto else _PLAIN)[0]
    media = Media("audio", port, protocol, formats, None, rtpmap, fmtp, direction, ptime_ms)
    media.crypto = list(crypto)
    return media


def offer(
    host: str,
    port: int,
    *,
    codecs: Sequence[Codec] = DEFAULT_CODECS,
    telephone_event: int | None = USUAL_EVENT_TYPE,
    named: Mapping[int, Encoding] = MappingProxyType({}),
    session_id: int = 1,
    version: int = 1,
    direction: Direction = "sendrecv",
    crypto: Sequence[Crypto] = (),
    handshake: Handshake | None = None,
    ptime_ms: int = DEFAULT_PTIME_MS,
    feedback: bool = False,
) -> SessionDescription:
    """Our offer: one audio stream, received at ``host``:``port``.

    ``telephone_event``: the payload type of keypad keys; it is counted up for each further clock rate in ``codecs``.
    ``named``: what payload types mean in our earlier descriptions of this call, the latest last. They keep that meaning
    (section 8.3.2).
    ``crypto``: our keys, to offer RTP/SAVP. ``handshake``: our attributes, to offer DTLS-SRTP. ``ptime_ms``: the packet
    length that we would like to receive. ``feedback``: offer a profile with RTCP feedback, as was agreed before.
    """
    media = offered_media(
        port,
        codecs=codecs,
        telephone_event=telephone_event,
        named=named,
        direction=direction,
        crypto=crypto,
        handshake=handshake,
        ptime_ms=ptime_ms,
        feedback=feedback,
    )
    return described(host, [media], session_id, version)


def offered_media(
    port: int,
    *,
    codecs: Sequence[Codec],
    telephone_event: int | None,
    named: Mapping[int, Encoding],
    direction: Direction,
    crypto: Sequence[Crypto],
    handshake: Handshake | None,
    ptime_ms: int,
    feedback: bool,
) -> Media:
    """The media line of an audio stream in our offer; see :func:`offer`."""
    taken = dict(named)
    payloads = [(_payload_type(_encoding(codec), codec.payload_type, taken), codec) for codec in codecs]
    events = []
    if telephone_event is not None:
        for n, rate in enumerate(dict.fromkeys(codec.clock_rate for codec in codecs)):
            events.append((_payload_type(Encoding(TELEPHONE_EVENT, rate), telephone_event + n, taken), rate))
    media = _audio(port, payloads, events, direction, crypto, ptime_ms)
    if handshake is not None:
        media.handshake, media.protocol = handshake, PROFILES[-1]
    elif feedback:
        media.protocol += "F"
    return media


def described(host: str, media: list[Media], session_id: int, version: int) -> SessionDescription:
    """Our description: the given media lines, received at ``host``."""
    return SessionDescription(session_id, version, host, (host,), None, media)


def _encoding(codec: Codec) -> Encoding:
    return Encoding(codec.name, codec.clock_rate, codec.channels)


def _payload_type(encoding: Encoding, preferred: int, taken: dict[int, Encoding]) -> int:
    """A payload type for ``encoding``: the latest that it has in ``taken``, else ``preferred``, else the first free
    one. It is added to ``taken``."""
    for number, meaning in reversed(taken.items()):
        if meaning == encoding:
            return number
    free = [number for number in (preferred, *range(FIRST_DYNAMIC, 128)) if number not in taken]
    number = free[0] if free else preferred
    taken[number] = encoding
    return number


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
    ptime_ms: int = DEFAULT_PTIME_MS,
) -> SessionDescription:
    """The answer to ``offered``: the agreed stream, received at ``host``:``port``, and every other one refused.

    ``crypto``: our key, with the agreed tag and suite, if the agreement has one. ``handshake``: our attributes, if the
    agreement is for DTLS-SRTP. Raises ValueError if either does not match the agreement.
    """
    lines = [refused(media) for media in offered.media]
    lines[agreed.index] = answered_media(
        offered.media[agreed.index], agreed, port, crypto=crypto, handshake=handshake, ptime_ms=ptime_ms
    )
    return described(host, lines, session_id, version)


def refused(offered: Media) -> Media:
    """The media line of an answer that refuses a stream."""
    return Media(offered.kind, 0, offered.protocol, offered.formats[:1] or ["0"])


def answered_media(
    offered: Media,
    agreed: AudioAgreement,
    port: int,
    *,
    crypto: Crypto | None = None,
    handshake: Handshake | None = None,
    ptime_ms: int = DEFAULT_PTIME_MS,
    codecs: Collection[Codec] = (),
) -> Media:
    """The media line of an answer that accepts a stream; see :func:`answer`.

    ``codecs``: accept each of these that is offered, and all telephone events, instead of only what is agreed: the
    other side may then change between them as it likes.
    """
    theirs = agreed.crypto
    if (crypto and (crypto.tag, crypto.suite)) != (theirs and (theirs.tag, theirs.suite)):
        raise ValueError("the key for the answer does not have the agreed tag and suite")
    if (handshake is None) != (agreed.handshake is None):
        raise ValueError("the answer has a handshake exactly if the agreement has one")
    payloads, events = [(agreed.payload_type, agreed.codec)], []
    if agreed.telephone_event is not None:
        events.append((agreed.telephone_event, agreed.event_rate or agreed.codec.clock_rate))
    if codecs:
        numbers = _payload_types(offered)
        payloads = [(n, codec) for n in numbers if (codec := offered.codec(n)) and codec in codecs]
        events = [(n, rate) for n in numbers if (rate := offered.event_rate(n)) is not None]
    keys = [crypto] if crypto is not None else []
    taken = _audio(port, payloads, events, agreed.direction, keys, ptime_ms)
    taken.protocol = offered.protocol
    taken.handshake = handshake or taken.handshake
    return taken
