"""The settings of calls' audio: [rtp] for all calls, and those that a trunk or account may have of its own."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, model_validator

from voicebot.audio.codecs import MAX_PTIME_MS, MIN_PTIME_MS, all_named
from voicebot.legs.sip_media import CodecChoice, MediaOptions, MediaPreferences
from voicebot.rtp.source import Latch
from voicebot.settings.values import Port, Seconds, Section, default
from voicebot.sip.offer_answer import Srtp


def _canonical(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(codec.name for codec in all_named(names))


CodecNames = Annotated[tuple[str, ...], AfterValidator(_canonical)]
"""Codecs in the order of preference, by name in any case."""
PtimeMs = Annotated[int, Field(ge=MIN_PTIME_MS, le=MAX_PTIME_MS, multiple_of=10)]


class OwnMediaSettings(Section):
    """Settings that a trunk or account may have of its own. Unset: those of [sip] and [rtp]."""

    codecs: CodecNames | None = None
    codec_choice: CodecChoice | None = None
    ptime_ms: PtimeMs | None = None
    srtp: Srtp | None = None
    inband_dtmf: bool | None = None
    latch: Latch | None = None

    def preferences(self, usual: MediaPreferences) -> MediaPreferences:
        """``usual``, replaced by what is set here."""
        values = {name: getattr(self, name) for name in OwnMediaSettings.model_fields}
        own: dict[str, Any] = {name: value for name, value in values.items() if value is not None}
        if self.codecs is not None:
            own["codecs"] = all_named(self.codecs)
        return replace(usual, **own)


class RtpSettings(Section):
    """[rtp] the audio."""

    port_low: Port = 20000
    port_high: Port = 20999
    silence_timeout_s: Seconds = default(MediaOptions, "silence_timeout_s")
    """A call from which no packet has come for so long is ended."""
    ptime_ms: PtimeMs = default(MediaPreferences, "ptime_ms")
    """The packet length that we ask the other side for. Our own packets have the length that it asks for."""
    srtp: Srtp = default(MediaPreferences, "srtp")
    """Encrypted media: with keys in the session description (SDES, RFC 4568), which should then be sent over TLS, or
    with keys from a handshake on the media port (DTLS-SRTP, with ICE-lite for WebRTC gateways). ``allowed``: if the
    caller offers it. An offer that is encrypted although it must not be, or not although it must be, gets 488. Where
    encryption is required, outbound calls offer SDES."""
    inband_dtmf: bool = default(MediaPreferences, "inband_dtmf")
    """Detect keypad tones in the audio of callers whose side does not support telephone-event (RFC 4733)."""
    latch: Latch = default(MediaPreferences, "latch")
    """From where a caller's audio may come, besides the address in the signalling (`voicebot/rtp/source.py`)."""

    @model_validator(mode="after")
    def _room_for_a_call(self) -> Self:
        if self.port_high <= self.port_low:
            raise ValueError(f"port_high {self.port_high} must be greater than port_low {self.port_low}")
        return self
