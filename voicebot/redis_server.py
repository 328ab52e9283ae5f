"""A Redis server as our parts use it: named by a URL, each operation within a limit, errors that say where.

==============================================  ========================================================
``redis://host:6379/0``, ``rediss://``          one server, without and with TLS
``unix:///run/redis.sock``                      one on this machine
``redis+sentinel://a:26379,b:26379/name/0``     the master that Sentinels know by this name, in whatever place it is
==============================================  ========================================================

Nothing is tried again, because a write whose answer was lost may have been carried out; the next operation makes a new
connection, and asks the Sentinels again. Passwords are passed separately, because URLs show up in process lists and
logs. The client is the extra ``voicebot[redis]``, which only :class:`RedisServer` needs.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import SplitResult, urlsplit

if TYPE_CHECKING:
    from redis.asyncio import Redis

T = TypeVar("T")

LIMIT_S = 1.0
CONNECTIONS = 32
"""Most operations at a time; further ones wait for their turn, within their limit."""
SENTINEL = "redis+sentinel"
_SENTINEL_PORT = 26379


class RedisAway(Exception):
    """The server cannot be reached, or does not answer in time; the text names it."""


class RedisRefuses(Exception):
    """It answers, but refuses: wrong password, read-only replica, out of memory. The text names it."""


@dataclass(frozen=True, slots=True)
class RedisAddress:
    """A URL of the table above. ``shown``: without user and query, for messages. ``sentinels``: none for one server.
    ``has_password``: which it should not have."""

    url: str
    shown: str
    sentinels: tuple[tuple[str, int], ...] = ()
    master: str = ""
    has_password: bool = False

    @classmethod
    def parse(cls, url: str) -> RedisAddress:
        """Raises ValueError, which says how to write it."""
        parts = urlsplit(url)
        hosts = parts.netloc.rpartition("@")[2]
        shown = f"{parts.scheme}://{hosts}{parts.path}"
        if parts.scheme in ("redis", "rediss", "unix"):
            return cls(url, shown, has_password=bool(parts.password))
        if parts.scheme != SENTINEL:
            raise ValueError(f"must begin with redis://, rediss://, unix:// or {SENTINEL}://")
        master, _, database = parts.path.strip("/").partition("/")
        if not hosts or not master or (database and not database.isdecimal()):
            raise ValueError(f"must look like {SENTINEL}://192.0.2.1:26379,192.0.2.2:26379/name-of-the-master/0")
        sentinels = tuple(_host_and_port(host) for host in hosts.split(","))
        return cls(_of_the_master(parts, database), shown, sentinels, master, bool(parts.password))


class RedisServer:
    """The server at ``address``. ``redis``: its client, whose operations are carried out by :meth:`run`."""

    def __init__(self, address: RedisAddress, *, password: str = "", limit_s: float = LIMIT_S) -> None:
        """Raises ImportError without the extra, ValueError for what the client does not take."""
        from redis.asyncio import ConnectionPool
        from redis.asyncio.connection import parse_url
        from redis.asyncio.retry import Retry
        from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool
        from redis.backoff import NoBackoff

        self.where = address.shown
        self._limit_s = limit_s
        self._places = asyncio.Semaphore(CONNECTIONS)
        patient_s = 2 * limit_s  # the limit is ours: theirs would run out as soon as the loop was late
        limits = {"socket_timeout": patient_s, "socket_connect_timeout": patient_s, "retry": Retry(NoBackoff(), 0)}
        settings = limits | {"decode_responses": True} | ({"password": password} if password else {})
        self._sentinels: list[Redis] = []
        if address.sentinels:
            untyped: Any = Sentinel
            sentinel = untyped(address.sentinels, sentinel_kwargs=limits | {"decode_responses": True})
            self._sentinels = list(sentinel.sentinels)
            untyped = SentinelConnectionPool
            self._pool: ConnectionPool = untyped(address.master, sentinel, **{**parse_url(address.url), **settings})
        else:
            self._pool = ConnectionPool.from_url(address.url, **settings)
        self.redis = _client(self._pool)

    async def close(self) -> None:
        await self.redis.aclose()
        await self._pool.disconnect()
        for sentinel in self._sentinels:
            await sentinel.aclose()

    async def run(self, operation: Awaitable[T]) -> T:
        """Its result. Raises :class:`RedisAway` and :class:`RedisRefuses`."""
        from redis.exceptions import AuthenticationError, RedisError, ResponseError

        try:
            return await self._within_limit(operation)
        except (ResponseError, AuthenticationError) as error:
            raise RedisRefuses(f"{self.where} refuses: {error}") from error
        except TimeoutError as error:
            await self._drop_idle()
            raise RedisAway(f"{self.where} does not answer within {self._limit_s:g} s") from error
        except (RedisError, OSError) as error:
            await self._drop_idle()
            raise RedisAway(f"{self.where} cannot be used: {error}") from error

    async def _within_limit(self, operation: Awaitable[T]) -> T:
        """Raises TimeoutError. The limit is in two parts: an event loop that was late passes one of them over, and then
        finds the answer that has been there all the while."""
        task = asyncio.ensure_future(self._in_turn(operation))
        try:
            for _ in range(2):
                done, _ = await asyncio.wait({task}, timeout=self._limit_s / 2)
                if done:
                    return task.result()
            raise TimeoutError
        finally:
            if not task.done():
                task.cancel()
                await asyncio.wait({task})

    async def _in_turn(self, operation: Awaitable[T]) -> T:
        async with self._places:
            return await operation

    async def _drop_idle(self) -> None:
        """Close the connections that nobody uses. If the server was started anew, each of them would fail once more."""
        with contextlib.suppress(Exception):
            await self._pool.disconnect(inuse_connections=False)


def _client(pool: object) -> Redis:
    from redis.asyncio import ConnectionPool, Redis

    assert isinstance(pool, ConnectionPool)
    return Redis(connection_pool=pool)


def _host_and_port(text: str) -> tuple[str, int]:
    parts = urlsplit(f"//{text}")  # its port raises ValueError where there is none
    if not parts.hostname:
        raise ValueError(f"{text!r} must be the address of a Sentinel, like 192.0.2.1:26379")
    return parts.hostname, parts.port or _SENTINEL_PORT


def _of_the_master(parts: SplitResult, database: str) -> str:
    """What the client is told of the master beside its address: user, database, options."""
    user = f"{parts.username}@" if parts.username else ""
    return f"redis://{user}/{database or 0}{f'?{parts.query}' if parts.query else ''}"
