"""SIP headers that a bot or the API may add to a transfer or to a call that we place. Pure.

Only headers that carry data are allowed, User-to-User (RFC 7433) and ``X-...``: others could change the call itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice
from typing import Any

MAX_HEADERS = 16
MAX_WANTED = 8 * MAX_HEADERS
"""Names that are looked at, allowed ones or others."""
MAX_VALUE = 512
MAX_TOTAL = 1200
"""Characters of all names and values together: the request must fit into a datagram."""

_NAME_RE = re.compile(r"(?:User-to-User|X-[A-Za-z0-9-]{1,60})\Z", re.IGNORECASE)


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
