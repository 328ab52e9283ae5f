"""Giving something to a bot, or to the service in front of it: when it is sent again, and what a refused token means.

The rule is the same on every channel. A request is sent again only when the other side certainly did not accept it:
there was no connection, or the answer was 429 or 503. After any other failure the bot may have worked on it already,
and asking it twice would do more harm than an apology to the caller.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from voicebot.access_tokens import TokenUnavailable
from voicebot.bots.exchange import Undelivered
from voicebot.bots.service_client import NotConnected, ServiceRefused

logger = logging.getLogger(__name__)

FIRST_PAUSE_S = 0.2
LAST_PAUSE_S = 5.0
_TURNED_AWAY = (429, 503)

T = TypeVar("T")


class Backoff:
    """Pauses that double from ``first_s`` to ``last_s`` seconds.

    Each is up to a fifth longer or shorter, so that calls that failed together do not come back together.
    """

    def __init__(self, first_s: float, last_s: float) -> None:
        self._first_s = self._next_s = first_s
        self._last_s = last_s

    def next_s(self) -> float:
        """The next pause, in seconds."""
        pause_s = self._next_s
        self._next_s = min(pause_s * 2, self._last_s)
        return pause_s * random.uniform(0.8, 1.2)

    def reset(self) -> None:
        """Begin with the first pause again."""
        self._next_s = self._first_s


class TokenSource(Protocol):
    """Where the tokens that we show come from: :class:`voicebot.access_tokens.ClientCredentials`."""

    async def token(self) -> str:
        """One that has not expired. Raises :class:`~voicebot.access_tokens.TokenUnavailable`."""

    def forget(self, token: str) -> None:
        """``token`` was refused by the service that it was shown to: the next one is another."""

    async def close(self) -> None:
        """Nobody asks any more."""


async def until_accepted(attempt: Callable[[], Awaitable[T]], within_s: float, what: str) -> T:
    """What ``attempt`` returns. It is repeated after no connection, 429 and 503, with a growing pause between attempts.

    A ``Retry-After`` that is longer than the pause replaces it. When the next attempt would begin more than
    ``within_s`` seconds after the first one, and after any other failure, raises what ``attempt`` raised. ``what``
    names the request in the log.
    """
    loop = asyncio.get_running_loop()
    end = loop.time() + within_s
    backoff = Backoff(FIRST_PAUSE_S, LAST_PAUSE_S)
    while True:
        try:
            return await attempt()
        except NotConnected as error:
            reason, pause_s = str(error), backoff.next_s()
            if loop.time() + pause_s >= end:
                raise
        except ServiceRefused as refused:
            reason, pause_s = str(refused), max(backoff.next_s(), refused.retry_after_s or 0.0)
            if refused.status not in _TURNED_AWAY or loop.time() + pause_s >= end:
                raise
        logger.info("%s: %s; again in %.1f s", what, reason, pause_s)
        await asyncio.sleep(pause_s)


async def with_token(tokens: TokenSource | None, attempt: Callable[[str], Awaitable[T]]) -> T:
    """What ``attempt(token)`` returns. A token that is refused with 401 is replaced once.

    Without ``tokens`` the token is ``""``. Raises what ``attempt`` raises, and Undelivered when there is no token.
    """
    token = await _token(tokens)
    try:
        return await attempt(token)
    except ServiceRefused as refused:
        if refused.status != 401 or tokens is None:
            raise
    tokens.forget(token)
    return await attempt(await _token(tokens))


async def _token(tokens: TokenSource | None) -> str:
    try:
        return await tokens.token() if tokens is not None else ""
    except TokenUnavailable as error:
        raise Undelivered(f"no token for the bot: {error}") from error
