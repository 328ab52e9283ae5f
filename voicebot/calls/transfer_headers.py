"""What a bot may have the next party told along with a transfer, as SIP headers. Pure.

Bots name them in the context of ``handoff.initiate`` in several ways: ``headers``, Copilot Studio's
``sipUuiHeader`` and ``sipxHeaders``, AudioCodes' ``transferSipHeaders``. Only those that carry data are passed on,
User-to-User (RFC 7433) and ``X-...``: others could change the call.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

MAX_HEADERS = 16
MAX_VALUE = 512
MAX_TOTAL = 1200
"""Characters of all of them: the request must fit into a datagram."""

_NAME_RE = re.compile(r"(?:User-to-User|X-[A-Za-z0-9-]{1,60})\Z", re.IGNORECASE)


def transfer_headers(context: Mapping[str, Any]) -> dict[str, str]:
    """The headers in a transfer's context; what is not allowed, too long or not printable ASCII is left out."""
    headers: dict[str, str] = {}
    total = 0
    for name, value in _asked(context):
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


def _asked(context: Mapping[str, Any]) -> Iterator[tuple[Any, Any]]:
    for name in ("sipUuiHeader", "SipUuiHeader"):
        if name in context:
            yield "User-to-User", context[name]
    for name in ("headers", "sipxHeaders", "sipXHeaders", "SipXHeaders", "transferSipHeaders"):
        given = context.get(name)
        if isinstance(given, Mapping):
            yield from given.items()
        elif isinstance(given, list):
            yield from ((item.get("name"), item.get("value")) for item in given if isinstance(item, Mapping))
