"""The token of one Direct Line conversation: kept fresh, so that a call may last longer than it."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from voicebot.bots.exchange import Undelivered
from voicebot.bots.service_client import CONNECT_S, ServiceClient, ServiceRefused

logger = logging.getLogger(__name__)

LIFE_S = (2.0, 24 * 3600.0)
"""What is believed of ``expires_in``."""
DEFAULT_LIFE_S = 1800.0


class DirectLineToken:
    """``service`` gives it; of an expired token, only the ``secret`` can make another one."""

    def __init__(self, service: ServiceClient, name: str, secret: str) -> None:
        self._service = service
        self.name = name
        self._secret = secret
        self._life_s = DEFAULT_LIFE_S
        self.endpoint = ""
        self.conversation_url = ""
        """Of the conversation that it is for, when it has begun."""
        self.bearer = ""
        self.renewals = 0

    def take(self, answer: dict[str, Any]) -> None:
        """What the service grants with almost every answer. Raises Undelivered when there is no token at all."""
        token, life = answer.get("token"), answer.get("expires_in")
        if isinstance(token, str) and token:
            self.bearer = token
        elif not self.bearer:
            raise Undelivered("the service gave no token")
        if isinstance(life, int | float) and not isinstance(life, bool) and life > 0:  # neither is NaN
            self._life_s = min(max(life, LIFE_S[0]), LIFE_S[1])

    async def renew(self) -> None:
        """Another token for the same conversation. Raises Undelivered."""
        try:
            self.take(await self._service.request("POST", f"{self.endpoint}/tokens/refresh", self.bearer))
        except ServiceRefused as refused:
            if refused.status not in (401, 403) or not self._secret:
                raise
            self.take(await self._service.request("GET", self.conversation_url, self._secret))
        self.renewals += 1

    async def renewed(self) -> bool:
        """Try; False when the service does not give another one: the conversation is lost."""
        try:
            await self.renew()
        except ServiceRefused:
            return False
        except Undelivered:
            pass  # not known: it is tried again
        return True

    async def renew_regularly(self) -> None:
        """At half its life, until cancelled."""
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
