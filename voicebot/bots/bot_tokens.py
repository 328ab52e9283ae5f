"""Is a request to our Connector API from the bot that it claims to be? (Bot Framework "Connector to bot", reversed.)

A bot shows a token of the Microsoft identity platform whose audience is the Bot Framework and whose ``appid`` (version
1) or ``azp`` (version 2) is the bot's own. The keys that it is signed with come from the authority's OpenID metadata;
they are fetched without blocking, with time limits, and kept for a day. A key that we do not know leads to one fetch,
and to no other for a while: strangers must not make us hammer the authority.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import aiohttp
import jwt

from voicebot.bots.credentials import AUTHORITY, BOT_FRAMEWORK_TENANT, read_json

logger = logging.getLogger(__name__)

AUDIENCE = "https://api.botframework.com"
CLOCK_SKEW_S = 300
KEYS_LAST_S = 86400.0
COOLDOWN_S = 60.0
FAILED_COOLDOWN_S = 5.0
TIMEOUT_S = 5.0
MAX_DOCUMENT = 1 << 20
MAX_TOKEN = 16 * 1024
ALGORITHMS = ["RS256"]


class NotAuthorized(Exception):
    """``status``: 401 nobody we know, 403 somebody else than the bot, 503 cannot be found out now."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class SigningKeys:
    """The keys behind an OpenID metadata document, cached. Time is the loop's."""

    def __init__(self, metadata_url: str) -> None:
        self.metadata_url = metadata_url
        self._keys: dict[str, Any] = {}
        self._fetched_at = self._tried_at = float("-inf")
        self._failed = False
        self._fetching: asyncio.Task[None] | None = None

    async def key(self, key_id: str, http: aiohttp.ClientSession) -> Any | None:
        """The key by this id; None when the authority has none. Raises :class:`NotAuthorized` (503)."""
        now = asyncio.get_running_loop().time()
        fresh = now - self._fetched_at < KEYS_LAST_S
        if key_id in self._keys and fresh:
            return self._keys[key_id]
        cooldown_s = FAILED_COOLDOWN_S if self._failed else COOLDOWN_S
        if self._fetching is None and now - self._tried_at >= cooldown_s:
            self._tried_at = now
            self._fetching = asyncio.create_task(self._fetch(http), name="signing keys")
            self._fetching.add_done_callback(self._over)
        if self._fetching is not None:
            await asyncio.shield(self._fetching)
        if self._failed and key_id not in self._keys:
            raise NotAuthorized(503, "tokens cannot be checked now")
        return self._keys.get(key_id)  # when the authority is away, an old key is better than none

    async def close(self) -> None:
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.gather(self._fetching, return_exceptions=True)

    def _over(self, _: asyncio.Task[None]) -> None:
        self._fetching = None

    async def _fetch(self, http: aiohttp.ClientSession) -> None:
        try:
            metadata = await self._document(self.metadata_url, http)
            document = await self._document(str(metadata["jwks_uri"]), http)
            keys = {}
            for entry in document["keys"]:
                if isinstance(entry, dict) and entry.get("kty") == "RSA" and isinstance(entry.get("kid"), str):
                    keys[entry["kid"]] = jwt.PyJWK(entry, algorithm="RS256").key
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, KeyError, TypeError, jwt.PyJWTError) as error:
            self._failed = True
            logger.error("signing keys cannot be fetched from %s: %s", self.metadata_url, error or type(error).__name__)
            return
        self._failed = False
        self._keys, self._fetched_at = keys, asyncio.get_running_loop().time()

    async def _document(self, url: str, http: aiohttp.ClientSession) -> dict[str, Any]:
        async with http.get(url, timeout=aiohttp.ClientTimeout(total=TIMEOUT_S)) as response:
            response.raise_for_status()
            document = await read_json(response, MAX_DOCUMENT)
        if not isinstance(document, dict):
            raise ValueError("not a JSON object")
        return document


class BotTokens:
    """Checks the tokens of the bot ``app_id``. ``authority`` and ``tenant``: where its tokens come from."""

    def __init__(
        self,
        app_id: str,
        *,
        authority: str = AUTHORITY,
        tenant: str = BOT_FRAMEWORK_TENANT,
        audience: str = AUDIENCE,
    ) -> None:
        authority = authority.rstrip("/")
        self.app_id = app_id
        self._audience = audience
        self._issuers = [
            f"https://sts.windows.net/{tenant}/",
            f"{authority}/{tenant}/",
            f"{authority}/{tenant}/v2.0",
        ]
        self._keys = SigningKeys(f"{authority}/{tenant}/v2.0/.well-known/openid-configuration")

    async def check(self, authorization: str, http: aiohttp.ClientSession) -> None:
        """Return if ``authorization`` (the header) is the bot's. Raises :class:`NotAuthorized`."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token or len(token) > MAX_TOKEN:
            raise NotAuthorized(401, "a bearer token is needed")
        try:
            key_id = jwt.get_unverified_header(token).get("kid")
            key = await self._keys.key(key_id, http) if isinstance(key_id, str) else None
            if key is None:
                raise NotAuthorized(401, "the token is signed with an unknown key")
            claims = jwt.decode(
                token,
                key,
                algorithms=ALGORITHMS,
                audience=self._audience,
                issuer=self._issuers,
                leeway=CLOCK_SKEW_S,
                options={"require": ["exp", "iss", "aud"]},
            )
        except (jwt.PyJWTError, ValueError, RecursionError) as error:
            raise NotAuthorized(401, f"the token is not good: {error}") from None
        if (claims.get("appid") or claims.get("azp")) != self.app_id:
            raise NotAuthorized(403, "the token is another bot's")

    async def close(self) -> None:
        await self._keys.close()
