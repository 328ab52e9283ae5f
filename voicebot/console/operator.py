"""Whether a request shows the console's token: whoever has it runs the service."""

from __future__ import annotations

import hmac

from aiohttp import hdrs, web


def shown_token(request: web.Request) -> str:
    """What a request shows as ``Authorization: Bearer``; an empty text if it shows something else."""
    scheme, _, token = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def is_token(shown: str, wanted: str) -> bool:
    """Whether ``shown`` is the token ``wanted``. No token at all is nobody's."""
    given = shown.encode("utf-8", "surrogateescape")  # as the bytes were sent, which need not be UTF-8
    return bool(wanted) and hmac.compare_digest(given, wanted.encode())
