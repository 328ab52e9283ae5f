"""SIP headers that a bot or the API may add to a transfer or to a call that we place. Pure.

Only headers that carry data are allowed, User-to-User (RFC 7433) and ``X-...``: others could change the call itself.

A transfer may also carry the id of our call, for whoever listens to what becomes of it (`voicebot.assist`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

MAX_HEADERS = 16
MAX_WANTED = 8 * MAX_HEADERS
"""Names that are looked at, allowed ones or others."""
MAX_VALUE = 512
MAX_TOTAL = 1200
"""Characters of all names and values together: the request must fit into a datagram."""

_NAME_RE = re.compile(r"(?:User-to-User|X-[A-Za-z0-9-]{1,60})\Z", re.IGNORECASE)
_MARK = b"voicebot".hex()
"""What an id of ours begins with, so that it is known among others' data."""
_CARRIED_RE = re.compile(rf"{_MARK}([0-9a-f]{{32}})")


def passed_on(wanted: Iterable[tuple[Any, Any]]) -> dict[str, str]:
    """Those of the ``wanted`` names and values that are allowed, no longer than the limits, and printable ASCII."""
    headers: dict[str, str] = {}
    total = 0
    for name, value in islice(wanted, MAX_WANTED):
        if not (isinstance(name, str) and isinstance(value, str | int) and _NAME_RE.match(name)):
            continue
        text = str(value)
        if not (text and len(text) <= MAX_VALUE and text.isascii() and text.isprintable()):
            continue
        total += len(name) + len(text)
        if total > MAX_TOTAL or len(headers) >= MAX_HEADERS:
            break
        headers[name] = text
    return headers


def carrying(call: str, headers: Mapping[str, str]) -> dict[str, str]:
    """``headers`` with the id of our call ``call`` (32 hexadecimal digits) in User-to-User (RFC 7433), behind what is
    there already."""
    name = next((name for name in headers if name.lower() == "user-to-user"), "User-to-User")
    value = f"{_MARK}{call};encoding=hex"
    return {**headers, name: f"{headers[name]}, {value}" if name in headers else value}


def carried(values: Iterable[str]) -> str:
    """The id of our call that one of ``values`` carries, whatever is around it; empty: none does."""
    return next((found[1] for value in values if (found := _CARRIED_RE.search(value.lower()))), "")
