"""Whether a request shows the console's token: whoever has it runs the service."""

from __future__ import annotations

import hmac
from collections.abc import Callable

from aiohttp import hdrs, web

from voicebot.web.answers import error


class OperatorGate:
    """Lets in whoever has the console's token; where there is none, whoever sits at this machine.

    ``secret()``: the token, or an empty text; raises OSError and UnicodeDecodeError. ``private``: whether only who sits
    at this machine reaches us.
    """

    def __init__(self, secret: Callable[[], str], *, private: bool) -> None:
        self._secret = secret
        self._private = private

    def refusal(self, request: web.Request) -> web.Response | None:
        """How a request is refused; None: it is taken."""
        try:
            wanted = self._secret()
        except (OSError, UnicodeDecodeError):
            return error(503, "console.token_file cannot be read")
        if not wanted and self._private:
            return None
        if not wanted:
            return error(403, "nobody is let in: set VOICEBOT_CONSOLE__TOKEN or console.token_file, and restart")
        if is_token(shown_token(request), wanted):
            return None
        return error(401, "needs Authorization: Bearer with the console's token", {"WWW-Authenticate": "Bearer"})


def shown_token(request: web.Request) -> str:
    """What a request shows as ``Authorization: Bearer``; an empty text if it shows something else."""
    scheme, _, token = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def is_token(shown: str, wanted: str) -> bool:
    """Whether ``shown`` is the token ``wanted``. No token at all is nobody's."""
    given = shown.encode("utf-8", "surrogateescape")  # as the bytes were sent, which need not be UTF-8
    return bool(wanted) and hmac.compare_digest(given, wanted.encode())
