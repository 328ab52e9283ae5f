"""The settings of the SIP side that are lists: where to listen, trunks, accounts; and how they become `sip`'s terms."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, field_validator, model_validator

from voicebot.settings.media import OwnMediaSettings
from voicebot.sip import (
    DEFAULT_RATES,
    TRUNK_FACTOR,
    Account,
    ListenAt,
    Rate,
    SipSyntaxError,
    SipUri,
    TlsOptions,
    Trunk,
)

_LISTEN_RE = re.compile(r"(udp|tcp|tls):(\[[0-9A-Fa-f:.]+\]|[0-9.]+):([0-9]{1,5})\Z", re.IGNORECASE)
LOOPBACK = Trunk("local", (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128")))
"""Who calls from this machine, where no trunk is set."""


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def listen_at(value: str, advertised_host: str) -> ListenAt:
    """``udp:0.0.0.0:5060``, ``tls:[::]:5061``. Raises ValueError, whose text says what is wrong."""
    match = _LISTEN_RE.match(value)
    if match is None:
        raise ValueError(
            f'{value!r} must look like "udp:192.0.2.1:5060", "tcp:[2001:db8::1]:5060" or "tls:0.0.0.0:5061"'
        )
    host = str(ipaddress.ip_address(match[2].strip("[]")))
    if int(match[3]) > 65535:
        raise ValueError(f"{value!r}: there is no port {match[3]}")
    six = ":" in host
    fits = advertised_host if advertised_host and _version(advertised_host) in (None, 6 if six else 4) else ""
    transports: dict[str, Literal["UDP", "TCP", "TLS"]] = {"udp": "UDP", "tcp": "TCP", "tls": "TLS"}
    return ListenAt(transports[match[1].lower()], host, int(match[3]), fits)


def _version(host: str) -> int | None:
    try:
        return ipaddress.ip_address(host).version
    except ValueError:
        return None


class TlsSettings(_Entry):
    """[tls] certificates for SIP. Without ``certificate`` a listener signs its own at each start: for trials only."""

    certificate: Path | None = None
    key: Path | None = None
    ca_file: Path | None = None
    """Whom we trust; the system's list without it."""
    verify_clients: bool = False
    verify_servers: bool = True
    minimum_version: Literal["1.2", "1.3"] = "1.2"

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
        return TlsOptions(
            self.certificate, self.key, self.ca_file, self.verify_clients, self.verify_servers, self.minimum_version
        )


Bucket = tuple[PositiveFloat, Annotated[float, Field(ge=1)]]


def _bucket(method: str) -> Bucket:
    return DEFAULT_RATES[method].per_s, DEFAULT_RATES[method].burst


class RateSettings(_Entry):
    """[rates] how many requests that begin something one source may send: [a second, at once]. What is more is not
    answered, and ``strangers`` that are not taken are then not even read for a minute; trunks get 503."""

    invite: Bucket = _bucket("INVITE")
    registration: Bucket = _bucket("REGISTER")
    options: Bucket = _bucket("OPTIONS")
    other: Bucket = _bucket("other")
    trunk_factor: float = Field(TRUNK_FACTOR, ge=1)
    """How many times as much trunks and accounts may send."""

    def rates(self) -> dict[str, Rate]:
        """By method, as `voicebot.sip` wants them."""
        buckets = {"INVITE": self.invite, "REGISTER": self.registration, "OPTIONS": self.options, "other": self.other}
        return {method: Rate(*bucket) for method, bucket in buckets.items()}


class TrunkSettings(OwnMediaSettings):
    """[[trunks]] who may call us: by ``addresses`` (CIDR), or by ``username`` and the password in ``password_file``;
    and, with ``outbound``, whom our own calls can go by."""

    name: str = Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")
    addresses: tuple[str, ...] = ()
    username: str = ""
    password_file: Path | None = None
    secure: bool = False
    """Only over TLS."""
    before_answer: Literal["", "ring", "greeting"] = ""
    """What its callers hear before we answer; empty: ``calls.before_answer``."""
    outbound: str = ""
    """Where our calls by it go, and OPTIONS: ``sip:sbc.example.com;transport=tls``. Empty: none do."""
    number: str = Field("voicebot", pattern=r"^[A-Za-z0-9_.+*#!~-]{1,128}$")
    """What our calls by it show as their number."""
    options_s: float = Field(30.0, ge=0, le=3600)
    """How often a trunk with ``outbound`` is asked whether it is there; 0: never. One that is silent gets no calls."""
    max_calls: int = Field(0, ge=0, le=10000)
    """At once, both ways; one more gets 503. 0: as many as ``sip.max_calls``."""

    @field_validator("outbound")
    @classmethod
    def _uri(cls, value: str) -> str:
        return _sip_uri(value)

    @field_validator("addresses")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for address in value:
            try:
                ipaddress.ip_network(address)
            except ValueError as error:
                raise ValueError(f'{error}; it must look like "192.0.2.10" or "192.0.2.0/28"') from None
        return value

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if not (self.addresses or self.username or self.outbound):
            raise ValueError(
                f"trunk {self.name}: addresses, or username and password_file, say who it is; outbound, where calls go"
            )
        if bool(self.username) != (self.password_file is not None):
            raise ValueError(f"trunk {self.name}: username and password_file belong together")
        if self.secure and self.outbound:
            uri = SipUri.parse(self.outbound)
            if uri.scheme != "sips" and (uri.params.get("transport") or "").lower() != "tls":
                raise ValueError(f"trunk {self.name}: secure, but outbound is not: add ;transport=tls")
        password_in(self.password_file)
        return self

    def trunk(self) -> Trunk:
        networks = tuple(ipaddress.ip_network(address) for address in self.addresses)
        return Trunk(
            self.name,
            networks,
            self.username,
            password_in(self.password_file),
            self.secure,
            self.outbound,
            self.options_s,
            self.max_calls,
            self.number,
        )


class AccountSettings(OwnMediaSettings):
    """[[accounts]] who we are at a PBX or provider, where we register and from where calls come."""

    name: str = Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")
    registrar: str
    username: str = Field(pattern=r"^[A-Za-z0-9_.+*#!~-]{1,128}$")
    auth_username: str = ""
    password_file: Path | None = None
    domain: str = ""
    proxy: str = ""
    expires_s: int = Field(600, ge=30, le=86400)
    register_here: bool = Field(True, alias="register")
    before_answer: Literal["", "ring", "greeting"] = ""
    """What its callers hear before we answer; empty: ``calls.before_answer``."""

    @field_validator("registrar", "proxy")
    @classmethod
    def _uri(cls, value: str) -> str:
        return _sip_uri(value)

    @model_validator(mode="after")
    def _readable(self) -> Self:
        password_in(self.password_file)
        return self

    def account(self) -> Account:
        return Account(
            self.name,
            self.registrar,
            self.username,
            password_in(self.password_file),
            self.auth_username,
            self.domain,
            self.proxy,
            self.expires_s,
            self.register_here,
        )


def _sip_uri(value: str) -> str:
    try:
        if value and SipUri.parse(value).scheme not in ("sip", "sips"):
            raise SipSyntaxError("no SIP URI")
    except SipSyntaxError:
        raise ValueError(f'{value!r} must be a SIP URI, for example "sip:pbx.example.com;transport=tls"') from None
    return value


def password_in(file: Path | None) -> str:
    """What a password file holds; empty without one. Raises ValueError when it cannot be read."""
    if file is None:
        return ""
    try:
        return file.read_text().strip()
    except (OSError, UnicodeDecodeError):
        raise ValueError(f"the password_file {file} cannot be read") from None
