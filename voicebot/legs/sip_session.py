"""The media session of one SIP leg: our offers and answers (RFC 3264), and the agreement in force on its RTP session.

Each received description is evaluated once; the resulting agreement is put into force here. The audio format above the
wire is fixed when the session is opened. A later agreement may change the codec; then the RTP session converts.
"""

from __future__ import annotations

from dataclasses import replace

from voicebot.legs.sip_keys import LegKeys
from voicebot.legs.sip_media import LegMedia, MediaOptions
from voicebot.rtp import RtpSession
from voicebot.sip import AudioAgreement, SessionDescription, offer_answer, sdp


class LegSession:
    """Made by :meth:`open`. ``direction``: the one that we offer; ``sendonly`` puts the other side on hold.

    ``held``: whether the other side has put us on hold.
    """

    def __init__(self, options: MediaOptions, rtp: RtpSession, media: LegMedia, offered: AudioAgreement | None) -> None:
        self.options = options
        self.rtp = rtp
        self.media = media
        self.offered = offered
        """The agreement about the other side's first offer; None if the first offer is ours."""
        self.held = False
        self.direction: sdp.Direction = "sendrecv"
        self._offered_direction: sdp.Direction = "sendrecv"
        self._keys = LegKeys()
        self._named: dict[int, sdp.Encoding] = {}
        """What payload types mean in our descriptions, those of the latest last."""
        self._feedback = False
        """Whether the profile in force has RTCP feedback."""
        self._version = 0

    @classmethod
    async def open(cls, options: MediaOptions, offered: AudioAgreement | None = None) -> LegSession:
        """Raises OSError or :class:`~voicebot.rtp.PortsExhausted` without a free port."""
        codec = options.preferences.codecs[0] if offered is None else offered.codec
        media = LegMedia()
        rtp = await RtpSession.open(
            clock=options.clock,
            ports=options.ports,
            codec=codec,
            payload_type=codec.payload_type if offered is None else offered.payload_type,
            telephone_event=options.telephone_event if offered is None else offered.telephone_event,
            sink=media,
            silence_timeout_s=options.silence_timeout_s,
        )
        rtp.enter("unconfirmed")
        return cls(options, rtp, media, offered)

    # --- our descriptions

    @property
    def wants_offer(self) -> bool:
        """Whether ``direction`` differs from the one in our last offer."""
        return self.direction != self._offered_direction

    def offer(self) -> SessionDescription:
        """Our offer, which must then be sent."""
        self._offered_direction = self.direction
        options, wanted = self.options, self.options.preferences
        crypto, handshake = self._keys.in_offer(wanted.srtp == "required", (options.host, self.rtp.local_port))
        offer = offer_answer.offer(
            options.host,
            self.rtp.local_port,
            codecs=wanted.codecs,
            telephone_event=options.telephone_event,
            named=self._named,
            session_id=self.rtp.local_port,
            version=self._next_version(),
            direction=self.direction,
            crypto=crypto,
            handshake=handshake,
            ptime_ms=wanted.ptime_ms,
            feedback=self._feedback,
        )
        self._name(offer.media[0])
        return offer

    def answer(self, offer: SessionDescription, agreed: AudioAgreement) -> SessionDescription:
        """Our answer to ``offer``. ``agreed``, the agreement about it, must be in force already."""
        options = self.options
        crypto, handshake = self._keys.in_answer(agreed, (options.host, self.rtp.local_port))
        answer = offer_answer.answer(
            offer,
            agreed,
            options.host,
            self.rtp.local_port,
            session_id=self.rtp.local_port,
            version=self._next_version(),
            crypto=crypto,
            handshake=handshake,
            ptime_ms=options.preferences.ptime_ms,
        )
        self._name(answer.media[agreed.index])
        return answer

    def _name(self, media: sdp.Media) -> None:
        """The other side should send with the payload types in our description ``media``."""
        for number, encoding in media.rtpmap.items():
            self._named.pop(number, None)
            self._named[number] = encoding
        self.rtp.announce(media.payloads())

    def _next_version(self) -> int:
        self._version += 1
        return self._version

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
            media.complete(self._named)
        agreed = self.options.select(answer)
        unasked = agreed is not None and agreed.handshake is not None and not self._keys.by_handshake
        return None if unasked else agreed

    def expect_from(self, host: str) -> None:
        """Set the host that sends the signalling: media is accepted from there, or from where it says."""
        self.rtp.expect(host, self.options.preferences.latch)

    def put_into_force(self, agreed: AudioAgreement) -> None:
        rtp = self.rtp
        self._keys.put_into_force(agreed, rtp)
        self._feedback = agreed.feedback
        rtp.detect_keys(self.options.preferences.inband_dtmf and agreed.telephone_event is None)
        rtp.retune(
            codec=agreed.codec,
            payload_type=agreed.payload_type,
            telephone_event=agreed.telephone_event,
            event_rate=agreed.event_rate,
            ptime_ms=agreed.ptime_ms,
        )
        host, port = self.options.remote(agreed)
        rtp.set_remote(host, port, rtcp_port=agreed.rtcp_port)
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
