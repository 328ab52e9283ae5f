"""Gives the SDK signing keys that are fetched without blocking the loop (:mod:`voicebot.signing_keys`).

The SDK fetches them with ``requests.get`` on the event loop and without a time limit, so that one request with any
well-formed token stops every conversation for as long as the key server takes to answer.
"""

from __future__ import annotations

from typing import Any

from voicebot.host.sdk_botbuilder import jwt_token_extractor
from voicebot.signing_keys import SigningKeys


class OpenIdKeys:
    """In the place of the SDK's class of the same use (``_OpenIdMetadata``)."""

    def __init__(self, url: str) -> None:
        self._keys = SigningKeys(url)

    async def get(self, key_id: str) -> Any:
        """The key as the SDK wants it; None for one that the authority does not have. Raises
        :class:`voicebot.signing_keys.KeysUnavailable`."""
        found = await self._keys.key(key_id) if isinstance(key_id, str) else None
        return jwt_token_extractor._OpenIdConfig(found.key, list(found.endorsements)) if found is not None else None


def use_unblocking_keys() -> None:
    """Make the SDK use :class:`OpenIdKeys` from now on (its own class has no other way in)."""
    jwt_token_extractor._OpenIdMetadata = OpenIdKeys
