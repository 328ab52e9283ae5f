"""The SIP settings: [sip] where we listen and for whom, [tls] certificates, [rates] how much one source may send."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Annotated, Literal, Self, get_args

from pydantic import Field, PositiveFloat, field_validator, model_validator

from voicebot.audio.codecs import DEFAULT_CODECS
from voicebot.legs.sip_media import CodecChoice, MediaPreferences
from voicebot.loopback import is_loopback
from voicebot.settings.media import CodecNames
from voicebot.settings.values import Port, Seconds, Section, default, options
from voicebot.sip import DEFAULT_RATES, Access, AgentOptions, ListenAt, Rate, TlsOptions
from voicebot.sip.hop import Transport
from voicebot.sip.session_timer import MIN_SE

_LISTEN_RE = re.compile(r"(udp|tcp|tls|wss?):(\[[0-9A-Fa-f:.]+\]|[0-9.]+):([0-9]{1,5})\Z", re.IGNORECASE)
_ORIGIN_RE = re.compile(r"https?://[A-Za-z0-9.\-\[\]:]{1,255}\Z", re.IGNORECASE)
_LABEL_RE = re.compile(r"[A-Za-z0-9_-]{1,63}\Z")


class SipSettings(Section):
    """[sip] where we listen, who may call, and the codecs."""

    listen: tuple[str, ...] = ()
    """Where to listen, instead of UDP at ``host`` and ``port``: ``udp:192.0.2.1:5060``, ``tls:[::]:5061``, ...;
    ``ws:`` and ``wss:`` for WebRTC clients."""
    host: str = Field(default_factory=lambda others: _host_beside(others.get("listen", ())))
    """Where we listen, and where audio arrives. Unset: the address of the first of ``listen``, or 127.0.0.1."""
    port: Port = 5060
    advertised_host: str = ""
    """Our address in SIP messages (Via, Contact), if it differs from ``host``: behind NAT, or with ``0.0.0.0``.
    Microsoft Teams wants a name, the one in our TLS certificate."""
    media_host: str = ""
    """Our IP address in session descriptions. Empty: ``advertised_host``, or ``host`` where that is a name."""
    max_calls: int = Field(100, ge=1, le=10000)
    refuse_when_busy: bool = True
    """Refuse calls, below ``max_calls`` too, that would make the others late (:mod:`voicebot.service.governor`)."""
    least_calls: int = Field(20, ge=1, le=10000)
    """So many are taken in any case; fewer only where our own recogniser falls behind."""
    codecs: CodecNames = tuple(codec.name for codec in DEFAULT_CODECS)
    """Names of codecs (docs/media.md), in the order of our offers."""
    codec_choice: CodecChoice = default(MediaPreferences, "codec_choice")
    """Which codec of an offer is taken: the one that the other side prefers, or the first in ``codecs``."""
    origins: tuple[str, ...] = ()
    """The sites whose pages may call by ``ws:`` and ``wss:``, beside the one at the same address:
    ``https://crm.example.com``. Clients that are no browsers need no leave."""
    strangers: Literal["auto", "allow", "refuse", "drop"] = "auto"
    """What happens to calls by no trunk: they are taken, get 403, or get no answer. ``auto``: no answer if there are
    trunks or accounts; else they are taken."""
    keepalive_s: Seconds = default(AgentOptions, "keepalive_s")
    """How often to ping our idle connections (RFC 5626), and registrars over UDP, to keep NAT bindings."""
    session_expires_s: int = Field(default(AgentOptions, "session_expires_s"), ge=0, le=86400)
    """The session timer that we ask for (RFC 4028), if the other side supports it; 0: none."""

    @field_validator("listen")
    @classmethod
    def _listeners(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for one in value:
            listen_at(one, "")
        return value

    @field_validator("origins")
    @classmethod
    def _sites(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for one in value:
            if not _ORIGIN_RE.match(one):
                raise ValueError(f'{one!r} must look like "https://crm.example.com", without a path')
        return tuple(one.lower() for one in value)

    @field_validator("advertised_host")
    @classmethod
    def _host(cls, value: str) -> str:
        labels = value.split(".")
        if _is_name(value) and (labels[-1].isdigit() or len(value) > 253 or not all(map(_LABEL_RE.match, labels))):
            raise ValueError(f"{value!r} must be an IP address or a host name, without a port")
        return value

    @field_validator("media_host")
    @classmethod
    def _address(cls, value: str) -> str:
        if _is_name(value) or _is_unspecified(value):
            raise ValueError(f"{value!r} must be the IP address that audio is sent to; names are not looked up there")
        return value

    @field_validator("session_expires_s")
    @classmethod
    def _not_too_short(cls, value: int) -> int:
        if 0 < value < MIN_SE:
            raise ValueError(f"must be at least {MIN_SE} (RFC 4028), or 0 for none")
        return value

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if self.listen and is_loopback(self.host) and not is_loopback(beside := _host_beside(self.listen)):
            raise ValueError(
                f"audio would arrive at host {self.host} only, but peers are told {beside}: leave out host, or set "
                "it to the address for audio"
            )
        if _is_unspecified(self.host):
            every = f"host {self.host} is every address"
            if not self.advertised_host:
                raise ValueError(f"{every}: set advertised_host to the one that peers reach")
            if _is_name(self.advertised_host) and not self.media_host:
                raise ValueError(f"{every}, and advertised_host a name: set media_host to the address for audio")
        if self.media_host and _version(self.media_host) != (_version(self.host) or 4):
            raise ValueError(f"media_host {self.media_host} and host {self.host} must be of the same IP version")
        return self

    @property
    def host_for_media(self) -> str:
        """The address in our session descriptions; empty if it is the one in our messages."""
        return self.media_host or (self.host if _is_name(self.advertised_host) else "")


class TlsSettings(Section):
    """[tls] certificates for SIP. Without ``certificate``, a self-signed one is made at each start, for trials."""

    certificate: Path | None = None
    key: Path | None = None
    ca_file: Path | None = None
    """The authorities that we trust. Unset: those of the system."""
    verify_clients: bool = default(TlsOptions, "verify_clients")
    verify_servers: bool = default(TlsOptions, "verify_servers")
    minimum_version: Literal["1.2", "1.3"] = default(TlsOptions, "minimum_version")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.verify_clients and self.ca_file is None:
            raise ValueError("verify_clients needs ca_file: the authority that signs the clients' certificates")
        if self.key is not None and self.certificate is None:
            raise ValueError("key without certificate")
        for file in (self.certificate, self.key, self.ca_file):
            if file is not None and not file.is_file():
                raise ValueError(f"there is no file {file}")
        return self

    def options(self) -> TlsOptions:
        return options(TlsOptions, self)


Bucket = tuple[PositiveFloat, Annotated[float, Field(ge=1)]]


def _bucket(method: str) -> Bucket:
    return DEFAULT_RATES[method].per_s, DEFAULT_RATES[method].burst


class RateSettings(Section):
    """[rates] how many requests that begin something one source may send: [a second, at once]. What is more is not
    answered, and not even read; trunks get 503."""

    invite: Bucket = _bucket("INVITE")
    registration: Bucket = _bucket("REGISTER")
    options: Bucket = _bucket("OPTIONS")
    other: Bucket = _bucket("other")
    trunk_factor: float = Field(default(Access, "trunk_factor"), ge=1)
    """By how much the rates of trunks and accounts are higher."""

    def rates(self) -> dict[str, Rate]:
        """The rates by method."""
        buckets = {"INVITE": self.invite, "REGISTER": self.registration, "OPTIONS": self.options, "other": self.other}
        return {method: Rate(*bucket) for method, bucket in buckets.items()}


def listen_at(value: str, advertised_host: str, origins: tuple[str, ...] = ()) -> ListenAt:
    """Parse ``udp:0.0.0.0:5060`` or ``tls:[::]:5061``. Raises ValueError."""
    match = _LISTEN_RE.match(value)
    if match is None:
        raise ValueError(
            f'{value!r} must look like "udp:192.0.2.1:5060", "tcp:[2001:db8::1]:5060", "tls:0.0.0.0:5061" or '
            '"wss:0.0.0.0:443"'
        )
    host = str(ipaddress.ip_address(match[2].strip("[]")))
    if int(match[3]) > 65535:
        raise ValueError(f"{value!r}: there is no port {match[3]}")
    six = ":" in host
    fits = advertised_host if advertised_host and _version(advertised_host) in (None, 6 if six else 4) else ""
    transport = next(each for each in get_args(Transport) if each == match[1].upper())
    return ListenAt(transport, host, int(match[3]), fits, origins=origins)


def _host_beside(listen: tuple[str, ...]) -> str:
    """The address for audio where none is set: the one that session descriptions name."""
    return listen_at(listen[0], "").host if listen else "127.0.0.1"


def _version(host: str) -> int | None:
    try:
        return ipaddress.ip_address(host).version
    except ValueError:
        return None


def _is_name(host: str) -> bool:
    return bool(host) and _version(host) is None


def _is_unspecified(host: str) -> bool:
    return _version(host) is not None and ipaddress.ip_address(host).is_unspecified
