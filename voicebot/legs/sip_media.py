"""The media of SIP legs: their options, the agreements that the options allow, and the sink of their RTP session."""

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
    """Options that may differ from trunk to trunk.

    ``codecs``: that we support, in the order of our offers. ``codec_choice``: whose order of preference decides when we
    answer an offer. ``ptime_ms``: the packet length that we ask for. ``srtp``: whether media may or must be encrypted;
    our own offers are encrypted only if it must. ``inband_dtmf``: whether to detect keys in the audio of a side that
    does not support telephone-event. ``latch``: from where media is accepted, besides the signalled address.
    """

    codecs: tuple[Codec, ...] = DEFAULT_CODECS
    codec_choice: CodecChoice = "theirs"
    ptime_ms: int = DEFAULT_PTIME_MS
    srtp: Srtp = "allowed"
    inband_dtmf: bool = False
    latch: Latch = "expected"


@dataclass(frozen=True, slots=True)
class MediaOptions:
    """The options of a leg's media. ``clock`` and ``ports`` are shared, and not closed by legs.

    ``host``: the address in our session descriptions; where it is empty, a front end fills in its endpoint's.
    ``silence_timeout_s``: a leg ends if nothing is received for this long; 0: never. ``telephone_event``: the payload
    type that we offer.
    """

    clock: MediaClock
    ports: PortRange
    host: str = ""
    preferences: MediaPreferences = MediaPreferences()
    silence_timeout_s: float = SILENCE_TIMEOUT_S
    telephone_event: int = 101

    def select(self, description: SessionDescription) -> AudioAgreement | None:
        """The agreement that ``description`` allows; None without a common codec, or if we cannot send to its
        address."""
        return next((agreed for agreed in self.select_each(description) if agreed is not None), None)

    def select_each(self, description: SessionDescription) -> list[AudioAgreement | None]:
        """The agreement that each media line of ``description`` allows."""
        wanted = self.preferences
        each = offer_answer.select_each(
            description,
            wanted.codecs,
            wanted.srtp,
            ours_first=wanted.codec_choice == "ours",
            ptime_ms=wanted.ptime_ms,
            reaches=self._reaches,
        )
        return list(each)

    def _reaches(self, host: str) -> bool:
        """Whether audio may be sent to ``host``: an address of our IP version that is one host's."""
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return False
        if address.is_multicast or host == "255.255.255.255":
            return False  # it is no call's, and many would get what is sent there
        return address.version == (6 if ":" in self.ports.host else 4)

    def remote(self, agreed: AudioAgreement) -> tuple[str, int]:
        """Where to send audio at first: nowhere (port 0) if the other side's ICE checks will show it."""
        if agreed.by_checks:
            return "::" if ":" in self.ports.host else "0.0.0.0", 0
        return agreed.host, agreed.port


class MediaEvents(Protocol):
    """What a leg is told by its media, except for audio. Times are ``loop.time()`` seconds."""

    def deliver_key(self, key: str, at: float) -> None: ...

    def media_timed_out(self) -> None: ...


class LegMedia:
    """The RTP session's sink. ``frame`` and ``sent``, called every 20 ms, are the methods of the leg's sink itself,
    once it is connected."""

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
    """Takes the audio before a sink is connected and after the end."""
