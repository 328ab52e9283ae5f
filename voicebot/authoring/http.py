"""Requests to web services: repeated within a time limit, and with one exception for all that the other side may do.

A turn of a dialog has ten seconds; whatever a file says, a request with all its attempts ends before that. Only
idempotent methods are repeated (RFC 9110, section 9.2.2), and only for what may pass: no connection, no answer in time,
and the statuses 429 and 5xx.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from tenacity import AsyncRetrying, RetryError, retry_if_exception_type, stop_after_attempt, wait_exponential

from voicebot.json_body import parse_json

LIMIT_S = 8.0
"""Seconds for all attempts together."""
MAX_ANSWER = 256 * 1024
IDEMPOTENT = frozenset({"get", "put", "delete"})


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request, with every gap filled."""

    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    body: Any = None
    timeout_s: float = 5.0
    retries: int = 0


class HttpFailed(Exception):
    """No good answer. ``status``: what the service answered, 0 when it did not."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class _MayPass(HttpFailed):
    """Worth another attempt."""


Fetch = Callable[[HttpRequest], Awaitable[Any]]
"""Asks; gives the answer's JSON (or text). Raises :class:`HttpFailed`."""


class HttpClient:
    """One session for all calls. Call :meth:`close` at the end."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def fetch(self, request: HttpRequest) -> Any:
        """Raises :class:`HttpFailed`."""
        attempts = 1 + (request.retries if request.method in IDEMPOTENT else 0)
        try:
            async with asyncio.timeout(LIMIT_S):
                async for attempt in AsyncRetrying(
                    stop=stop_after_attempt(attempts),
                    wait=wait_exponential(0.2, max=1.0),
                    retry=retry_if_exception_type(_MayPass),
                ):
                    with attempt:
                        return await self._once(request)
        except RetryError as error:
            failed = error.last_attempt.exception()
            raise failed if isinstance(failed, HttpFailed) else HttpFailed(str(failed)) from error
        except TimeoutError as error:
            raise HttpFailed(f"no answer within {LIMIT_S:g} s") from error
        raise HttpFailed("not asked")

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _once(self, request: HttpRequest) -> Any:
        if self._session is None:
            self._session = aiohttp.ClientSession()
        try:
            async with self._session.request(
                request.method.upper(),
                request.url,
                headers=request.headers,
                params=request.query,
                json=request.body,
                timeout=aiohttp.ClientTimeout(total=request.timeout_s),
            ) as response:
                data = await response.content.read(MAX_ANSWER + 1)
                while len(data) <= MAX_ANSWER and not response.content.at_eof():
                    data += await response.content.read(MAX_ANSWER + 1 - len(data))
                return _answer(response.status, data)
        except TimeoutError as error:
            raise _MayPass(f"no answer within {request.timeout_s:g} s") from error
        except aiohttp.InvalidURL as error:
            raise HttpFailed("not a web address") from error
        except (aiohttp.ClientError, OSError) as error:
            raise _MayPass(f"{type(error).__name__}: {error}"[:200]) from error
        except ValueError as error:  # a header with a line break, for instance
            raise HttpFailed(str(error)[:200]) from error


def _answer(status: int, data: bytes) -> Any:
    if status == 429 or status >= 500:
        raise _MayPass(f"the service answered {status}", status)
    if status >= 400:
        raise HttpFailed(f"the service answered {status}", status)
    if len(data) > MAX_ANSWER:
        raise HttpFailed(f"the answer has more than {MAX_ANSWER} bytes", status)
    text = data.decode("utf-8", "replace")
    if not text.strip():
        return None
    try:
        return parse_json(text, MAX_ANSWER, MAX_ANSWER)
    except ValueError:
        return text
