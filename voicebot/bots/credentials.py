"""The token that we show to a bot: client credentials, as the Bot Framework Emulator gets it (RFC 6749, 4.4).

We hold the bot's own app id and secret, and ask the authority for a token whose audience is the bot itself (scope
``{appId}/.default``). One token serves all conversations with the bot; it is renewed in the background well before it
expires, by one request however many conversations wait.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from typing import Any

import aiohttp

logger = logging.getLogger(__name__)

BOT_FRAMEWORK_TENANT = "d6d49420-f39b-4df7-a1dc-d59a935871db"
"""The tenant ``botframework.com``, which gives tokens to bots of type MultiTenant."""
AUTHORITY = "https://login.microsoftonline.com"
TIMEOUT_S = 5.0
MAX_ANSWER = 64 * 1024
EARLY_S = 300.0
"""A token is renewed so long before it expires, or at half its life when that is shorter."""
RETRY_AFTER_S = 2.0
"""After a refusal the authority is left alone for so long."""


class TokenUnavailable(Exception):
    """The authority gave no token; the text says why, without the secret."""


class ClientCredentials:
    """Tokens for one bot. ``secret`` is asked for at each renewal: a mounted secret may have been replaced."""

    def __init__(
        self,
        app_id: str,
        secret: Callable[[], str],
        *,
        authority: str = AUTHORITY,
        tenant: str = BOT_FRAMEWORK_TENANT,
        scope: str = "",
    ) -> None:
        self.url = f"{authority.rstrip('/')}/{tenant}/oauth2/v2.0/token"
        self._app_id = app_id
        self._secret = secret
        self._scope = scope or f"{app_id}/.default"
        self._token = ""
        self._renew_at = self._expires_at = 0.0
        self._renewal: asyncio.Task[str] | None = None
        self._refused = ("", float("-inf"))

    async def token(self, http: aiohttp.ClientSession) -> str:
        """A token that is good for now. Raises :class:`TokenUnavailable`."""
        now = asyncio.get_running_loop().time()
        if now >= self._renew_at:
            self._renew(http, now)
        if now < self._expires_at:
            return self._token
        if self._renewal is None:
            raise TokenUnavailable(self._refused[0])
        return await asyncio.shield(self._renewal)

    def forget(self, token: str) -> None:
        """The bot refused ``token``: the next call of :meth:`token` gets another one."""
        if token == self._token:
            self._renew_at = self._expires_at = 0.0

    async def close(self) -> None:
        if self._renewal is not None:
            self._renewal.cancel()
            await asyncio.gather(self._renewal, return_exceptions=True)

    def _renew(self, http: aiohttp.ClientSession, now: float) -> None:
        if self._renewal is None and now >= self._refused[1] + RETRY_AFTER_S:
            self._renewal = asyncio.create_task(self._fetch(http), name="token for a bot")
            self._renewal.add_done_callback(self._renewed)

    def _renewed(self, renewal: asyncio.Task[str]) -> None:
        self._renewal = None
        if not renewal.cancelled() and (error := renewal.exception()) is not None:
            self._refused = (str(error), asyncio.get_running_loop().time())
            logger.warning("no token from %s: %s", self.url, error)

    async def _fetch(self, http: aiohttp.ClientSession) -> str:
        form = {"grant_type": "client_credentials", "client_id": self._app_id, "scope": self._scope}
        try:
            form["client_secret"] = await asyncio.to_thread(self._secret)
            timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
            async with http.post(self.url, data=form, timeout=timeout, allow_redirects=False) as response:
                answer = await _answer(response)
        except TimeoutError:
            raise TokenUnavailable(f"no answer within {TIMEOUT_S:g} s") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise TokenUnavailable(f"{type(error).__name__}: {error}") from None
        answer = answer if isinstance(answer, dict) else {}
        token, lasts_s = answer.get("access_token"), _seconds(answer.get("expires_in"))
        if response.status != 200 or not isinstance(token, str) or not token:
            said = answer.get("error_description") or answer.get("error") or "no access_token"
            raise TokenUnavailable(f"HTTP {response.status}: {str(said)[:300]}")
        now = asyncio.get_running_loop().time()
        self._token, self._expires_at = token, now + lasts_s
        self._renew_at = self._expires_at - min(EARLY_S, lasts_s / 2)
        return token


async def _answer(response: aiohttp.ClientResponse) -> Any:
    try:
        return await read_json(response, MAX_ANSWER)
    except ValueError:
        if response.status == 200:
            raise
        return None  # an error page: the status says more


async def read_json(response: aiohttp.ClientResponse, limit: int) -> Any:
    """The body as JSON; an empty one is None. Raises ValueError when it is not JSON, or longer than ``limit`` bytes."""
    body = bytearray()
    async for piece in response.content.iter_chunked(16 * 1024):
        body += piece
        if len(body) > limit:
            raise ValueError(f"an answer of more than {limit} bytes")
    try:
        return json.loads(body) if body.strip() else None
    except RecursionError:
        raise ValueError("JSON nested too deeply") from None


def _seconds(value: Any) -> float:
    try:
        return min(max(float(value), 0.0), 86400.0)
    except (TypeError, ValueError):
        return 300.0
