"""What is told of calls, posted to programs of others, as Standard Webhooks (standardwebhooks.com) has it.

The body is ``{"CallId": ..., "Entries": [...]}`` with the entries since the last one, in the order of their call. It is
signed: ``webhook-signature`` has the HMAC (SHA-256, base64, after ``v1,``) of ``webhook-id``, ``webhook-timestamp`` and
the body, joined by dots. What is sent again has the same ``webhook-id``, and a new time stamp.

Nobody waits for a receiver. Each reads the call's history at its own pace, so that there is no queue: what has come
while it was away is posted together. It is tried again, at growing intervals, for :attr:`Patience.retry_s`, then those
entries are dropped and counted; so is what is left :attr:`Patience.after_end_s` after the call.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import json
import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import aiohttp
from tenacity import RetryError, retry_if_exception_type, stop_after_delay, wait_random_exponential

from voicebot.assist.entries import Utterance
from voicebot.assist.feed import Feed, Numbered
from voicebot.assist.roster import WatchedCall
from voicebot.loopback import is_loopback_url
from voicebot.retrying import Attempts
from voicebot.tasks import BackgroundTasks

logger = logging.getLogger(__name__)

LEAST_SECRET: Final = 24
"""Bytes, as the specification asks."""
MOST_AT_ONCE: Final = 8
"""Requests to one receiver."""
_LATER: Final = frozenset({408, 409, 425, 429})
_LOOK_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Webhook:
    """``secret``: ``whsec_`` and base64, or a text. ``partial``: whether hypotheses are posted, too. Raises
    ValueError."""

    url: str
    secret: str
    partial: bool = False

    def __post_init__(self) -> None:
        if not (self.url.startswith("https://") or (self.url.startswith("http://") and is_loopback_url(self.url))):
            raise ValueError("a webhook's URL begins with https:// (http:// for one on this machine)")
        if len(self.key) < LEAST_SECRET:
            raise ValueError(f"a webhook's secret has at least {LEAST_SECRET} bytes: openssl rand -hex 32 makes one")

    @property
    def key(self) -> bytes:
        """The key of the signature. Raises ValueError."""
        if not self.secret.startswith("whsec_"):
            return self.secret.encode()
        try:
            return base64.b64decode(self.secret.removeprefix("whsec_"), validate=True)
        except binascii.Error as error:
            raise ValueError("a webhook's secret is base64 after whsec_") from error

    @property
    def host(self) -> str:
        """What the log may say of the URL."""
        return urlsplit(self.url).netloc.rpartition("@")[2]


@dataclass(frozen=True, slots=True)
class Patience:
    """``answer_s``: for one answer; ``first_wait_s`` grows with each attempt, to ``most_wait_s``."""

    answer_s: float = 5.0
    first_wait_s: float = 0.5
    most_wait_s: float = 10.0
    retry_s: float = 60.0
    after_end_s: float = 120.0


class _TryAgain(Exception):
    """What may pass. The text says what it was."""


class _Refused(Exception):
    """The receiver will not take it however often it is sent."""


class Webhooks:
    """Posts what is told of each call that :meth:`began`. ``counts``: of entries, ``delivered`` or ``dropped``, and of
    requests that were ``repeated``."""

    def __init__(
        self,
        hooks: Sequence[Webhook],
        patience: Patience = Patience(),
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.counts: Counter[str] = Counter(delivered=0, dropped=0, repeated=0)
        self._receivers = [_Receiver(hook, patience, clock, self.counts) for hook in hooks]
        self._tasks = BackgroundTasks(logger)

    def __len__(self) -> int:
        """How many calls are being told, each to one receiver."""
        return len(self._tasks)

    def began(self, call: WatchedCall) -> None:
        """Tell of ``call`` until its feed is closed, and all is delivered."""
        for receiver in self._receivers:
            self._tasks.spawn(receiver.tell(call.feed), f"webhook of call {call.feed.call_id}")

    async def close(self, within_s: float = 2.0) -> None:
        """Deliver what can be delivered within ``within_s``."""
        await self._tasks.join(within_s)
        await self._tasks.close()
        for receiver in self._receivers:
            await receiver.close()


class _Receiver:
    def __init__(self, hook: Webhook, patience: Patience, clock: Callable[[], float], counts: Counter[str]) -> None:
        self._hook = hook
        self._patience = patience
        self._clock = clock
        self._counts = counts
        self._places = asyncio.Semaphore(MOST_AT_ONCE)
        self._http: aiohttp.ClientSession | None = None
        self._away = False

    async def tell(self, feed: Feed) -> None:
        number = 0
        give_up_at = float("inf")
        while True:
            news = await feed.news(number, _LOOK_S)
            if not news.entries:
                if feed.closed:
                    return
                continue
            number = news.entries[-1].number
            if feed.closed and give_up_at == float("inf"):
                give_up_at = _now() + self._patience.after_end_s
            entries = [entry for entry in news.entries if self._hook.partial or not _is_partial(entry)]
            if entries:
                await self._deliver(feed.call_id, entries, min(self._patience.retry_s, give_up_at - _now()))

    async def close(self) -> None:
        if self._http is not None:
            await self._http.close()

    async def _deliver(self, call_id: str, entries: Sequence[Numbered], within_s: float) -> None:
        """Within ``within_s``; not at all if that is not more than 0."""
        told = b",".join(entry.json for entry in entries)
        body = b'{"CallId":%s,"Entries":[%s]}' % (json.dumps(call_id).encode(), told)
        message_id = f"{call_id}:{entries[-1].number}"
        try:
            if within_s <= 0:
                raise _Refused("it was away until long after the call")
            async for attempt in Attempts(
                stop=stop_after_delay(within_s),
                wait=wait_random_exponential(self._patience.first_wait_s, self._patience.most_wait_s),
                retry=retry_if_exception_type(_TryAgain),
            ):
                with attempt:
                    self._counts["repeated"] += attempt.retry_state.attempt_number > 1
                    async with self._places:
                        await self._post(message_id, body)
        except (_Refused, RetryError) as error:
            why = error.last_attempt.exception() if isinstance(error, RetryError) else error
            self._counts["dropped"] += len(entries)
            if not self._away:
                logger.warning("webhook at %s: %s; entries are dropped", self._hook.host, why)
            self._away = True
        else:
            self._counts["delivered"] += len(entries)
            if self._away:
                logger.info("webhook at %s: takes entries again", self._hook.host)
            self._away = False

    async def _post(self, message_id: str, body: bytes) -> None:
        headers = {"Content-Type": "application/json", **signature(self._hook.key, message_id, self._clock(), body)}
        if self._http is None:
            self._http = aiohttp.ClientSession(
                cookie_jar=aiohttp.DummyCookieJar(), timeout=aiohttp.ClientTimeout(total=self._patience.answer_s)
            )
        try:
            async with self._http.post(self._hook.url, data=body, headers=headers, allow_redirects=False) as response:
                status = response.status
        except TimeoutError as error:
            raise _TryAgain(f"no answer within {self._patience.answer_s:g} s") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise _TryAgain(type(error).__name__) from error
        if status >= 500 or status in _LATER:
            raise _TryAgain(f"HTTP {status}")
        if not 200 <= status < 300:
            raise _Refused(f"HTTP {status}")


def signature(key: bytes, message_id: str, at: float, body: bytes) -> dict[str, str]:
    """The headers of a message."""
    stamp = str(int(at))
    signed = hmac.digest(key, f"{message_id}.{stamp}.".encode() + body, hashlib.sha256)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{base64.b64encode(signed).decode()}",
    }


def _is_partial(numbered: Numbered) -> bool:
    return isinstance(numbered.entry, Utterance) and numbered.entry.partial


def _now() -> float:
    return asyncio.get_running_loop().time()
