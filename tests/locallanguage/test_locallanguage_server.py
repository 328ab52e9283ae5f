"""The service over real sockets: by the official client, and by requests that no client would send."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from azure.ai.textanalytics.aio import TextAnalyticsClient
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError

from voicebot.locallanguage.jobs import KEPT_S, MAX_JOBS, Jobs
from voicebot.locallanguage.server import LocalLanguage

KEY = "of this test"
VERSION = "api-version=2023-04-01"


@pytest.fixture
async def service() -> AsyncIterator[LocalLanguage]:
    async with LocalLanguage(require_key=KEY) as service:
        yield service


@pytest.fixture
async def client(service: LocalLanguage) -> AsyncIterator[TextAnalyticsClient]:
    async with TextAnalyticsClient(service.url, AzureKeyCredential(KEY), retry_total=0) as client:
        yield client


async def post(service: LocalLanguage, path: str, body: Any, key: str = KEY) -> tuple[int, Any]:
    data = body if isinstance(body, bytes) else json.dumps(body)
    headers = {"Ocp-Apim-Subscription-Key": key, "Content-Type": "application/json"}
    async with aiohttp.ClientSession() as http, http.post(service.url + path, data=data, headers=headers) as response:
        return response.status, await response.json() if response.content_type == "application/json" else None


def asked(kind: str, *texts: str, **others: Any) -> dict[str, Any]:
    documents = [{"id": str(number), "text": text, "language": "en"} for number, text in enumerate(texts)]
    return {"kind": kind, "analysisInput": {"documents": documents}, **others}


async def test_the_official_client_gets_moods(client: TextAnalyticsClient) -> None:
    found = await client.analyze_sentiment(["Nobody ever called me back. You are wonderful.", "Where is it?"])
    assert [one.sentiment for one in found] == ["mixed", "neutral"]
    first, second = found[0].sentences
    assert (first.sentiment, second.sentiment) == ("negative", "positive")
    assert (second.offset, second.length) == (28, 18)
    assert first.confidence_scores.negative > 0.5 > first.confidence_scores.positive


async def test_the_official_client_gets_key_phrases_and_personal_data(client: TextAnalyticsClient) -> None:
    (phrases,) = await client.extract_key_phrases(["The power supply is broken."])
    assert phrases.key_phrases == ["power supply", "broken"]
    (personal,) = await client.recognize_pii_entities(["\U0001f600 My name is Ann Lee, ann@lee.example"])
    assert [(one.category, one.text, one.offset) for one in personal.entities] == [
        ("Person", "Ann Lee", 13),
        ("Email", "ann@lee.example", 22),
    ]
    assert personal.redacted_text == "\U0001f600 My name is *******, ***************"
    (emails,) = await client.recognize_pii_entities(
        ["My name is Ann Lee, ann@lee.example"], categories_filter=["Email"]
    )
    assert [one.category for one in emails.entities] == ["Email"]


async def test_the_official_client_gets_a_summary_by_a_job(client: TextAnalyticsClient) -> None:
    text = "Hello. I'm calling because my internet is down since Monday. Okay. Bye."
    poller = await client.begin_extract_summary([text], max_sentence_count=1, polling_interval=0.01)
    (found,) = [one async for one in await poller.result()]
    assert [(one.text, one.offset, one.rank_score) for one in found.sentences] == [
        ("I'm calling because my internet is down since Monday.", 7, 1.0)
    ]


async def test_documents_that_cannot_be_taken_get_errors_of_their_own(client: TextAnalyticsClient) -> None:
    found = await client.analyze_sentiment(
        [
            {"id": "a", "text": "Fine.", "language": "en-GB"},
            {"id": "b", "text": "Guten Tag.", "language": "de"},
            {"id": "c", "text": " ", "language": "en"},
            {"id": "d", "text": "x" * 5121, "language": "en"},
        ]
    )
    assert [one.error.code if one.is_error else "" for one in found] == [
        "",
        "UnsupportedLanguageCode",
        "InvalidDocument",
        "InvalidDocument",
    ]


async def test_without_its_key_nobody_is_answered(service: LocalLanguage) -> None:
    async with TextAnalyticsClient(service.url, AzureKeyCredential("another"), retry_total=0) as client:
        with pytest.raises(ClientAuthenticationError):
            await client.analyze_sentiment(["Hello."])
    status, _ = await post(service, f"/language/analyze-text/jobs?{VERSION}", {}, key="")
    assert status == 401


@pytest.mark.parametrize(
    ("path", "body", "status", "word"),
    [
        (f"/language/:analyze-text?{VERSION}", asked("Nonsense", "a"), 400, "SentimentAnalysis"),
        (f"/language/:analyze-text?{VERSION}", asked("ExtractiveSummarization", "a"), 400, "kind"),
        (f"/language/:analyze-text?{VERSION}", asked("SentimentAnalysis", *"abcdefghijk"), 400, "10"),
        (f"/language/:analyze-text?{VERSION}", asked("SentimentAnalysis"), 400, "documents"),
        (f"/language/:analyze-text?{VERSION}", {"kind": "SentimentAnalysis", "analysisInput": 1}, 400, "documents"),
        (
            f"/language/:analyze-text?{VERSION}",
            {"kind": "SentimentAnalysis", "analysisInput": {"documents": [{"id": "1"}, {"id": "1"}]}},
            400,
            "id of its own",
        ),
        (f"/language/:analyze-text?{VERSION}", {"kind": ["x"], "analysisInput": {}}, 400, "kind"),
        (f"/language/:analyze-text?{VERSION}", [], 400, "kind"),
        (f"/language/:analyze-text?{VERSION}", b"{", 400, "not JSON"),
        (f"/language/:analyze-text?{VERSION}", b"\xff", 400, "not JSON"),
        (f"/language/:analyze-text?{VERSION}", b" " * (1 << 21), 413, ""),
        ("/language/:analyze-text?api-version=1", asked("SentimentAnalysis", "a"), 400, "api-version"),
        (f"/language/analyze-text/jobs?{VERSION}", asked("", "a", tasks=[]), 400, "tasks"),
        (f"/language/analyze-text/jobs?{VERSION}", asked("", "a", tasks=[1]), 400, "tasks"),
        (f"/language/analyze-text/jobs?{VERSION}", asked("", "a", tasks=[{"kind": "SentimentAnalysis"}]), 400, "Extr"),
        (
            f"/language/analyze-text/jobs?{VERSION}",
            asked("", "a", tasks=[{"kind": "ExtractiveSummarization", "parameters": {"sentenceCount": 21}}]),
            400,
            "sentenceCount",
        ),
        (f"/language/analyze-text/jobs/none:cancel?{VERSION}", {}, 404, "no such job"),
        (f"/language/elsewhere?{VERSION}", {}, 404, ""),
    ],
)
async def test_what_is_wrong_with_a_request_is_said(
    service: LocalLanguage, path: str, body: Any, status: int, word: str
) -> None:
    got, answer = await post(service, path, body)
    assert got == status
    assert word in json.dumps(answer)
    assert answer["error"]["code"] and answer["error"]["message"]


async def test_more_requests_than_it_takes_are_told_when_to_come_back() -> None:
    async with LocalLanguage(max_waiting=0) as service:
        async with TextAnalyticsClient(service.url, AzureKeyCredential("any"), retry_total=0) as client:
            with pytest.raises(HttpResponseError) as refused:
                await client.analyze_sentiment(["Hello."])
        assert refused.value.status_code == 429
        assert refused.value.response.headers["Retry-After"] == "1"


async def test_health_is_shown_to_everybody_on_the_machine(service: LocalLanguage) -> None:
    await post(service, f"/language/:analyze-text?{VERSION}", asked("KeyPhraseExtraction", "The power supply."))
    async with aiohttp.ClientSession() as http, http.get(service.url + "/health") as response:
        assert await response.json() == {
            "status": "ready",
            "waiting": 0,
            "jobs": 0,
            "answered": 1,
            "documents": 1,
            "refused": 0,
        }


async def test_a_long_text_holds_nobody_else_up_for_long(service: LocalLanguage) -> None:
    long = asked("SentimentAnalysis", *(("never ever " * 465) for _ in range(10)))
    slow = asyncio.create_task(post(service, f"/language/:analyze-text?{VERSION}", long))
    status, _ = await post(service, f"/language/:analyze-text?{VERSION}", asked("SentimentAnalysis", "Hello."))
    assert status == 200
    assert (await slow)[0] == 200


def test_jobs_are_kept_for_a_while_and_bounded() -> None:
    jobs = Jobs()
    first = jobs.add("first", [], 0.0)
    assert jobs.find(first, KEPT_S - 1) is not None
    assert jobs.find(first, KEPT_S) is None
    names = [jobs.add(str(number), [], 0.0) for number in range(MAX_JOBS + 1)]
    assert len(jobs) == MAX_JOBS
    assert jobs.find(names[0], 1.0) is None
    assert jobs.find(names[1], 1.0) is not None
