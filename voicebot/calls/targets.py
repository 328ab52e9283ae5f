"""Lists of allowed targets, against toll fraud: for transfers (`calls.transfer_allow`) and for outbound calls.

A dialog that repeats what a caller said, or a bot that a caller has persuaded, must not be able to dial a premium
number. In patterns, ``*`` stands for any characters and ``?`` for one. A pattern without ``@`` is for numbers: it
matches bare numbers, tel URIs, and SIP URIs in the domain to which bare numbers go. One with ``@`` matches
``user@host`` of SIP URIs in any domain. All are compared in lower case, and numbers without visual separators.

Parameters of an address can route a call to another target. Of those of numbers, only the ones known to be harmless are
allowed, and ``rn`` (RFC 4694), by which the call is routed, if that number is on the list, too.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

from voicebot.address import Address, Domain

_HARMLESS = frozenset({"ext", "isub", "postd", "cpc", "oli", "isup-oli", "npdi", "enumdi"})
"""Parameters of numbers: extensions, facts about the caller, and results of number lookups."""
_LEADING_ELSEWHERE = frozenset({"maddr", "method", "rn", "cic", "tgrp", "trunk-context"})
"""Parameters of SIP URIs: another host, another method (RFC 3261 19.1.1), another carrier or trunk group."""


class AllowedTargets:
    """``domains``: those to which bare numbers go."""

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
        """Whether the call would go to its number, or to its user and host, and to nothing else."""
        of_number = target.parameter_values()
        if "rn" in of_number and not self._is_number_allowed(Address(of_number.pop("rn") or "").number):
            return False
        of_uri = target.domain.parameter_values() if target.domain is not None else {}
        return of_number.keys() <= _HARMLESS and not of_uri.keys() & _LEADING_ELSEWHERE

    def _is_number_allowed(self, number: str) -> bool:
        return bool(number) and any(fnmatchcase(number, pattern) for pattern in self._numbers)
