"""Where callers may be handed on to: toll fraud ends at a list (`calls.transfer_allow`).

A dialog that repeats what a caller said, or a bot that was talked into it, must not be able to dial a premium number.
Patterns have ``*`` (anything) and ``?`` (one character). One without ``@`` is for numbers: it matches bare ones, tel
URIs, and SIP URIs in the domain that bare numbers go to. One with ``@`` matches ``user@host`` of SIP URIs, wherever
they lead. Everything is compared in lower case, numbers without their visual separators.

What an address says besides may lead elsewhere, and is not let through unless it is known not to: of the parameters of
a number those below, and ``rn`` (RFC 4694), the number that the call is routed by, where it is on the list itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

from voicebot.address import Address, Domain

_HARMLESS = frozenset({"ext", "isub", "postd", "cpc", "oli", "isup-oli", "npdi", "enumdi"})
"""Of the parameters of numbers: extensions, who is calling, and what was looked up already."""
_LEADING_ELSEWHERE = frozenset({"maddr", "method", "rn", "cic", "tgrp", "trunk-context"})
"""Of the parameters of SIP URIs: another host, another request (RFC 3261 19.1.1), another way into the network."""


class AllowedTargets:
    """``domains``: where bare numbers go."""

    def __init__(self, patterns: Iterable[str], domains: Iterable[Domain] = ()) -> None:
        patterns = [pattern.strip().lower() for pattern in patterns]
        self._addresses = [pattern for pattern in patterns if "@" in pattern]
        self._numbers = [pattern for pattern in patterns if "@" not in pattern]
        self._domains = {domain.host_port for domain in domains}

    def allows(self, target: Address) -> bool:
        """Whether ``target`` is on the list."""
        if not target.user or "@" in target.user or not self._leads_there(target):
            return False
        domain, user = target.domain, target.user.lower()
        is_ours = domain is None or domain.host_port in self._domains
        if is_ours and self._is_number_allowed(target.number or user):
            return True
        hosts = {domain.host, domain.host_port} if domain is not None else ()
        return any(fnmatchcase(f"{user}@{host}", pattern) for pattern in self._addresses for host in hosts)

    def _leads_there(self, target: Address) -> bool:
        """Whether it leads to its number, or its user and host, and nowhere else."""
        of_number = target.parameter_values()
        if "rn" in of_number and not self._is_number_allowed(Address(of_number.pop("rn") or "").number):
            return False
        of_uri = target.domain.parameter_values() if target.domain is not None else {}
        return of_number.keys() <= _HARMLESS and not of_uri.keys() & _LEADING_ELSEWHERE

    def _is_number_allowed(self, number: str) -> bool:
        return bool(number) and any(fnmatchcase(number, pattern) for pattern in self._numbers)
