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
from tenacity import RetryError, retry_if_exception_type, stop_after_attempt, wait_exponential
from yarl import URL

from voicebot.json_body import parse_json
from voicebot.retrying import Attempts
from voicebot.trace_context import TRACEPARENT, current
from voicebot.web_access import public_connector

LIMIT_S = 8.0
"""Seconds for all attempts together."""
MAX_ANSWER = 256 * 1024
IDEMPOTENT = frozenset({"get", "put", "delete"})
MAX_REDIRECTS = 3
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


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
    """For all calls. Call :meth:`close` at the end.

    Redirections are followed: on the same server with everything that was asked there, to another one with nothing of
    it (no header, no body: they hold secrets), and only to public addresses.
    """

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None
        self._elsewhere: aiohttp.ClientSession | None = None

    async def fetch(self, request: HttpRequest) -> Any:
        """Raises :class:`HttpFailed`."""
        attempts = 1 + (request.retries if request.method in IDEMPOTENT else 0)
        try:
            async with asyncio.timeout(LIMIT_S):
                async for attempt in Attempts(
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
        sessions, self._session, self._elsewhere = (self._session, self._elsewhere), None, None
        for session in sessions:
            if session is not None:
                await session.close()

    async def _once(self, request: HttpRequest) -> Any:
        try:
            async with asyncio.timeout(request.timeout_s):
                return await self._answered(request)
        except TimeoutError as error:
            raise _MayPass(f"no answer within {request.timeout_s:g} s") from error
        except aiohttp.InvalidURL as error:
            raise HttpFailed("not a web address") from error
        except (aiohttp.ClientError, OSError) as error:
            raise _MayPass(f"{type(error).__name__}: {error}"[:200]) from error
        except ValueError as error:  # a header with a line break, for instance
            raise HttpFailed(str(error)[:200]) from error

    async def _answered(self, request: HttpRequest) -> Any:
        asked, session = _Asked.of(request), self._at_home()
        for _ in range(MAX_REDIRECTS + 1):
            async with session.request(
                asked.method,
                asked.url,
                headers=asked.headers,
                json=asked.body,
                timeout=aiohttp.ClientTimeout(total=request.timeout_s),
                allow_redirects=False,
            ) as response:
                location = response.headers.get("Location")
                if response.status not in _REDIRECTS or location is None:
                    return _answer(response.status, await _content(response))
                before, asked = asked, asked.redirected(response.status, location)
            if not before.is_at(asked.url):
                session = self._abroad()
        raise HttpFailed(f"more than {MAX_REDIRECTS} redirections")

    def _at_home(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        return self._session

    def _abroad(self) -> aiohttp.ClientSession:
        if self._elsewhere is None:
            self._elsewhere = aiohttp.ClientSession(connector=public_connector(), cookie_jar=aiohttp.DummyCookieJar())
        return self._elsewhere


@dataclass(frozen=True, slots=True)
class _Asked:
    """One request on its way, which redirections change."""

    method: str
    url: URL
    headers: dict[str, str]
    body: Any

    @classmethod
    def of(cls, request: HttpRequest) -> _Asked:
        url = URL(request.url)
        if request.query:
            url = url.extend_query(request.query)
        if url.scheme not in ("http", "https") or not url.host:
            raise HttpFailed("not a web address")
        return cls(request.method.upper(), url, _traced(request.headers), request.body)

    def is_at(self, url: URL) -> bool:
        """Whether ``url`` is of the same server: the same origin, or its encrypted one."""
        encrypted = self.url.scheme == "http" and url.scheme == "https" and self.url.is_default_port()
        return url.origin() == self.url.origin() or (url.host == self.url.host and encrypted and url.is_default_port())

    def redirected(self, status: int, location: str) -> _Asked:
        """What is asked instead (RFC 9110, section 15.4). Raises :class:`HttpFailed`."""
        url = self.url.join(URL(location))
        if url.scheme not in ("http", "https") or not url.host or url.user is not None:
            raise HttpFailed("a redirection to what is not a web address", status)
        if self.url.scheme == "https" and url.scheme == "http":
            raise HttpFailed("a redirection to what is not encrypted", status)
        method, body = self.method, self.body
        if status == 303 or (status in (301, 302) and method == "POST"):
            method, body = "GET", None
        if self.is_at(url):
            return _Asked(method, url, self.headers, body)
        if method != "GET" or body is not None:
            raise HttpFailed(f"a redirection to another server, {url.host}, which would get what was sent", status)
        return _Asked(method, url, {}, None)


def _traced(headers: dict[str, str]) -> dict[str, str]:
    """``headers``, with the trace of the call that asks, if it has one and the file says nothing else."""
    trace = current.get()
    if not trace or TRACEPARENT in {name.lower() for name in headers}:
        return headers
    return {**headers, TRACEPARENT: trace}


async def _content(response: aiohttp.ClientResponse) -> bytes:
    """The body, or one byte more than is taken of it."""
    data = await response.content.read(MAX_ANSWER + 1)
    while len(data) <= MAX_ANSWER and not response.content.at_eof():
        data += await response.content.read(MAX_ANSWER + 1 - len(data))
    return data


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
