"""Whether a speech service outside this machine answers, asked all the time: calls would find out too late."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from urllib.parse import urlsplit

import aiohttp

from voicebot.speech import SpeechEndpoint, SpeechUnavailable
from voicebot.tasks import BackgroundTasks

logger = logging.getLogger(__name__)

LOOK_S = 5.0
ANSWER_S = 3.0


class SpeechWatch:
    """``trouble``: why speech would fail now; empty: nothing is known of. ``endpoint`` is asked each time."""

    def __init__(self, endpoint: Callable[[], SpeechEndpoint]) -> None:
        self.trouble = ""
        self._endpoint = endpoint
        self._tasks = BackgroundTasks(logger)

    def start(self) -> None:
        self._tasks.spawn(self._run(), "watching the speech service")

    async def close(self) -> None:
        await self._tasks.close()

    async def _run(self) -> None:
        while True:
            await self.look()
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Ask for anything, without a key: whatever the service answers, it is there."""
        before = self.trouble
        try:
            url = http_address(self._endpoint())
            timeout = aiohttp.ClientTimeout(total=ANSWER_S)
            async with aiohttp.ClientSession(timeout=timeout) as http, http.get(url, allow_redirects=False):
                self.trouble = ""
        except (aiohttp.ClientError, TimeoutError, OSError, SpeechUnavailable, ValueError) as error:
            self.trouble = f"the speech service is away: {str(error) or f'no answer in {ANSWER_S:g} s'}"
        if self.trouble and not before:
            logger.warning("%s", self.trouble)
        elif before and not self.trouble:
            logger.info("the speech service answers again")


def http_address(endpoint: SpeechEndpoint) -> str:
    """Where plain HTTP reaches the service."""
    url = endpoint.host or endpoint.endpoint or f"https://{endpoint.region}.api.cognitive.microsoft.com"
    parts = urlsplit(url)
    scheme = {"ws": "http", "wss": "https"}.get(parts.scheme, parts.scheme)
    return parts._replace(scheme=scheme, path="/", query="").geturl()
