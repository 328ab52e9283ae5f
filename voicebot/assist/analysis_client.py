"""The client of the language service, Azure's or our own: the official SDK, with deadlines, and never in a call's way.

What is asked waits in a short queue (`analysis_queue`), and goes out with what others ask at the same time: up to ten
texts are one request.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from azure.ai.textanalytics.aio import TextAnalyticsClient
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import HttpResponseError
from azure.core.pipeline.transport import AioHttpTransport

from voicebot.assist.analysis import AnalysisUnavailable
from voicebot.assist.analysis_queue import DEADLINE_S, SENDERS, Queue, ServiceState, Text
from voicebot.assist.endpoints import LanguageEndpoint
from voicebot.assist.entries import Sentiment
from voicebot.json_body import number_within
from voicebot.loopback import is_loopback_url
from voicebot.tasks import BackgroundTasks

logger = logging.getLogger(__name__)
# Azure's SDK logs every request with its headers at INFO.
logging.getLogger("azure.core.pipeline.policies.http_logging_policy").setLevel(logging.WARNING)

SUMMARY_DEADLINE_S = 20.0
MAX_TEXT = 5000
"""Characters of a document; Azure's limit is 5120. What a longer utterance says behind them is not analysed."""
MAX_RETRY_AFTER_S = 300.0
POLL_S = 0.3
"""How often a summary is asked for until it is there."""

