"""The token of one Direct Line conversation: it is renewed, so that a call may last longer than a token."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from voicebot.bots.exchange import Undelivered
from voicebot.bots.service_client import CONNECT_S, ServiceClient, ServiceRefused
from voicebot.json_body import number_within

logger = logging.getLogger(__name__)

LIFE_S = (2.0, 24 * 3600.0)
"""The shortest and the longest life in seconds that ``expires_in`` may give; anything else is taken for the nearer."""
DEFAULT_LIFE_S = 1800.0


class DirectLineToken:
    """``service`` gives and renews it. Once it has expired, only the ``secret`` (``""``: none) can replace it."""

    def __init__(self, service: ServiceClient, name: str, secret: str) -> None:
        self._service = service
        self.name = name
        self._secret = secret
        self._life_s = DEFAULT_LIFE_S
        self.endpoint = ""
        self.conversation_url = ""
        """That of its conversation, once that has begun."""
        self.bearer = ""

    def take(self, answer: dict[str, Any]) -> None:
        """Take the token that almost every answer of the service holds. Raises Undelivered when there has been none."""
        token, life = answer.get("token"), answer.get("expires_in")
        if isinstance(token, str) and token:
            self.bearer = token
        elif not self.bearer:
            raise Undelivered("the service gave no token")
        self._life_s = number_within(life, *LIFE_S) or self._life_s

    async def renew(self) -> None:
        """Another token for the same conversation. Raises Undelivered."""
        try:
            self.take(await self._service.request("POST", f"{self.endpoint}/tokens/refresh", self.bearer))
        except ServiceRefused as refused:
            if refused.status not in (401, 403) or not self._secret:
                raise
            self.take(await self._service.request("GET", self.conversation_url, self._secret))

    async def renewed(self) -> bool:
        """Renew it. False when the service refuses: the conversation is lost. True also when nothing is known."""
        try:
            await self.renew()
        except ServiceRefused:
            return False
        except Undelivered:
            pass  # the service could not be asked: the caller tries again later
        return True

    async def renew_regularly(self) -> None:
        """Renew it whenever half its life is over, until cancelled."""
        while True:
            await asyncio.sleep(self._life_s / 2)
            for _ in range(4):
                try:
                    async with asyncio.timeout(CONNECT_S * 2):
                        await self.renew()
                    break
                except (Undelivered, TimeoutError) as error:
                    logger.warning("conversation %s: token not renewed: %s", self.name, error or "timeout")
                    await asyncio.sleep(self._life_s / 16)
