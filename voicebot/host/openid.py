"""Fetches the keys that inbound tokens are signed with, off the loop and with a deadline.

The SDK fetches them with ``requests.get`` on the event loop and without a time limit, so that one request with any
well-formed token stops every conversation for as long as the key server takes to answer.
"""

from __future__ import annotations

import asyncio
import time
from datetime import datetime
from typing import Any

import requests

from voicebot.host.sdk_botbuilder import jwt_token_extractor

TIMEOUT_S = 5.0
RETRY_AFTER_S = 10.0
"""After a failure no other attempt is made for so long: strangers must not make us hammer the key server."""


class KeysUnavailable(Exception):
    """The signing keys could not be fetched: nobody can be let in, which is not the caller's fault."""


def fetch_keys(metadata_url: str) -> list[dict[str, Any]]:
    """The keys behind an OpenID metadata document. Blocks. Raises :class:`KeysUnavailable`."""
    try:
        document = requests.get(metadata_url, timeout=TIMEOUT_S)
        document.raise_for_status()
        answer = requests.get(document.json()["jwks_uri"], timeout=TIMEOUT_S)
        answer.raise_for_status()
        keys = answer.json()["keys"]
    except (requests.RequestException, ValueError, KeyError, TypeError) as error:
        raise KeysUnavailable(f"{metadata_url}: {error}") from error
    return [key for key in keys if isinstance(key, dict) and isinstance(key.get("kid"), str)]


class OpenIdKeys(jwt_token_extractor._OpenIdMetadata):  # type: ignore[misc]
    """The SDK's key cache (a day; an unknown key refreshes at most once an hour) with a refresh that does not block."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.last_updated: datetime
        self._refreshing: asyncio.Lock = asyncio.Lock()
        self._failed_at = float("-inf")

    async def _refresh(self) -> None:
        before = self.last_updated
        async with self._refreshing:
            if self.last_updated != before:
                return  # somebody else has just done it
            if time.monotonic() - self._failed_at < RETRY_AFTER_S:
                raise KeysUnavailable(f"{self.url}: failed a moment ago")
            try:
                keys = await asyncio.to_thread(fetch_keys, self.url)
            except KeysUnavailable:
                self._failed_at = time.monotonic()
                raise
            self.keys, self.last_updated = keys, datetime.now()

    def _find(self, key_id: str) -> Any:
        # The SDK's own raises IndexError for a key that it does not know.
        known = [key for key in self.keys if key["kid"] == key_id]
        if not known:
            return None
        self_keys, self.keys = self.keys, known
        try:
            return super()._find(key_id)
        finally:
            self.keys = self_keys


def use_unblocking_keys() -> None:
    """Make the SDK use :class:`OpenIdKeys` from now on (its own class has no other way in)."""
    jwt_token_extractor._OpenIdMetadata = OpenIdKeys
