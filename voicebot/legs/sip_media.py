"""What the media of every SIP leg needs: options, the agreement that they lead to, and the RTP session's sink."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from voicebot.audio.codecs import DEFAULT_CODECS, DEFAULT_PTIME_MS, Codec
from voicebot.legs import LegSink
from voicebot.rtp import MediaClock, PortRange
from voicebot.rtp.session import SILENCE_TIMEOUT_S
from voicebot.rtp.source import Latch
from voicebot.sip import AudioAgreement, SessionDescription, offer_answer
from voicebot.sip.offer_answer import Srtp

CodecChoice = Literal["theirs", "ours"]


@dataclass(frozen=True, slots=True)
class MediaPreferences:
    """What may differ from trunk to trunk.

    ``codecs``: what we speak, in the order of our offers; ``codec_choice``: whose order decides which of an offer is
    taken. ``ptime_ms``: the length of the packets that we ask for. ``srtp``: whether media may or must be encrypted;
    our own offers are only where it must. ``inband_dtmf``: whether keys of a side without telephone-event are heard in
    its audio. ``latch``: where media may come from, beside the address that the other side signals.
    """

    codecs: tuple[Codec, ...] = DEFAULT_CODECS
    codec_choice: CodecChoice = "theirs"
    ptime_ms: int = DEFAULT_PTIME_MS
    srtp: Srtp = "allowed"
    inband_dtmf: bool = False
    latch: Latch = "expected"


@dataclass(frozen=True, slots=True)
class MediaOptions:
    """What every leg's media needs. ``clock`` and ``ports`` stay the owner's to close.

    ``host``: the address in our session descriptions; a front end fills in its endpoint's. ``silence_timeout_s``: how
    long nothing may come before the leg ends. ``telephone_event``: the payload type that we offer.
    """

    clock: MediaClock
    ports: PortRange
    host: str = ""
    preferences: MediaPreferences = MediaPreferences()
    silence_timeout_s: float = SILENCE_TIMEOUT_S
    telephone_event: int = 101

    def select(self, description: SessionDescription) -> AudioAgreement | None:
        """The stream that we can carry, None when there is none: no common codec, or an address we cannot send to."""
        wanted = self.preferences
        agreed = offer_answer.select(
            description, wanted.codecs, wanted.srtp, ours_first=wanted.codec_choice == "ours", ptime_ms=wanted.ptime_ms
        )
        if agreed is None or agreed.by_checks:
            return agreed
        try:
            version = ipaddress.ip_address(agreed.host).version
        except ValueError:
            return None
        return agreed if version == (6 if ":" in self.ports.host else 4) else None

    def remote(self, agreed: AudioAgreement) -> tuple[str, int]:
        """Where audio goes at first: nowhere, where the other side's checks will tell."""
        if agreed.by_checks:
            return "::" if ":" in self.ports.host else "0.0.0.0", 0
        return agreed.host, agreed.port


class MediaEvents(Protocol):
    """What a leg hears from its media beside audio. Times are ``loop.time()`` seconds."""

    def deliver_key(self, key: str, at: float) -> None: ...

    def media_timed_out(self) -> None: ...


class LegMedia:
    """The RTP session's sink. The two methods of the hot path are the leg's sink's own, once there is one."""

    __slots__ = ("_leg", "frame", "sent")

    def __init__(self) -> None:
        self._leg: MediaEvents | None = None
        self.frame: Callable[[bytes, float], None] = _drop
        self.sent: Callable[[bytes, float], None] = _drop

    def attach(self, leg: MediaEvents) -> None:
        self._leg = leg

    def connect(self, sink: LegSink) -> None:
        self.frame, self.sent = sink.frame, sink.sent

    def mute(self) -> None:
        self.frame = self.sent = _drop
        self._leg = None

    def key(self, key: str, at: float) -> None:
        if self._leg is not None:
            self._leg.deliver_key(key, at)

    def media_timeout(self, at: float) -> None:
        if self._leg is not None:
            self._leg.media_timed_out()


def _drop(_payload: bytes, _at: float) -> None:
    """Where audio goes before a sink is connected and after the end."""
