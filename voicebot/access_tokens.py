"""Tokens that we present to others: client credentials at Microsoft's identity platform (OAuth 2.0, RFC 6749, 4.4).

With an application's id and secret we request a token for one scope from the authority. All users of the scope share
this token. It is renewed in the background well before it expires, by a single request however many callers wait.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable
from typing import Any

import aiohttp

from voicebot.json_body import read_json
from voicebot.tasks import call_outside

logger = logging.getLogger(__name__)

AUTHORITY = "https://login.microsoftonline.com"
TIMEOUT_S = 5.0
MAX_ANSWER = 64 * 1024
EARLY_S = 300.0
"""How long before its expiry a token is renewed; one that lasts less than twice this is renewed at half its life."""
MAX_LIFE_S = 86400.0
DEFAULT_LIFE_S = 300.0
"""Assumed when the authority does not say how long a token lasts."""
RETRY_AFTER_S = 2.0
"""How long after a failed request no new one is sent."""


class TokenUnavailable(Exception):
    """The authority issued no token, or the secret cannot be read. The text says why, and never contains the secret."""


class ClientCredentials:
    """Tokens of the application ``app_id`` for ``scope``.

    ``secret`` is called at each renewal, off the event loop, because a mounted secret file may have been replaced.
    """

    def __init__(
        self, app_id: str, secret: Callable[[], str], *, scope: str, tenant: str, authority: str = AUTHORITY
    ) -> None:
        self.url = f"{authority.rstrip('/')}/{tenant}/oauth2/v2.0/token"
        self._app_id = app_id
        self._secret = secret
        self._scope = scope
        self._token = ""
        self._renew_at = self._expires_at = 0.0
        self._renewal: asyncio.Task[str] | None = None
        self._refused: tuple[TokenUnavailable | None, float] = (None, float("-inf"))

    async def token(self) -> str:
        """A token that has not expired. Raises :class:`TokenUnavailable`."""
        now = _now()
        if now >= self._renew_at:
            self._renew(now)
        if now < self._expires_at:
            return self._token
        if self._renewal is None:
            refused, _ = self._refused
            raise TokenUnavailable(str(refused)) from refused
        return await asyncio.shield(self._renewal)

    def forget(self, token: str) -> None:
        """``token`` was refused by the service it was presented to: the next :meth:`token` requests a new one."""
        if token == self._token:
            self._renew_at = self._expires_at = 0.0

    async def close(self) -> None:
        if self._renewal is not None:
            self._renewal.cancel()
            await asyncio.gather(self._renewal, return_exceptions=True)

    def _renew(self, now: float) -> None:
        if self._renewal is None and now >= self._refused[1] + RETRY_AFTER_S:
            self._renewal = asyncio.create_task(self._fetch(), name="access token")
            self._renewal.add_done_callback(self._renewed)

    def _renewed(self, renewal: asyncio.Task[str]) -> None:
        self._renewal = None
        if not renewal.cancelled() and isinstance(error := renewal.exception(), TokenUnavailable):
            self._refused = (error, _now())
            logger.warning("no token from %s: %s", self.url, error)

    async def _fetch(self) -> str:
        form = {"grant_type": "client_credentials", "client_id": self._app_id, "scope": self._scope}
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        try:
            form["client_secret"] = await call_outside(self._secret, TIMEOUT_S)
            async with (
                aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), timeout=timeout) as http,
                http.post(self.url, data=form, allow_redirects=False) as response,
            ):
                answer = await _answer(response)
        except TimeoutError as error:
            raise TokenUnavailable(f"no answer within {TIMEOUT_S:g} s") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise TokenUnavailable(f"{type(error).__name__}: {error}") from error
        token, lasts_s = answer.get("access_token"), _seconds(answer.get("expires_in"))
        if response.status != 200 or not isinstance(token, str) or not token:
            said = answer.get("error_description") or answer.get("error") or "no access_token"
            raise TokenUnavailable(f"HTTP {response.status}: {str(said)[:300]}")
        now = _now()
        self._token, self._expires_at = token, now + lasts_s
        self._renew_at = self._expires_at - min(EARLY_S, lasts_s / 2)
        return token


async def _answer(response: aiohttp.ClientResponse) -> dict[str, Any]:
    try:
        answer = await read_json(response, MAX_ANSWER)
    except ValueError:
        if response.status == 200:
            raise
        return {}  # an HTML error page; the caller reports the HTTP status
    return answer if isinstance(answer, dict) else {}


def _now() -> float:
    return asyncio.get_running_loop().time()


def _seconds(value: Any) -> float:
    try:
        seconds = float(value)
    except (TypeError, ValueError, OverflowError):
        return DEFAULT_LIFE_S
    return min(max(seconds, 0.0), MAX_LIFE_S) if math.isfinite(seconds) else DEFAULT_LIFE_S
