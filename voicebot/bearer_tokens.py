"""Tokens that others present to us: bearer tokens (RFC 6750) that are JWTs (RFC 7519).

Signature, issuer, audience and time are checked here. Whether this sender may do what it asks is decided by the caller,
from the claims.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jwt

from voicebot.signing_keys import ALGORITHM, KeysUnavailable, SigningKeys

CLOCK_SKEW_S = 300
MAX_TOKEN = 16 * 1024


class NotAuthorized(Exception):
    """``status``: 401 not authenticated, 403 authenticated but not permitted, 503 cannot be checked at the moment."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class BearerTokens:
    """Checks tokens of ``issuers`` for ``audience``, signed with the keys behind ``metadata_url`` (OpenID metadata)."""

    def __init__(self, metadata_url: str, issuers: Sequence[str], audience: str) -> None:
        self._keys = SigningKeys(metadata_url)
        self._issuers = list(issuers)
        self._audience = audience

    async def claims(self, authorization: str) -> dict[str, Any]:
        """The claims of the token in the Authorization header. Raises :class:`NotAuthorized` (401, 503)."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token or len(token) > MAX_TOKEN:
            raise NotAuthorized(401, "a bearer token is required")
        try:
            key_id = jwt.get_unverified_header(token).get("kid")
            key = await self._keys.key(key_id) if isinstance(key_id, str) else None
            if key is None:
                raise NotAuthorized(401, "the token is signed with an unknown key")
            claims: dict[str, Any] = jwt.decode(
                token,
                key.key,
                algorithms=[ALGORITHM],
                audience=self._audience,
                issuer=self._issuers,
                leeway=CLOCK_SKEW_S,
                options={"require": ["exp", "iss", "aud"]},
            )
        except KeysUnavailable as error:
            raise NotAuthorized(503, "tokens cannot be checked at the moment") from error
        except NotAuthorized:
            raise
        except Exception as error:  # also what the library does not foresee in the claims of a stranger
            raise NotAuthorized(401, f"the token is not valid: {ascii(str(error))[1:-1][:200]}") from error
        return claims

    async def prepare(self) -> None:
        """Fetch the keys, so that the first token need not wait for them. Raises :class:`KeysUnavailable`."""
        await self._keys.key("")

    async def close(self) -> None:
        await self._keys.close()
