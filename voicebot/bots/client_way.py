"""A way to a bot that we reach as a client over HTTP: one session for all its calls, and which of them are open."""

from __future__ import annotations

import asyncio
import json
from abc import ABC, abstractmethod
from contextlib import suppress
from typing import Any, Generic, TypeVar

import aiohttp

from voicebot.bots.conversation import CallFacts, OnEvent
from voicebot.bots.exchange import Exchange
from voicebot.bots.remote_conversation import Undelivered
from voicebot.bots.ways import BotOptions

CONNECT_S = 5.0
MAX_BODY = 1 << 20
MAX_RETRY_AFTER_S = 30.0

Talk = TypeVar("Talk", bound=Exchange)


class Refused(Undelivered):
    """The service answered with an error. ``retry_after_s``: what it asked for, None without."""

    def __init__(self, status: int, text: str, retry_after_s: float | None = None) -> None:
        super().__init__(f"HTTP {status}: {text}" if text else f"HTTP {status}")
        self.status = status
        self.retry_after_s = retry_after_s


class NotConnected(Undelivered):
    """Nothing can have been taken: there was no connection."""


class ClientWay(ABC, Generic[Talk]):
    """The way to one bot (:class:`voicebot.bots.ways.BotWay`); a subclass makes its kind of conversation."""

    def __init__(self, bot: BotOptions | None = None) -> None:
        self.bot = bot or BotOptions()
        self._session: aiohttp.ClientSession | None = None
        self._open: set[Talk] = set()

    @property
    def conversations(self) -> int:
        """How many conversations are open."""
        return len(self._open)

    async def start(self) -> None:
        """For many calls: the limit is on what happens at once with one host, not on the connections."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, ttl_dns_cache=60),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S),
                cookie_jar=aiohttp.DummyCookieJar(),
            )

    def conversation(self, call: CallFacts, on_event: OnEvent) -> Talk:
        talk = self._talk(call, on_event)
        self._open.add(talk)
        talk.on_close(lambda: self._open.discard(talk))
        return talk

    @abstractmethod
    def _talk(self, call: CallFacts, on_event: OnEvent) -> Talk:
        """A conversation of this way's kind."""

    async def close(self) -> None:
        await asyncio.gather(*(talk.close("shutdown") for talk in list(self._open)))
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    @property
    def session(self) -> aiohttp.ClientSession:
        """Raises Undelivered before ``start`` and after ``close``."""
        if self._session is None:
            raise Undelivered("the way is not open")
        return self._session

    async def request(self, method: str, url: str, bearer: str = "", body: Any = None) -> dict[str, Any]:
        """A JSON exchange; ``{}`` for an answer without content. Raises :class:`Refused`, or Undelivered when nothing
        came back."""
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        try:
            async with self.session.request(method, url, headers=headers, json=body, allow_redirects=False) as response:
                if response.status >= 300:
                    text = (await response.content.read(2000)).decode(errors="replace")
                    raise Refused(response.status, said(text), _retry_after(response.headers.get("Retry-After")))
                content = await _bounded(response)
        except aiohttp.ClientConnectorError as error:
            raise NotConnected(f"cannot be reached: {error}") from None
        except (aiohttp.ClientError, OSError) as error:
            raise Undelivered(f"no answer: {error or type(error).__name__}") from None
        if not content.strip():
            return {}
        try:
            answer = json.loads(content)
        except (ValueError, RecursionError):
            raise Undelivered("the answer is not JSON") from None
        return answer if isinstance(answer, dict) else {}


async def _bounded(response: aiohttp.ClientResponse) -> bytes:
    content = bytearray()
    async for chunk in response.content.iter_chunked(65536):
        content += chunk
        if len(content) > MAX_BODY:
            raise Undelivered(f"the answer is longer than {MAX_BODY} bytes")
    return bytes(content)


def said(text: str) -> str:
    """What an error's body says: its ``error.message``, or the beginning of it."""
    with suppress(ValueError, RecursionError, AttributeError, KeyError, TypeError):
        return str(json.loads(text)["error"]["message"])[:200]
    return " ".join(text.split())[:200]


def _retry_after(value: str | None) -> float | None:
    try:
        return min(max(float(value), 0.0), MAX_RETRY_AFTER_S) if value is not None else None
    except ValueError:
        return None
