"""HTTP to the service in front of a bot: one session for all its calls, JSON in both directions, typed failures."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Any, Final

import aiohttp

from voicebot.bots.exchange import Undelivered
from voicebot.json_body import parse_json, read_json

CONNECT_S = 5.0
MAX_BODY = 1 << 20
MAX_RETRY_AFTER_S = 30.0
NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})
NO_CONNECTION = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
"""aiohttp's errors after which the other side cannot have received anything."""


class ServiceRefused(Undelivered):
    """The service answered with an error status. ``retry_after_s``: its ``Retry-After`` in seconds, None without."""

    def __init__(self, status: int, text: str, retry_after_s: float | None = None) -> None:
        super().__init__(f"HTTP {status}: {text}" if text else f"HTTP {status}")
        self.status = status
        self.retry_after_s = retry_after_s


class NotConnected(Undelivered):
    """There was no connection, so the other side has received nothing."""


class ServiceClient:
    """``open`` and ``close`` belong to its owner."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    def open(self) -> None:
        """Make the session. Connections are not limited: each call has at most a few requests at once."""
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

    async def request(
        self, method: str, url: str, bearer: str = "", body: Any = None, headers: Mapping[str, str] = NO_HEADERS
    ) -> dict[str, Any]:
        """The JSON object that the service answers; ``{}`` for an answer without content.

        Raises :class:`ServiceRefused`, :class:`NotConnected`, or Undelivered for an answer that is cut off or not JSON.
        """
        sent = {**headers, **({"Authorization": f"Bearer {bearer}"} if bearer else {})}
        try:
            async with self.session.request(method, url, headers=sent, json=body, allow_redirects=False) as response:
                if response.status >= 300:
                    raise await refusal(response)
                answer = await read_json(response, MAX_BODY)
        except NO_CONNECTION as error:
            raise NotConnected(f"cannot be reached: {error}") from error
        except (aiohttp.ClientError, OSError) as error:
            raise Undelivered(f"no answer: {str(error) or type(error).__name__}") from error
        except ValueError as error:
            raise Undelivered(str(error)) from error
        return answer if isinstance(answer, dict) else {}


async def refusal(response: aiohttp.ClientResponse) -> ServiceRefused:
    """The exception for an error response. Its text is the response's ``error.message``, or the start of the body."""
    text = (await response.content.read(2000)).decode(errors="replace")
    said = " ".join(text.split())[:200]
    with suppress(ValueError, AttributeError, KeyError, TypeError):
        said = str(parse_json(text)["error"]["message"])[:200]
    return ServiceRefused(response.status, said, _retry_after(response.headers.get("Retry-After")))


def _retry_after(value: str | None) -> float | None:
    """Seconds, at most :data:`MAX_RETRY_AFTER_S`; None without the header, and for its form as a date."""
    try:
        seconds = float(value or "nan")
    except ValueError:
        return None
    return min(max(seconds, 0.0), MAX_RETRY_AFTER_S) if not math.isnan(seconds) else None
