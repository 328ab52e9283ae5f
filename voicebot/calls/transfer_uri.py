"""Where a transfer goes, as a URI for Refer-To, with what is to be told to the target in its headers. Pure.

A bot's context may name SIP headers for the new call (RFC 3261 section 19.1.1 puts them behind a question mark):
``sipUuiHeader`` (User-to-User, RFC 7433) and ``sipxHeaders`` (X-…), as Copilot Studio's transfer node has them, or
AudioCodes' ``transferSipHeaders``. Nothing but User-to-User and X- headers is passed on: others could change the call.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

MAX_HEADERS = 20
MAX_VALUE = 512
MAX_URI = 1500
"""The request must fit into a datagram."""

_NAME = re.compile(r"(?i)(?:user-to-user|x-[a-z0-9!%*_+`'~.-]{1,60})")


def transfer_uri(target: str, context: dict[str, Any], domain: str) -> str:
    """``target`` (a number or URI) as a URI; ``domain`` is where bare numbers live."""
    uri = target if re.match(r"(?i)(?:sips?|tel):", target) else f"sip:{target}@{domain}"
    if uri.lower().startswith("tel:"):
        return uri  # has no headers
    for name, value in transfer_headers(context):
        longer = f"{uri}{'&' if '?' in uri else '?'}{quote(name, safe='')}={quote(value, safe='')}"
        if len(longer) > MAX_URI:
            break
        uri = longer
    return uri


def transfer_headers(context: dict[str, Any]) -> list[tuple[str, str]]:
    """The SIP headers that ``context`` asks for, those that may be passed on."""
    asked: list[tuple[Any, Any]] = [("User-to-User", _first(context, "sipUuiHeader", "SipUuiHeader"))]
    headers = _first(context, "sipxHeaders", "sipXHeaders", "SipXHeaders", "transferSipHeaders")
    if isinstance(headers, dict):
        asked += headers.items()
    elif isinstance(headers, list):
        asked += [(h.get("name"), h.get("value")) for h in headers if isinstance(h, dict)]
    return [
        (name, str(value)[:MAX_VALUE])
        for name, value in asked
        if isinstance(name, str)
        and _NAME.fullmatch(name)
        and isinstance(value, str | int)
        and not re.search(r"[\x00-\x1f\x7f]", str(value))
        and str(value)
    ][:MAX_HEADERS]


def _first(context: dict[str, Any], *names: str) -> Any:
    return next((context[name] for name in names if name in context), None)
