"""The settings of the SIP side that are lists: where to listen, trunks, accounts; and how they become `sip`'s terms."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from voicebot.sip import Account, ListenAt, SipSyntaxError, SipUri, TlsOptions, Trunk

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


class TrunkSettings(_Entry):
    """[[trunks]] who may call us: by ``addresses`` (CIDR), or by ``username`` and the password in ``password_file``."""

    name: str = Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")
    addresses: tuple[str, ...] = ()
    username: str = ""
    password_file: Path | None = None
    secure: bool = False
    """Only over TLS."""

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
        if not self.addresses and not self.username:
            raise ValueError(f"trunk {self.name}: addresses, or username and password_file, say who it is")
        if bool(self.username) != (self.password_file is not None):
            raise ValueError(f"trunk {self.name}: username and password_file belong together")
        _password(self.password_file)
        return self

    def trunk(self) -> Trunk:
        networks = tuple(ipaddress.ip_network(address) for address in self.addresses)
        return Trunk(self.name, networks, self.username, _password(self.password_file), self.secure)


class AccountSettings(_Entry):
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

    @field_validator("registrar", "proxy")
    @classmethod
    def _uri(cls, value: str) -> str:
        try:
            if value and SipUri.parse(value).scheme not in ("sip", "sips"):
                raise SipSyntaxError("no SIP URI")
        except SipSyntaxError:
            raise ValueError(f'{value!r} must be a SIP URI, for example "sip:pbx.example.com;transport=tls"') from None
        return value

    @model_validator(mode="after")
    def _readable(self) -> Self:
        _password(self.password_file)
        return self

    def account(self) -> Account:
        return Account(
            self.name,
            self.registrar,
            self.username,
            _password(self.password_file),
            self.auth_username,
            self.domain,
            self.proxy,
            self.expires_s,
            self.register_here,
        )


class PyVoipSettings(_Entry):
    """[pyvoip] an extension at a PBX by way of pyVoIP, beside what [sip] takes; needs the extra ``pyvoip``."""

    server: str = Field("", pattern=r"^[A-Za-z0-9.-]{0,253}$")
    """The PBX: an IPv4 address or a host name. Empty: pyVoIP is not used."""
    port: int = Field(5060, ge=1, le=65535)
    username: str = Field("", pattern=r"^[A-Za-z0-9_.+*#!~-]{0,128}$")
    password_file: Path | None = None
    host: str = "127.0.0.1"
    """Our address as the PBX reaches it."""
    sip_port: int = Field(0, ge=0, le=65535)
    """Where the PBX sends its calls to; 0: any free port."""
    max_calls: int = Field(50, ge=1, le=200)

    @field_validator("host")
    @classmethod
    def _address(cls, value: str) -> str:
        try:
            if ipaddress.IPv4Address(value).is_unspecified:
                raise ValueError
        except ValueError:
            raise ValueError(f"{value!r} must be our IPv4 address as the PBX reaches it") from None
        return value

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.server and not self.username:
            raise ValueError("server needs username, and mostly password_file: the extension that we are")
        _password(self.password_file)
        return self

    def password(self) -> str:
        return _password(self.password_file)


def _password(file: Path | None) -> str:
    if file is None:
        return ""
    try:
        return file.read_text().strip()
    except (OSError, UnicodeDecodeError):
        raise ValueError(f"the password_file {file} cannot be read") from None
