"""The settings of trunks and accounts: who may call us, and by which lines we place calls."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from voicebot.own_trunks import LOOPBACK_TRUNK
from voicebot.settings.media import OwnMediaSettings
from voicebot.settings.siprec import AgentPattern
from voicebot.settings.values import DomainOrNone, default, options, text_in
from voicebot.sip import Account, SipSyntaxError, SipUri, Trunk
from voicebot.sip.credentials import Network
from voicebot.sip.symmetric import Symmetric

LOOPBACK = Trunk(LOOPBACK_TRUNK, (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128")))
"""Who calls from this machine, where neither trunk nor account is set."""


class TrunkSettings(OwnMediaSettings):
    """[[trunks]] a side that may call us, known by ``addresses`` (CIDR), or by ``username`` and the password in
    ``password_file``. With ``outbound``, we can also place calls by it."""

    name: str = Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")
    addresses: tuple[Network, ...] = ()
    username: str = ""
    password_file: Path | None = None
    secure: bool = False
    """Allow it only over TLS."""
    symmetric: Symmetric = default(Trunk, "symmetric")
    """Answer to where its messages come from, instead of to what Via, Contact and Record-Route say: a side behind NAT
    (elsewhere ``force_rport`` and ``rewrite_contact``). ``auto``: if what they say cannot be reached from outside."""
    before_answer: Literal["", "ring", "greeting"] = ""
    """What its callers hear before the answer; empty: ``calls.before_answer``."""
    outbound: str = ""
    """The SIP URI to which we send outbound calls and OPTIONS: ``sip:sbc.example.com;transport=tls``. Empty: none."""
    number: str = Field(default(Trunk, "number"), pattern=r"^[A-Za-z0-9_.+*#!~-]{1,128}$")
    """The calling number of our outbound calls by it."""
    from_domain: DomainOrNone = default(Trunk, "from_domain")
    """The domain of our number in From, if it must be ours, as for Microsoft Teams; empty: that of ``outbound``."""
    options_s: float = Field(default(Trunk, "options_s"), ge=0, le=3600)
    """How often to check a trunk with ``outbound`` by OPTIONS; 0: never. While it does not answer, it gets no calls."""
    max_calls: int = Field(default(Trunk, "max_calls"), ge=0, le=10000)
    """At once, both ways; one more gets 503. 0: as many as ``sip.max_calls``."""
    fleet_calls: int = Field(0, ge=0, le=1_000_000)
    """The same, of all processes of the fleet (``fleet.url``). 0: no limit."""
    realms: tuple[str, ...] = default(Trunk, "realms")
    """Of challenges that the password answers, sent by ``outbound``; empty: the one that it names first."""

    assist: bool = False
    """Take its recording sessions (SIPREC) as calls of people to be assisted; its other calls are calls as ever."""
    agents: tuple[AgentPattern, ...] = ()
    """Who is an agent in them; empty: ``siprec.agents``."""
    record_on_transfer: str = Field("", pattern=r"^([A-Za-z0-9_.-]+(,[A-Za-z0-9_.-]+)*)?$", max_length=128)
    """When our bot transfers a caller, the AudioCodes SBC is asked to begin a recording session by this IP group of
    its own, by number or name; several are joined by commas. Empty: it is not asked."""

    @field_validator("outbound")
    @classmethod
    def _uri(cls, value: str) -> str:
        return _sip_uri(value)

    @field_validator("addresses", mode="before")
    @classmethod
    def _networks(cls, value: object) -> object:
        try:
            return tuple(ipaddress.ip_network(one) for one in value) if isinstance(value, list | tuple) else value
        except ValueError as error:
            raise ValueError(f'{error}; it must look like "192.0.2.10" or "192.0.2.0/28"') from error

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if not (self.addresses or self.username or self.outbound):
            raise ValueError(
                f"trunk {self.name}: set addresses, or username and password_file, to receive calls; outbound, to call"
            )
        if bool(self.username) != (self.password_file is not None):
            raise ValueError(f"trunk {self.name}: username and password_file belong together")
        if self.secure and self.outbound:
            uri = SipUri.parse(self.outbound)
            if uri.scheme != "sips" and (uri.params.get("transport") or "").lower() != "tls":
                raise ValueError(f"trunk {self.name}: secure, but outbound is not: add ;transport=tls")
        if self.agents and not self.assist:
            raise ValueError(f"trunk {self.name}: agents without assist = true")
        text_in(self.password_file, "password_file")
        return self

    def trunk(self) -> Trunk:
        return options(Trunk, self, password=text_in(self.password_file, "password_file"))


class AccountSettings(OwnMediaSettings):
    """[[accounts]] our account at a PBX or provider: we register there, receive calls from there, and place calls."""

    name: str = Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")
    registrar: str
    username: str = Field(pattern=r"^[A-Za-z0-9_.+*#!~-]{1,128}$")
    auth_username: str = ""
    password_file: Path | None = None
    domain: str = ""
    proxy: str = ""
    expires_s: int = Field(default(Account, "expires_s"), ge=30, le=86400)
    realms: tuple[str, ...] = default(Account, "realms")
    """Of challenges that the password answers, sent by registrar, proxy or domain; empty: the registrar's own."""
    symmetric: Symmetric = default(Account, "symmetric")
    """As of a trunk."""
    register_here: bool = Field(default(Account, "register"), alias="register")
    before_answer: Literal["", "ring", "greeting"] = ""
    """What its callers hear before the answer; empty: ``calls.before_answer``."""

    @field_validator("registrar", "proxy")
    @classmethod
    def _uri(cls, value: str) -> str:
        return _sip_uri(value)

    @model_validator(mode="after")
    def _readable(self) -> Self:
        text_in(self.password_file, "password_file")
        return self

    def account(self) -> Account:
        password = text_in(self.password_file, "password_file")
        return options(Account, self, password=password, register=self.register_here)


def _sip_uri(value: str) -> str:
    try:
        uri = SipUri.parse(value) if value else None
        if uri is not None and (uri.scheme not in ("sip", "sips") or uri.port == 0):
            raise SipSyntaxError("no SIP URI, or no port")
    except SipSyntaxError as error:
        raise ValueError(f'{value!r} must be a SIP URI, for example "sip:pbx.example.com;transport=tls"') from error
    return value
