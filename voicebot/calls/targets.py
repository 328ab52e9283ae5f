"""Where callers may be handed on to: toll fraud ends at a list (`calls.transfer_allow`).

A dialog that repeats what a caller said, or a bot that was talked into it, must not be able to dial a premium number.
Patterns have ``*`` (anything) and ``?`` (one character). One without ``@`` is for numbers: it matches bare ones, tel
URIs, and SIP URIs in the domain that bare numbers go to. One with ``@`` matches ``user@host`` of SIP URIs, wherever
they lead. Everything is compared in lower case, numbers without their visual separators.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from urllib.parse import unquote

MAX_TARGET = 512


class AllowedTargets:
    """``domains``: where bare numbers go."""

    def __init__(self, patterns: Iterable[str], domains: Iterable[str] = ()) -> None:
        patterns = [pattern.strip().lower() for pattern in patterns]
        self._addresses = [pattern for pattern in patterns if "@" in pattern]
        self._numbers = [pattern for pattern in patterns if "@" not in pattern]
        self._domains = {domain.lower() for domain in domains if domain}

    def allows(self, target: str) -> bool:
        """Whether ``target``, a number or a URI, is on the list."""
        target = target.strip().lower()
        if len(target) > MAX_TARGET or any(c in target for c in '<>"\r\n\t ,'):
            # A header that is smuggled into a URI could lead elsewhere.
            target = target if _is_plain_number(target) else ""
        scheme, colon, rest = target.partition(":")
        if not colon:
            scheme, rest = ("sip", target) if "@" in target else ("tel", target)
        if scheme == "tel":
            return self._is_number_allowed(rest.partition(";")[0])
        if scheme not in ("sip", "sips") or "?" in rest:
            return False
        user, at, host = rest.partition(";")[0].rpartition("@")
        user = unquote(user.partition(":")[0])
        if not at or not user or "@" in user:
            return False
        if host in self._domains and self._is_number_allowed(user):
            return True
        name = host.rpartition(":")[0] if re.search(r":[0-9]+\Z", host) else host
        return any(fnmatchcase(f"{user}@{h}", pattern) for pattern in self._addresses for h in (host, name))

    def _is_number_allowed(self, number: str) -> bool:
        number = re.sub(r"[ ().\-]", "", number)
        return bool(number) and any(fnmatchcase(number, pattern) for pattern in self._numbers)


def _is_plain_number(target: str) -> bool:
    return re.fullmatch(r"\+?[0-9 ().\-]{2,40}", target) is not None
