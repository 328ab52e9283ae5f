"""Gives the SDK signing keys that are fetched without blocking the event loop (:mod:`voicebot.signing_keys`).

The SDK itself fetches them with ``requests.get`` on the event loop and without a time limit: one request with any
well-formed token would stop every conversation until the key server answers.
"""

from __future__ import annotations

from typing import Any

from voicebot.host.sdk_botbuilder import jwt_token_extractor
from voicebot.signing_keys import SigningKeys


class OpenIdKeys:
    """Replaces the SDK's ``_OpenIdMetadata``."""

    def __init__(self, url: str) -> None:
        self._keys = SigningKeys(url)

    async def get(self, key_id: str) -> Any:
        """The key in the SDK's form; None if the authority has no such key. Raises
        :class:`voicebot.signing_keys.KeysUnavailable`."""
        found = await self._keys.key(key_id) if isinstance(key_id, str) else None
        return jwt_token_extractor._OpenIdConfig(found.key, list(found.endorsements)) if found is not None else None


def use_unblocking_keys() -> None:
    """Make the SDK use :class:`OpenIdKeys` from now on. It has no setting for that, so its class is replaced."""
    jwt_token_extractor._OpenIdMetadata = OpenIdKeys