PRIVATE = {"disable_service_logs": True}
"""Azure keeps what it is sent for two days, unless it is told not to."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Tone:
    """``score``: -1 to 1."""

    sentiment: Sentiment
    score: float


@dataclass(frozen=True, slots=True)
class RankedSentence:
    """``rank``: 0 to 1. ``document``: the place of its text among those that were asked about; ``offset``: its place in
    that text, in code points."""

    document: int
    offset: int
    text: str
    rank: float


class LanguageClient:
    """``endpoint`` is asked for each request, because a restarted process has another port; it may raise
    :class:`AnalysisUnavailable` (OSError and ValueError count as that)."""

    def __init__(self, endpoint: Callable[[], LanguageEndpoint]) -> None:
        self.state = ServiceState()
        self._connection = _Connection(endpoint)
        self._tasks = BackgroundTasks(logger)
        self._moods: Queue[Tone] = Queue(self._ask_moods, self.state)
        self._phrases: Queue[tuple[str, ...]] = Queue(self._ask_phrases, self.state)

    async def start(self) -> None:
        """Get ready, and look whether the service answers: if it does not, the log says why. Raises nothing."""
        for queue in (self._moods, self._phrases):
            for _ in range(SENDERS):
                self._tasks.spawn(queue.run(), "asking the language service")
        try:
            await self.tone("hello", "en")  # the SDK's first request takes it a tenth of a second of reading code
        except AnalysisUnavailable as error:
            logger.warning("%s", error)

    async def close(self) -> None:
        """End everything; what waits fails. Harmless when repeated."""
        await self._tasks.close()
        for queue in (self._moods, self._phrases):
            queue.close()
        await self._connection.close()

    async def tone(self, text: str, language: str, deadline_s: float = DEADLINE_S) -> Tone | None:
        """The mood of an utterance; None: the service cannot judge it. Raises :class:`AnalysisUnavailable`."""
        return await self._moods.ask(text[:MAX_TEXT], language, deadline_s)

    async def key_phrases(self, text: str, language: str, deadline_s: float = DEADLINE_S) -> tuple[str, ...]:
        """What an utterance is about. Raises :class:`AnalysisUnavailable`."""
        return await self._phrases.ask(text[:MAX_TEXT], language, deadline_s) or ()

    async def extract(
        self, texts: Sequence[Text], count: int, deadline_s: float = SUMMARY_DEADLINE_S
    ) -> list[RankedSentence]:
        """The ``count`` sentences of each text that say most; each text comes with its language. In no order. Raises
        :class:`AnalysisUnavailable`."""
        documents = _documents(texts)

        async def ask(client: Any) -> list[RankedSentence]:
            poller = await client.begin_extract_summary(
                documents, max_sentence_count=count, polling_interval=POLL_S, **PRIVATE
            )
            found = [one async for one in await poller.result()]
            return [
                RankedSentence(int(one.id), int(sentence.offset), str(sentence.text), float(sentence.rank_score))
                for one in found
                if not one.is_error
                for sentence in one.sentences
            ]

        now = asyncio.get_running_loop().time
        if self.state.is_away(now()) or self.state.wait_s(now()) > deadline_s:
            raise AnalysisUnavailable(f"the language service: {self.state.trouble}")
        try:
            async with asyncio.timeout(deadline_s):
                await asyncio.sleep(self.state.wait_s(now()))
                found = await _outcome(ask, self._connection, self.state)
        except TimeoutError as error:
            raise AnalysisUnavailable(f"the language service: no summary within {deadline_s:g} s") from error
        if found is None:
            raise AnalysisUnavailable(f"the language service: {self.state.trouble}")
        return found

    async def _ask_moods(self, asked: Sequence[Text]) -> list[Tone | None] | None:
        async def ask(client: Any) -> list[Tone | None]:
            found = await client.analyze_sentiment(_documents(asked), **PRIVATE)
            return [None if one.is_error else _tone(one) for one in found]

        return await _outcome(ask, self._connection, self.state)

    async def _ask_phrases(self, asked: Sequence[Text]) -> list[tuple[str, ...] | None] | None:
        async def ask(client: Any) -> list[tuple[str, ...] | None]:
            found = await client.extract_key_phrases(_documents(asked), **PRIVATE)
            return [None if one.is_error else tuple(map(str, one.key_phrases)) for one in found]

        return await _outcome(ask, self._connection, self.state)


class _Client:
    """A client of the SDK, closed when nobody uses it any more."""

    def __init__(self, endpoint: LanguageEndpoint) -> None:
        self.endpoint = endpoint
        # A proxy in the environment is for services elsewhere. Retries are ours: the SDK's would sleep in between.
        transport = AioHttpTransport(use_env_settings=not is_loopback_url(endpoint.url))
        self.sdk = TextAnalyticsClient(
            endpoint.url, AzureKeyCredential(endpoint.key), retry_total=0, permit_redirects=False, transport=transport
        )
        self._users = 0
        self._retired = False

    @asynccontextmanager
    async def used(self) -> AsyncIterator[Any]:
        self._users += 1
        try:
            yield self.sdk
        finally:
            self._users -= 1
            await self._close_if_over()

    async def retire(self) -> None:
        self._retired = True
        await self._close_if_over()

    async def _close_if_over(self) -> None:
        if self._retired and not self._users:
            await self.sdk.close()


class _Connection:
    """The client of where the service is now."""

    def __init__(self, endpoint: Callable[[], LanguageEndpoint]) -> None:
        self._endpoint = endpoint
        self._client: _Client | None = None

    @asynccontextmanager
    async def use(self) -> AsyncIterator[Any]:
        endpoint = self._endpoint()
        client, old = self._client, self._client
        if client is None or client.endpoint != endpoint:
            client = self._client = _Client(endpoint)
            if old is not None:
                await old.retire()
        async with client.used() as sdk:
            yield sdk

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.retire()


async def _outcome(ask: Callable[[Any], Awaitable[T]], connection: _Connection, state: ServiceState) -> T | None:
    """What ``ask`` returns; None when the service is in trouble, which ``state`` knows then. Raises
    :class:`AnalysisUnavailable`: it is not, but does not take this."""
    loop = asyncio.get_running_loop()
    try:
        async with connection.use() as client:
            answer = await ask(client)
    except HttpResponseError as error:
        status = error.status_code or 0
        if status == 429:
            state.throttled(_retry_after_s(error), loop.time())
        elif status in (400, 413):
            why = f"the language service refuses what is asked ({status}): {str(error.message)[:200]}"
            raise AnalysisUnavailable(why) from error
        elif status in (401, 403):
            state.away(f"it refuses our key ({status}): check the key and the endpoint", loop.time())
        else:
            state.away(f"it answered {status or 'with what is no answer'}: {str(error.message)[:200]}", loop.time())
    except Exception as error:  # whatever the SDK does with an answer that it did not expect
        state.away(f"{type(error).__name__}: {str(error)[:200]}", loop.time())
    else:
        if state.trouble:
            logger.info("the language service answers again")
        state.well()
        return answer
    return None


def _retry_after_s(error: HttpResponseError) -> float:
    """What the answer says in seconds (RFC 9110, 10.2.3); a date, or nothing, counts as one second."""
    headers: Any = getattr(error.response, "headers", {})
    said = str(headers.get("Retry-After", ""))
    if not (said.isascii() and said.isdigit() and len(said) < 9):
        return 1.0
    return min(max(float(said), 0.1), MAX_RETRY_AFTER_S)


def service_language(tag: str) -> str:
    """The language of a tag (BCP 47) as the service names it: without the country, but where the writing differs."""
    language, _, rest = tag.lower().partition("-")
    if language == "zh":
        return "zh-hant" if rest in ("tw", "hk", "mo", "hant") or rest.startswith("hant-") else "zh-hans"
    return f"pt-{rest.upper()}" if language == "pt" and rest in ("br", "pt") else language or "en"


def _documents(asked: Sequence[Text]) -> list[dict[str, str]]:
    return [
        {"id": str(place), "text": text or " ", "language": service_language(language)}
        for place, (text, language) in enumerate(asked)
    ]


def _tone(found: Any) -> Tone:
    scores = found.confidence_scores
    score = number_within(float(scores.positive) - float(scores.negative), -1.0, 1.0)
    return Tone(Sentiment(found.sentiment), score or 0.0)
