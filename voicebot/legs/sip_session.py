"""The media session of one SIP leg: our offers and answers (RFC 3264), and the agreement in force on its stream.

Each received description is evaluated once; the resulting agreement is put into force here.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

from voicebot.legs.sip_media import LegMedia, MediaOptions
from voicebot.legs.sip_stream import MediaStream
from voicebot.sip import AudioAgreement, SessionDescription, offer_answer, sdp

VERSION_JUMP = 10
"""More than a process makes descriptions between two notes of its calls.

RFC 3264 (section 8) has the version grow by one from each description to the next. But what another process sent after
its last note is not known here, and the other side may pass over a description whose version it has seen: it would go
on to send its audio to where nobody is. A version that is left out does no harm. To leave none out, each description
would have to be noted, and Redis waited for, before it is sent."""


class Origin(NamedTuple):
    """Of our descriptions (``o=``): the same as long as the call lasts, but for the version."""

    session_id: int
    version: int
    host: str


class LegSession:
    """Made by :meth:`open`. ``direction``: the one that we offer; ``sendonly`` puts the other side on hold.

    ``held``: whether the other side has put us on hold.
    """

    def __init__(
        self,
        options: MediaOptions,
        stream: MediaStream,
        media: LegMedia,
        offered: AudioAgreement | None,
        origin: Origin | None = None,
    ) -> None:
        self.options = options
        self.stream = stream
        self.rtp = stream.rtp
        self.media = media
        self.offered = offered
        """The agreement about the other side's first offer; None if the first offer is ours."""
        self.held = False
        self.direction: sdp.Direction = "sendrecv"
        self._offered_direction: sdp.Direction = "sendrecv"
        self._origin = origin or Origin(stream.rtp.local_port, 0, options.host)

    @classmethod
    def open(cls, options: MediaOptions, offered: AudioAgreement | None = None) -> LegSession:
        """Raises OSError or :class:`~voicebot.rtp.PortsExhausted` without a free port."""
        media = LegMedia()
        return cls(options, MediaStream.open(options, media, offered), media, offered)

    # --- our descriptions

    @property
    def wants_offer(self) -> bool:
        """Whether ``direction`` differs from the one in our last offer."""
        return self.direction != self._offered_direction

    def offer(self) -> SessionDescription:
        """Our offer, which must then be sent."""
        self._offered_direction = self.direction
        return self._described([self.stream.in_offer(self.direction)])

    def answer(self, offer: SessionDescription, agreed: AudioAgreement) -> SessionDescription:
        """Our answer to ``offer``: its other streams are refused. ``agreed``, the agreement about it, must be in force
        already."""
        lines = [offer_answer.refused(media) for media in offer.media]
        lines[agreed.index] = self.stream.in_answer(offer.media[agreed.index], agreed)
        return self._described(lines)

    def _described(self, lines: list[sdp.Media]) -> SessionDescription:
        origin = self._origin = self._origin._replace(version=self._origin.version + 1)
        return sdp.SessionDescription(origin.session_id, origin.version, origin.host, (self.options.host,), None, lines)

    def kept(self) -> dict[str, Any]:
        """What another process needs of it to go on with the call, as JSON (:meth:`go_on`)."""
        return {"origin": list(self._origin), **self.stream.kept()}

    @classmethod
    def go_on(cls, options: MediaOptions, kept: dict[str, Any]) -> LegSession:
        """The session of a call that another process had: the next thing is our offer, with the codec that the call
        has, with keys of our own if it is encrypted, and with the origin of before, whose version jumps: the other
        process may have sent descriptions that nobody has noted.

        Raises ValueError if it cannot go on here: it has a codec that we do not know; and what :meth:`open` raises.
        """
        media = LegMedia()
        try:
            session_id, version, host = kept["origin"]
            origin = Origin(session_id, version + VERSION_JUMP, host)
            stream = MediaStream.go_on(options, media, kept)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"its media cannot be read: {error}") from error
        return cls(stream.options, stream, media, None, origin)

    # --- theirs

    def agreed_by_offer(self, offer: SessionDescription) -> AudioAgreement | None:
        """The agreement about a later offer. While we hold the other side, we do not receive, whatever it offers."""
        agreed = self.options.select(offer)
        if agreed is None or self.direction == "sendrecv":
            return agreed
        they_listen = agreed.direction in ("sendrecv", "sendonly")
        return replace(agreed, direction="sendonly" if they_listen else "inactive")

    def agreed_by_answer(self, answer: SessionDescription) -> AudioAgreement | None:
        """The agreement about an answer to our offer; None also if it asks for a handshake that we have not offered."""
        for media in answer.media:
            self.stream.complete(media)
        agreed = self.options.select(answer)
        return agreed if agreed is not None and self.stream.has_offered(agreed) else None

    def expect_from(self, host: str) -> None:
        """Set the host that sends the signalling: media is accepted from there, or from where it says."""
        self.stream.expect_from(host)

    def put_into_force(self, agreed: AudioAgreement) -> None:
        rtp = self.rtp
        self.stream.put_into_force(agreed)
        if self.held:
            rtp.set_direction(send=False, receive=False)  # so that the silence timeout restarts if the hold ends now
        they_listen = agreed.direction in ("sendrecv", "sendonly")
        rtp.set_direction(send=they_listen, receive=agreed.direction in ("sendrecv", "recvonly"))
        # In RFC 2543, the address 0.0.0.0 puts a call on hold (RFC 3264 8.4).
        nowhere = not agreed.by_checks and (agreed.port == 0 or agreed.host in ("0.0.0.0", "::"))
        self.held = nowhere or not they_listen

    def expect_audio(self) -> None:
        """The call is answered: restart the silence timeout, which early media may have begun."""
        self.rtp.set_direction(send=True, receive=False)
