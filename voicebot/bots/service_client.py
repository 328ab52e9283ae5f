"""HTTP to the service in front of a bot: one session for all its calls, JSON both ways, and who refused what."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import Any

import aiohttp

from voicebot.bots.exchange import Undelivered
from voicebot.json_body import parse_json, read_json

CONNECT_S = 5.0
MAX_BODY = 1 << 20
MAX_RETRY_AFTER_S = 30.0


class ServiceRefused(Undelivered):
    """The service answered with an error. ``retry_after_s``: what it asked for, None without."""

    def __init__(self, status: int, text: str, retry_after_s: float | None = None) -> None:
        super().__init__(f"HTTP {status}: {text}" if text else f"HTTP {status}")
        self.status = status
        self.retry_after_s = retry_after_s


class NotConnected(Undelivered):
    """Nothing can have been taken: there was no connection."""


class ServiceClient:
    """``open`` and ``close`` belong to its owner."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    def open(self) -> None:
        """For many calls: the limit is on what happens at once with one host, not on the connections."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, ttl_dns_cache=60),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S),
                cookie_jar=aiohttp.DummyCookieJar(),
            )

    async def close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    @property
    def session(self) -> aiohttp.ClientSession:
        """Raises Undelivered before ``open`` and after ``close``."""
        if self._session is None:
            raise Undelivered("the channel is not open")
        return self._session

    async def request(self, method: str, url: str, bearer: str = "", body: Any = None) -> dict[str, Any]:
        """A JSON exchange; ``{}`` for an answer without content. Raises :class:`ServiceRefused`, or Undelivered when
        nothing came back that makes sense."""
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        try:
            async with self.session.request(method, url, headers=headers, json=body, allow_redirects=False) as response:
                if response.status >= 300:
                    raise await refusal(response)
                answer = await read_json(response, MAX_BODY)
        except aiohttp.ClientConnectorError as error:
            raise NotConnected(f"cannot be reached: {error}") from error
        except (aiohttp.ClientError, OSError) as error:
            raise Undelivered(f"no answer: {error or type(error).__name__}") from error
        except ValueError as error:
            raise Undelivered(str(error)) from error
        return answer if isinstance(answer, dict) else {}


async def refusal(response: aiohttp.ClientResponse) -> ServiceRefused:
    """What an error response says: its ``error.message``, or the beginning of its body."""
    text = (await response.content.read(2000)).decode(errors="replace")
    said = " ".join(text.split())[:200]
    with suppress(ValueError, AttributeError, KeyError, TypeError):
        said = str(parse_json(text)["error"]["message"])[:200]
    return ServiceRefused(response.status, said, _retry_after(response.headers.get("Retry-After")))


def _retry_after(value: str | None) -> float | None:
    try:
        wanted_s = float(value or "")
    except ValueError:
        return None
    return min(max(wanted_s, 0.0), MAX_RETRY_AFTER_S) if math.isfinite(wanted_s) else None
