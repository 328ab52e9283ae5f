"""Checks the token of a request to our Connector API: does it come from the bot that it must come from?

A bot shows a token of the Microsoft identity platform whose audience is the Bot Framework and whose ``appid`` (version
1) or ``azp`` (version 2) is the bot's app id (Bot Framework authentication, "bot to connector").
"""

from __future__ import annotations

from voicebot.access_tokens import AUTHORITY
from voicebot.bearer_tokens import BearerTokens, NotAuthorized

BOT_FRAMEWORK_TENANT = "d6d49420-f39b-4df7-a1dc-d59a935871db"
"""The tenant ``botframework.com``, which gives tokens to bots of type MultiTenant."""
AUDIENCE = "https://api.botframework.com"


class BotTokens:
    """Checks the tokens of the bot ``app_id``. ``authority`` and ``tenant``: where its tokens come from."""

    def __init__(self, app_id: str, *, authority: str = AUTHORITY, tenant: str = BOT_FRAMEWORK_TENANT) -> None:
        base = f"{authority.rstrip('/')}/{tenant}"
        self._app_id = app_id
        self._tokens = BearerTokens(
            f"{base}/v2.0/.well-known/openid-configuration",
            (f"https://sts.windows.net/{tenant}/", f"{base}/", f"{base}/v2.0"),
            AUDIENCE,
        )

    async def check(self, authorization: str) -> None:
        """Check ``authorization``, the value of the request's header. Raises NotAuthorized unless it is the bot's."""
        claims = await self._tokens.claims(authorization)
        if (claims.get("appid") or claims.get("azp")) != self._app_id:
            raise NotAuthorized(403, "the token is another bot's")

    async def close(self) -> None:
        await self._tokens.close()
