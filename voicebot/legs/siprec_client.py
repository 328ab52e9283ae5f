"""A recording client (SIPREC, RFC 7866): forks a call between people to a recording server, a stream for each of them.

The other end of `siprec.py`. We only send; the server may ask us to stop, and to go on, by its offers of ``inactive``
and ``recvonly``.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import uuid
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final
from xml.etree.ElementTree import Element, SubElement, tostring

from voicebot.address import Address
from voicebot.events.parties import Party
from voicebot.legs import LegClosed
from voicebot.legs.sip_media import MediaOptions
from voicebot.legs.sip_stream import MediaStream
from voicebot.rtp import Playout
from voicebot.sip import (
    AudioAgreement,
    CallClosed,
    CallEnded,
    Media,
    OutgoingCall,
    SessionDescription,
    SipEndpoint,
    offer_answer,
    sdp,
)

NAMESPACE: Final = "urn:ietf:params:xml:ns:recording:1"
CLOSE_DEADLINE_S: Final = 5.0


class ForkedCall:
    """Made by :func:`fork`. ``playouts``: what each party says, in the order of the parties. ``pauses``: how often the
    server has asked us to stop.

    ``on_wanted`` is called when the server wants other audio than before; what is in a playout then stays there.
    """

    def __init__(self, media: MediaOptions, parties: Sequence[Party]) -> None:
        """Not for callers: use :func:`fork`."""
        self._media = replace(media, silence_timeout_s=0)  # nothing ever comes
        self._session_id = 1 + secrets.randbelow(1 << 31)
        self._version = 0
        self._parties = parties
        self._streams = list[MediaStream]()
        self._call: OutgoingCall | None = None
        self._wanted = False
        self.pauses = 0
        self.on_wanted: Callable[[], None] | None = None
        self.ended = asyncio.Event()

    @property
    def call_id(self) -> str:
        return self._call.call_id if self._call is not None else ""

    @property
    def playouts(self) -> tuple[Playout, ...]:
        return tuple(stream.rtp.playout for stream in self._streams)

    @property
    def wanted(self) -> bool:
        """Whether the server wants to hear anybody now."""
        return self._wanted

    async def begin(self, endpoint: SipEndpoint, to: Address, timeout_s: float) -> None:
        """Not for callers: use :func:`fork`."""
        for _party in self._parties:
            self._streams.append(MediaStream.open(self._media, _NoSink()))
        about = metadata(self._parties, datetime.now(UTC))
        call = self._call = endpoint.invite(to, self._offer("sendonly"), metadata=about)
        call.on_session = self._offered
        call.on_end = self._over
        try:
            answer = await call.established(timeout_s=timeout_s)
        except CallClosed as closed:
            raise LegClosed(str(closed)) from closed
        for stream, media in zip(self._streams, answer.media, strict=False):
            stream.complete(media)
            stream.rtp.enter("up")
        each = self._media.select_each(answer)
        if not any(each):
            raise LegClosed("the recording server takes none of the streams")
        self._put_into_force(each)

    async def hang_up(self) -> None:
        """End the session and close the streams. Returns when the server is told, or after a deadline."""
        if self._call is not None:
            self._call.bye()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.ended.wait(), CLOSE_DEADLINE_S)
        for stream in self._streams:
            await stream.rtp.close()

    def _offered(self, offer: SessionDescription | None) -> SessionDescription | None:
        """The server offers anew: it pauses, goes on, or asks whether we are still there."""
        if offer is None:
            return self._offer("sendonly" if self._wanted else "inactive")
        each = self._media.select_each(offer)
        if not any(each):
            return None  # everything stays as it is
        self._put_into_force(each)
        lines = [offer_answer.refused(media) for media in offer.media]
        for number, (stream, agreed) in enumerate(zip(self._streams, each, strict=False)):
            if agreed is not None:
                ours = replace(agreed, direction="sendonly" if _listens(agreed) else "inactive")
                lines[number] = stream.in_answer(offer.media[number], ours)
                lines[number].label = label(number)
        return self._described(lines)

    def _put_into_force(self, each: Sequence[AudioAgreement | None]) -> None:
        """``each``: what is agreed about each stream."""
        wanted = False
        for stream, agreed in zip(self._streams, each, strict=False):
            if agreed is not None:
                stream.put_into_force(agreed)
            listens = agreed is not None and _listens(agreed)
            stream.rtp.set_direction(send=listens, receive=False)
            wanted |= listens
        if wanted is not self._wanted:
            self._wanted = wanted
            self.pauses += not wanted
            if self.on_wanted is not None:
                self.on_wanted()

    def _over(self, _end: CallEnded) -> None:
        self._wanted = False
        self.ended.set()

    def _offer(self, direction: sdp.Direction) -> SessionDescription:
        lines = [stream.in_offer(direction) for stream in self._streams]
        for number, line in enumerate(lines):
            line.label = label(number)
        return self._described(lines)

    def _described(self, lines: list[Media]) -> SessionDescription:
        self._version += 1
        return offer_answer.described(self._media.host, lines, self._session_id, self._version)


async def fork(
    endpoint: SipEndpoint, media: MediaOptions, to: Address, parties: Sequence[Party], *, timeout_s: float = 10.0
) -> ForkedCall:
    """Fork a call between ``parties``, who have addresses, to the recording server ``to``.

    Raises :class:`~voicebot.legs.LegClosed` if it does not take it, ValueError if ``to`` has no domain, OSError or
    :class:`~voicebot.rtp.PortsExhausted` without free ports.
    """
    call = ForkedCall(media, parties)
    try:
        await call.begin(endpoint, to, timeout_s)
    except BaseException:
        await call.hang_up()
        raise
    return call


def label(number: int) -> str:
    """Of the stream of the party with this number."""
    return str(number + 1)


def metadata(parties: Sequence[Party], began: datetime) -> bytes:
    """The metadata of a call (RFC 7865): each party sends the stream with its number's label. ``began``: with a time
    zone."""
    root = Element("recording", xmlns=NAMESPACE)
    SubElement(root, "datamode").text = "complete"
    session, at = _id(), began.isoformat(timespec="seconds")
    SubElement(SubElement(root, "session", session_id=session), "start-time").text = at
    people, streams = [_id() for _ in parties], [_id() for _ in parties]
    for person, party in zip(people, parties, strict=True):
        about = SubElement(root, "participant", participant_id=person)
        named = SubElement(about, "nameID", aor=str(party.address))
        SubElement(named, "name").text = party.name
    for number, stream in enumerate(streams):
        about = SubElement(root, "stream", stream_id=stream, session_id=session)
        SubElement(about, "label").text = label(number)
    about = SubElement(root, "sessionrecordingassoc", session_id=session)
    SubElement(about, "associate-time").text = at
    for person in people:
        about = SubElement(root, "participantsessionassoc", participant_id=person, session_id=session)
        SubElement(about, "associate-time").text = at
    for person, own in zip(people, streams, strict=True):
        about = SubElement(root, "participantstreamassoc", participant_id=person)
        SubElement(about, "send").text = own
        for stream in streams:
            if stream != own:
                SubElement(about, "recv").text = stream
    return bytes(tostring(root, "utf-8", xml_declaration=True))


def _id() -> str:
    """A random UUID in base64, as ids are there."""
    return b64encode(uuid.uuid4().bytes).decode()


def _listens(agreed: AudioAgreement) -> bool:
    """Whether we may send."""
    return agreed.direction in ("sendonly", "sendrecv")


class _NoSink:
    """Takes nothing: a recording server sends no audio."""

    def frame(self, payload: bytes, at: float) -> None: ...

    def sent(self, payload: bytes, at: float) -> None: ...

    def key(self, key: str, at: float) -> None: ...

    def media_timeout(self, at: float) -> None: ...
