"""One audio stream of a SIP call: its RTP session, its keys, and its media line in our offers and answers."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from voicebot.audio.codecs import CODECS, Codec
from voicebot.legs.sip_keys import LegKeys
from voicebot.legs.sip_media import MediaOptions
from voicebot.rtp import RtpSession
from voicebot.rtp.sink import MediaSink
from voicebot.sip import AudioAgreement, Media, offer_answer, sdp


class MediaStream:
    """Made by :meth:`open`. The audio format above the wire is fixed then; later agreements may change the codec."""

    def __init__(self, options: MediaOptions, rtp: RtpSession) -> None:
        self.rtp = rtp
        self.options = options
        self.keys = LegKeys()
        self.codec = options.preferences.codecs[0]
        """The one in force."""
        self._named: dict[int, sdp.Encoding] = {}
        """What payload types mean in our descriptions, those of the latest last."""
        self._feedback = False
        """Whether the profile in force has RTCP feedback."""

    @classmethod
    def open(cls, options: MediaOptions, sink: MediaSink, offered: AudioAgreement | None = None) -> MediaStream:
        """``offered``: the agreement about the other side's offer, None if the first offer is ours. Raises OSError or
        :class:`~voicebot.rtp.PortsExhausted` without a free port."""
        codec = options.preferences.codecs[0] if offered is None else offered.codec
        rtp = RtpSession.open(
            clock=options.clock,
            ports=options.ports,
            codec=codec,
            payload_type=codec.payload_type if offered is None else offered.payload_type,
            telephone_event=options.telephone_event if offered is None else offered.telephone_event,
            sink=sink,
            silence_timeout_s=options.silence_timeout_s,
        )
        rtp.enter("unconfirmed")
        stream = cls(options, rtp)
        stream.codec = codec
        return stream

    def kept(self) -> dict[str, Any]:
        """What another process needs of it to go on with the call, as JSON (:meth:`go_on`)."""
        return {
            "codec": self.codec.name,
            "named": [[number, *encoding] for number, encoding in self._named.items()],
            "feedback": self._feedback,
            "encrypted": self.keys.encrypted,
            "handshake": self.keys.kept(),
        }

    @classmethod
    def go_on(cls, options: MediaOptions, sink: MediaSink, kept: Mapping[str, Any]) -> MediaStream:
        """The stream of a call that another process had, with its codec and, if it is encrypted, keys of our own. The
        next thing is our offer. Raises KeyError and TypeError for what :meth:`kept` has not made, and what :meth:`open`
        raises."""
        codec = CODECS[kept["codec"]]
        keys = LegKeys.made_anew(kept["handshake"]) if kept.get("handshake") else LegKeys()
        named = {int(number): sdp.Encoding(*encoding) for number, *encoding in kept.get("named", ())}
        srtp: offer_answer.Srtp = "required" if kept["encrypted"] else "off"
        wanted = replace(options.preferences, codecs=(codec,), srtp=srtp)
        stream = cls.open(replace(options, preferences=wanted), sink)
        stream.keys, stream._named, stream._feedback = keys, named, bool(kept.get("feedback"))
        return stream

    def expect_from(self, host: str) -> None:
        """Set the host that sends the signalling: media is accepted from there, or from where it says."""
        self.rtp.expect(host, self.options.preferences.latch)

    # --- our descriptions

    def in_offer(self, direction: sdp.Direction, codecs: Sequence[Codec] = ()) -> Media:
        """Its media line in our offer, which must then be sent. ``codecs``: by default those of the options."""
        options, wanted = self.options, self.options.preferences
        crypto, handshake = self.keys.in_offer(wanted.srtp == "required", self._address)
        media = offer_answer.offered_media(
            self.rtp.local_port,
            codecs=codecs or wanted.codecs,
            telephone_event=options.telephone_event,
            named=self._named,
            direction=direction,
            crypto=crypto,
            handshake=handshake,
            ptime_ms=wanted.ptime_ms,
            feedback=self._feedback,
        )
        self._name(media)
        return media

    def in_answer(self, offered: Media, agreed: AudioAgreement, codecs: Collection[Codec] = ()) -> Media:
        """Its media line in our answer. ``agreed``, the agreement about the line ``offered``, must be in force already.
        ``codecs``: accept each of these that is offered."""
        crypto, handshake = self.keys.in_answer(agreed, self._address)
        media = offer_answer.answered_media(
            offered,
            agreed,
            self.rtp.local_port,
            crypto=crypto,
            handshake=handshake,
            ptime_ms=self.options.preferences.ptime_ms,
            codecs=codecs,
        )
        self._name(media)
        return media

    @property
    def _address(self) -> tuple[str, int]:
        return self.options.host, self.rtp.local_port

    def _name(self, media: Media) -> None:
        """The other side should send with the payload types in our description ``media``."""
        for number, encoding in media.rtpmap.items():
            self._named.pop(number, None)
            self._named[number] = encoding
        self.rtp.announce(media.payloads())

    # --- theirs

    def complete(self, answered: Media) -> None:
        """Add to a media line of an answer what it leaves out because we have said it."""
        answered.complete(self._named)

    def has_offered(self, agreed: AudioAgreement) -> bool:
        """Whether an answer asks for no handshake that we have not offered."""
        return agreed.handshake is None or self.keys.by_handshake

    def put_into_force(self, agreed: AudioAgreement) -> None:
        """Use what is agreed from now on, except for the direction."""
        rtp = self.rtp
        self.keys.put_into_force(agreed, rtp)
        self._feedback = agreed.feedback
        self.codec = agreed.codec
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
