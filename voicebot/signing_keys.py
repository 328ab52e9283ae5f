"""The public keys that tokens are signed with, as an authority publishes them (OpenID Connect Discovery, RFC 7517).

They are fetched without blocking the loop, with time limits, and kept for a day. An unknown key id causes one fetch,
then no other for a minute: made-up key ids must not make us flood the authority with requests. If the authority cannot
be reached, the old keys stay in use.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Any

import aiohttp
import jwt

from voicebot.json_body import read_json

logger = logging.getLogger(__name__)

KEYS_LAST_S = 86400.0
COOLDOWN_S = 60.0
FAILED_COOLDOWN_S = 5.0
TIMEOUT_S = 5.0
MAX_DOCUMENT = 1 << 20
ALGORITHM = "RS256"


class KeysUnavailable(Exception):
    """The signing keys could not be fetched, so no token can be checked at the moment (HTTP 503, not 401)."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """``key``: a ``cryptography`` RSA public key. ``endorsements``: which channels may use it (Bot Framework)."""

    key: Any
    endorsements: tuple[str, ...] = ()


class SigningKeys:
    """The keys behind the OpenID metadata document at ``metadata_url``, cached."""

    def __init__(self, metadata_url: str) -> None:
        self.metadata_url = metadata_url
        self._keys: dict[str, SigningKey] = {}
        self._fetched_at = self._tried_at = float("-inf")
        self._failure: KeysUnavailable | None = None
        self._fetching: asyncio.Task[None] | None = None

    async def key(self, key_id: str) -> SigningKey | None:
        """The key with this id; None if the authority has no such key. Raises :class:`KeysUnavailable`."""
        now = asyncio.get_running_loop().time()
        fresh = now - self._fetched_at < KEYS_LAST_S
        if key_id in self._keys and fresh:
            return self._keys[key_id]
        cooldown_s = FAILED_COOLDOWN_S if self._failure is not None else COOLDOWN_S
        if self._fetching is None and now - self._tried_at >= cooldown_s:
            self._tried_at = now
            self._fetching = asyncio.create_task(self._fetch(), name="signing keys")
            self._fetching.add_done_callback(self._over)
        if self._fetching is not None:
            await asyncio.shield(self._fetching)
        if self._failure is not None and key_id not in self._keys:
            raise KeysUnavailable(str(self._failure)) from self._failure
        return self._keys.get(key_id)

    async def close(self) -> None:
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.gather(self._fetching, return_exceptions=True)

    def _over(self, _: asyncio.Task[None]) -> None:
        self._fetching = None

    async def _fetch(self) -> None:
        try:
            self._keys = await fetch_keys(self.metadata_url)
        except KeysUnavailable as error:
            self._failure = error
            logger.error("%s", error)
        else:
            self._failure, self._fetched_at = None, asyncio.get_running_loop().time()


async def fetch_keys(metadata_url: str) -> dict[str, SigningKey]:
    """The RSA keys behind an OpenID metadata document, by their ids. Raises :class:`KeysUnavailable`."""
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    try:
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), timeout=timeout) as http:
            metadata = await _document(metadata_url, http)
            document = await _document(str(metadata["jwks_uri"]), http)
        return {
            entry["kid"]: key
            for entry in document["keys"]
            if isinstance(entry, dict) and entry.get("kty") == "RSA" and isinstance(entry.get("kid"), str)
            if (key := _signing_key(entry)) is not None
        }
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError, KeyError, TypeError) as error:
        why = str(error) or type(error).__name__
        raise KeysUnavailable(f"signing keys cannot be fetched from {metadata_url}: {why}") from error


def _signing_key(entry: dict[str, Any]) -> SigningKey | None:
    """None for a malformed key: RFC 7517, section 5, wants it ignored, and the other keys used."""
    try:
        key = jwt.PyJWK(entry, algorithm=ALGORITHM).key
    except (jwt.PyJWTError, ValueError, TypeError, AttributeError) as error:
        logger.warning("the signing key %.40r is ignored: %s", entry["kid"], error)
        return None
    endorsements = entry.get("endorsements")
    return SigningKey(key, tuple(map(str, endorsements)) if isinstance(endorsements, list) else ())


async def _document(url: str, http: aiohttp.ClientSession) -> dict[str, Any]:
    async with http.get(url) as response:
        response.raise_for_status()
        document = await read_json(response, MAX_DOCUMENT)
    if not isinstance(document, dict):
        raise ValueError("not a JSON object")
    return document
