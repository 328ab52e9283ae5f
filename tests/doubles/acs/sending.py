"""What the platform sends, and the tokens by which it proves that it is the platform."""

from __future__ import annotations

import time
from typing import Any

import aiohttp
from identity_double import IdentityDouble

from acs.faults import Faults

RESOURCE = "11111111-2222-3333-4444-555555555555"
"""The immutable id of the resource, the audience of its tokens."""
ISSUER = "https://acscallautomation.communication.azure.com"


class Sending:
    """One for all calls of a platform. ``async with``."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.identity = IdentityDouble({})
        self.http: aiohttp.ClientSession

    async def __aenter__(self) -> Sending:
        await self.identity.start()
        self.http = aiohttp.ClientSession()
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.http.close()
        await self.identity.close()

    @property
    def metadata_url(self) -> str:
        """Where the keys of the tokens are published."""
        return f"{self.identity.url}/calling/.well-known/acsopenidconfiguration"

    def token(self, lifetime_s: int = 300, **claims: Any) -> str:
        """A token of the platform; ``claims``: others than usual, and ``key`` and ``kid`` for forgeries."""
        now = int(time.time())
        return self.identity.sign(**({"iss": ISSUER, "aud": RESOURCE, "exp": now + lifetime_s} | claims))

    async def post(self, url: str, body: Any, authorization: str = "", **headers: str) -> int:
        """Send JSON. Returns the status of the answer; 0: nobody is there."""
        if authorization:
            headers["Authorization"] = authorization
        try:
            async with self.http.post(url, json=body, headers=headers) as response:
                return response.status
        except aiohttp.ClientError:
            return 0
