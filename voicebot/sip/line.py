"""A line for outgoing calls: to a registrar at which we have an account, or to the peer of a trunk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from voicebot.address import Address, Domain
from voicebot.sip.credentials import Credentials
from voicebot.sip.header import SipUri


@dataclass(frozen=True, slots=True)
class Line:
    """``name``: of the account or trunk. ``domain``: of the numbers that are called through it. ``own``: our address.

    ``proxy``: the URI of a proxy for all calls; empty to send each where its own URI leads. ``credentials``: for
    challenges. ``registers``: whether it can carry calls only while we are registered.
    """

    name: str
    domain: Domain
    own: Address
    proxy: str = ""
    credentials: Credentials | None = None
    registers: bool = False

    @classmethod
    def to(
        cls,
        uri: str,
        name: str,
        user: str,
        *,
        domain: str = "",
        from_domain: Domain | None = None,
        proxy: str = "",
        credentials: Credentials | None = None,
        registers: bool = False,
    ) -> Line:
        """The line to the server at ``uri``, which knows us as ``user``. ``domain``: by default the host of ``uri``.
        ``from_domain``: of our own address, by default ``domain``."""
        there = SipUri.parse(uri)
        scheme: Literal["sip", "sips"] = "sips" if there.scheme == "sips" else "sip"
        own = Domain.parse(domain) if domain else Domain(there.host.lower())
        transport = there.params.get("transport")
        numbers = Domain(
            own.host,
            own.port if domain else there.port,
            scheme,
            f";transport={transport}" if transport else "",
        )
        us = Address(user, from_domain or Domain(own.host, own.port, scheme))
        return cls(name, numbers, us, proxy, credentials, registers)
