"""Lists of allowed targets, against toll fraud: for transfers (`calls.transfer_allow`) and for outbound calls.

A dialog that repeats what a caller said, or a bot that a caller has persuaded, must not be able to dial a premium
number. In patterns, ``*`` stands for any number of characters and ``?`` for one:

* A pattern without ``@`` is for numbers, and for names without wildcards. It matches bare numbers, tel URIs, and SIP
  URIs in the domain to which bare numbers go. Wildcards stand for digits; a leading ``*`` also for the ``+``. A code
  with ``#`` (``*31#``) is matched literally.
* A pattern with ``@`` matches ``user@host`` or ``user@host:port`` of SIP URIs in any domain. Wildcards stand for
  letters, digits, ``.``, ``-``, and in the user also ``_`` and ``+``. A port other than the default must be in the
  pattern.

All are compared in lower case, and numbers without visual separators. So wildcards never match characters with a
meaning for a PBX (``&``, ``/``, ``,``).

Parameters of an address can route a call to another target. Only the ones known to be harmless are allowed, and ``rn``
(RFC 4694), by which the call is routed, if that number is on the list, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from voicebot.address import Address, Domain

_HARMLESS = frozenset({"ext", "isub", "postd", "cpc", "oli", "isup-oli", "npdi", "enumdi"})
"""Parameters of numbers: extensions, facts about the caller, and results of number lookups."""
_HARMLESS_OF_URI = frozenset({"user", "transport"})
"""Parameters of SIP URIs. Others name another host, method (RFC 3261 19.1.1), carrier or trunk group."""
_PLAIN = re.compile(r"[a-z0-9_.+*#!~-]+")
"""The user of a SIP URI is sent as it is: without characters that have a meaning for a PBX."""
_HARMLESS_VALUE = re.compile(r"[a-z0-9+.-]{1,40}", re.IGNORECASE)
_DIGIT, _OF_USER, _OF_HOST = "[0-9]", "[a-z0-9._+-]", "[a-z0-9.-]"


class AllowedTargets:
    """``domains``: those to which bare numbers go."""

    def __init__(self, patterns: Iterable[str], domains: Iterable[Domain] = ()) -> None:
        patterns = [pattern.strip().lower() for pattern in patterns]
        self._addresses = [_of_address(pattern) for pattern in patterns if "@" in pattern]
        self._numbers = [_of_number(pattern) for pattern in patterns if "@" not in pattern]
        self._codes = {pattern for pattern in patterns if "#" in pattern}
        self._domains = {domain.host_port for domain in domains}

    def allows(self, target: Address) -> bool:
        """Whether ``target`` is on the list."""
        if not target.user or "@" in target.user or not self._leads_there(target):
            return False
        domain, user = target.domain, target.user.lower()
        is_ours = domain is None or (domain.host_port in self._domains and bool(_PLAIN.fullmatch(user)))
        if is_ours and self._is_number_allowed(target.number or user):
            return True
        if domain is None:
            return False
        hosts = [domain.host_port, *([domain.host] if domain.port in (None, _usual_port(domain)) else [])]
        return any(pattern.fullmatch(f"{user}@{host}") for pattern in self._addresses for host in hosts)

    def _leads_there(self, target: Address) -> bool:
        """Whether the call would go to its number, or to its user and host, and to nothing else."""
        of_number = target.parameter_values()
        if "rn" in of_number and not self._is_number_allowed(Address(of_number.pop("rn") or "").number):
            return False
        of_uri = target.domain.parameter_values() if target.domain is not None else {}
        return _are_harmless(of_number, _HARMLESS) and _are_harmless(of_uri, _HARMLESS_OF_URI)

    def _is_number_allowed(self, number: str) -> bool:
        return bool(number) and (number in self._codes or any(one.fullmatch(number) for one in self._numbers))


def _are_harmless(parameters: Mapping[str, str | None], names: frozenset[str]) -> bool:
    values = (value for value in parameters.values() if value is not None)
    return parameters.keys() <= names and all(_HARMLESS_VALUE.fullmatch(value) for value in values)


def _of_number(pattern: str) -> re.Pattern[str]:
    return re.compile(("\\+?" if pattern.startswith("*") else "") + _filled(pattern, _DIGIT))


def _of_address(pattern: str) -> re.Pattern[str]:
    user, _, host = pattern.rpartition("@")
    return re.compile(f"{_filled(user, _OF_USER)}@{_filled(host, _OF_HOST)}")


def _filled(pattern: str, one: str) -> str:
    """``pattern`` as a regular expression, with ``one`` for each wildcard character. Takes linear time: a part between
    two ``*`` is matched only where it is found first."""
    first, *rest = (re.escape(part).replace(r"\?", one) for part in pattern.split("*"))
    if not rest:
        return first
    *middle, last = rest
    return first + "".join(f"(?>{one}*?{part})" for part in middle) + f"{one}*{last}"


def _usual_port(domain: Domain) -> int:
    is_secure = domain.scheme == "sips" or (domain.parameter_values().get("transport") or "").lower() == "tls"
    return 5061 if is_secure else 5060
