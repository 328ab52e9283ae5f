"""The SIP headers that a bot may send along with a transfer: ``value.headers`` of ``handoff.initiate``, or AudioCodes'
``transferSipHeaders``. Only those that carry data for the next party: User-to-User (RFC 7433) and ``X-...``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

MAX_HEADERS = 16
MAX_VALUE = 512
_NAME_RE = re.compile(r"(?:User-to-User|X-[A-Za-z0-9-]{1,60})\Z", re.IGNORECASE)


def transfer_headers(context: Mapping[str, Any]) -> dict[str, str]:
    """The headers in a transfer's context; what is not allowed, too long or not printable ASCII is left out."""
    given = context.get("headers")
    pairs = list(given.items()) if isinstance(given, Mapping) else []
    listed = context.get("transferSipHeaders")
    if isinstance(listed, list):
        pairs += [(item.get("name"), item.get("value")) for item in listed if isinstance(item, Mapping)]
    headers: dict[str, str] = {}
    for name, value in pairs:
        if not (isinstance(name, str) and isinstance(value, str | int) and _NAME_RE.match(name)):
            continue
        text = str(value)
        if len(text) <= MAX_VALUE and text.isascii() and text.isprintable() and len(headers) < MAX_HEADERS:
            headers[name] = text
    return headers
