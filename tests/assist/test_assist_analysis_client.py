"""The client against the real offline service, and against one with faults, over real sockets, on virtual time: an
answer is late only where it does not come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from free_port import free_port
from language_faults import KEY, FaultyLanguage
from waiting import until

from voicebot.assist import analysis_queue
from voicebot.assist.analysis import AnalysisUnavailable
from voicebot.assist.analysis_client import LanguageClient, service_language
from voicebot.assist.analysis_queue import FIRST_PAUSE_S, MAX_PAUSE_S, MAX_WAITING, ServiceState
from voicebot.assist.endpoints import LanguageEndpoint
from voicebot.assist.entries import Sentiment

pytestmark = pytest.mark.virtual_time
ANGRY = "Nobody ever called me back, this is ridiculous."


@asynccontextmanager
async def client_of(url: str, key: str = KEY) -> AsyncIterator[LanguageClient]:
    client = LanguageClient(lambda: LanguageEndpoint(url, key))
    await client.start()
    try:
        yield client
    finally:
        await client.close()


@pytest.fixture
async def service() -> AsyncIterator[FaultyLanguage]:
    async with FaultyLanguage() as service:
        yield service


@pytest.fixture
async def client(service: FaultyLanguage) -> AsyncIterator[LanguageClient]:
    async with client_of(service.url) as client:
        service.asked.clear()
        yield client


async def test_moods_and_key_phrases(client: LanguageClient) -> None:
    tone = await client.tone(ANGRY, "en-GB")
    assert tone is not None and tone.sentiment is Sentiment.NEGATIVE and -1 <= tone.score < -0.3
    assert await client.key_phrases("The power supply is broken.", "en-US") == ("power supply", "broken")


async def test_a_language_that_the_service_does_not_know_has_no_mood(client: LanguageClient) -> None:
    assert await client.tone("Das ist wunderbar.", "de-DE") is None
    assert await client.key_phrases("Das ist wunderbar.", "de-DE") == ()
    assert await client.tone("", "en") is None


async def test_nothing_that_is_sent_may_be_kept(client: LanguageClient, service: FaultyLanguage) -> None:
    await client.tone(ANGRY, "en")
    await client.key_phrases(ANGRY, "en")
    await client.extract([(ANGRY, "en")], 1)
    assert [asked.get("parameters", {}).get("loggingOptOut") for asked in service.asked[:2]] == [True, True]
    assert service.asked[2]["tasks"][0]["parameters"]["loggingOptOut"] is True


async def test_what_is_asked_at_the_same_time_goes_out_together(
    client: LanguageClient, service: FaultyLanguage
) -> None:
    tones = await asyncio.gather(*(client.tone(f"{ANGRY} {number}", "en") for number in range(60)))
    assert all(tone is not None for tone in tones)
    assert len(service.asked) <= 10
    assert max(len(asked["analysisInput"]["documents"]) for asked in service.asked) == 10


async def test_each_gets_the_answer_to_its_own_text(client: LanguageClient) -> None:
    texts = [ANGRY, "Where is it?", "You are wonderful.", ""] * 10
    tones = await asyncio.gather(*(client.tone(text, "en") for text in texts))
    assert [tone.sentiment.value if tone else None for tone in tones] == ["negative", "neutral", "positive", None] * 10


async def test_the_sentences_that_say_most(client: LanguageClient) -> None:
    text = "Hello.\nI'm calling because my internet is down.\nOkay."
    found = await client.extract([(text, "en"), ("Yes.", "en")], 1)
    assert [(one.document, one.offset, one.text) for one in found] == [
        (0, 7, "I'm calling because my internet is down."),
        (1, 0, "Yes."),
    ]


async def test_a_service_that_hangs_fails_what_is_asked_at_its_deadline(
    client: LanguageClient, service: FaultyLanguage
) -> None:
    service.faults = ["hang"]
    with pytest.raises(AnalysisUnavailable, match="no answer within"):
        await client.tone(ANGRY, "en", 0.1)
    with pytest.raises(AnalysisUnavailable, match="no summary within"):
        await client.extract([(ANGRY, "en")], 1, 0.1)


async def test_a_service_that_is_throttled_is_asked_again_when_it_says(
    client: LanguageClient, service: FaultyLanguage
) -> None:
    service.faults = [(429, {"Retry-After": "0"}), (429, {"Retry-After": "0"}), None]
    tone = await client.tone(ANGRY, "en")
    assert tone is not None and tone.sentiment is Sentiment.NEGATIVE
    assert len(service.asked) == 3


async def test_a_service_that_is_throttled_for_longer_is_left_alone(
    client: LanguageClient, service: FaultyLanguage
) -> None:
    service.faults = [(429, {"Retry-After": "60"}), None]
    with pytest.raises(AnalysisUnavailable):
        await client.tone(ANGRY, "en", 0.2)
    for ask in (client.tone, client.key_phrases):
        with pytest.raises(AnalysisUnavailable, match="429"):
            await ask(ANGRY, "en")
    with pytest.raises(AnalysisUnavailable, match="429"):
        await client.extract([(ANGRY, "en")], 1)
    assert len(service.asked) == 1


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ((401, {}), "check the key"),
        ((403, {}), "check the key"),
        ((500, {}), "500"),
        ((404, {}), "404"),
        ((307, {"Location": "/language/:analyze-text?api-version=2023-04-01"}), "307"),
        ("drop", ""),
        (b"<html>", ""),
        (b"{}", ""),
        (b"[]", ""),
        (b'{"kind": "SentimentAnalysisResults"}', ""),
        (b'{"kind": "SentimentAnalysisResults", "results": {"documents": [{"id": 1}], "errors": []}}', ""),
    ],
)
async def test_a_service_that_is_broken_is_left_alone_for_a_moment(
    client: LanguageClient, service: FaultyLanguage, fault: Any, said: str
) -> None:
    service.faults = [fault, None]
    with pytest.raises(AnalysisUnavailable, match=f"the language service.*{said}"):
        await client.tone(ANGRY, "en")
    with pytest.raises(AnalysisUnavailable, match="the language service"):
        await client.tone(ANGRY, "en")
    assert len(service.asked) == 1
    client.state.well()  # the pause is over
    assert await client.tone(ANGRY, "en") is not None
    assert client.state.trouble == ""


async def test_without_a_service_everything_fails_and_nothing_is_left() -> None:
    before = asyncio.all_tasks()
    async with client_of(f"http://127.0.0.1:{free_port()}") as client:
        for _ in range(3):
            with pytest.raises(AnalysisUnavailable):
                await client.tone(ANGRY, "en")
            client.state.well()
    assert asyncio.all_tasks() == before


async def test_an_address_that_is_not_known_yet_is_no_service() -> None:
    def unknown() -> LanguageEndpoint:
        raise AnalysisUnavailable("it is being started")

    client = LanguageClient(unknown)
    await client.start()
    with pytest.raises(AnalysisUnavailable, match="being started"):
        await client.tone(ANGRY, "en")
    await client.close()


async def test_a_service_that_was_restarted_elsewhere_is_found(service: FaultyLanguage) -> None:
    endpoints = [LanguageEndpoint(service.url, KEY)]
    client = LanguageClient(lambda: endpoints[-1])
    await client.start()
    async with FaultyLanguage() as second:
        endpoints.append(LanguageEndpoint(second.url, KEY))
        assert await client.tone(ANGRY, "en") is not None
        assert len(second.asked) == 1
        await client.close()


async def test_the_queue_is_bounded_and_what_waits_fails_when_it_is_closed(
    client: LanguageClient, service: FaultyLanguage
) -> None:
    service.faults = ["hang"]
    waiting = [asyncio.ensure_future(client.tone(ANGRY, "en")) for _ in range(MAX_WAITING)]
    await until(lambda: len(service.asked) == analysis_queue.SENDERS)
    more = [asyncio.ensure_future(client.tone(ANGRY, "en")) for _ in range(analysis_queue.BATCH * 2)]
    await asyncio.sleep(0)
    with pytest.raises(AnalysisUnavailable, match=f"{MAX_WAITING} texts wait"):
        await client.tone(ANGRY, "en")
    await client.close()
    outcomes = await asyncio.gather(*waiting, *more, return_exceptions=True)
    assert all(isinstance(outcome, AnalysisUnavailable) for outcome in outcomes)


async def test_who_gives_up_waiting_is_not_asked_for_any_more(client: LanguageClient, service: FaultyLanguage) -> None:
    service.faults = ["hang", "hang", None]
    held = [asyncio.ensure_future(client.tone(ANGRY, "en", 1.0)) for _ in range(2)]
    await until(lambda: len(service.asked) == 1)
    gone = asyncio.ensure_future(client.tone("gone", "en"))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.gather(*held, gone, return_exceptions=True)
    assert "gone" not in str(service.asked)


def test_the_pause_grows_while_the_service_is_away_and_ends_when_it_is_back() -> None:
    state, now, pauses = ServiceState(), 0.0, []
    for _ in range(8):
        state.away("away", now)
        began = now
        while state.is_away(now):
            now += 0.25
        pauses.append(now - began)
    assert pauses[0] == FIRST_PAUSE_S and pauses[-1] == MAX_PAUSE_S
    assert pauses == sorted(pauses)
    state.well()
    assert (state.trouble, state.is_away(now)) == ("", False)
    state.throttled(3.0, now)
    assert (state.wait_s(now), state.wait_s(now + 1), state.wait_s(now + 4)) == (3.0, 2.0, 0.0)


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("en-US", "en"),
        ("", "en"),
        ("DE-at", "de"),
        ("pt-BR", "pt-BR"),
        ("pt", "pt"),
        ("zh-CN", "zh-hans"),
        ("zh-TW", "zh-hant"),
        ("zh-Hant-TW", "zh-hant"),
    ],
)
def test_languages_are_named_as_the_service_names_them(tag: str, language: str) -> None:
    assert service_language(tag) == language


@pytest.mark.parametrize("status", [400, 413])
async def test_a_request_that_is_refused_fails_alone(
    client: LanguageClient, service: FaultyLanguage, status: int
) -> None:
    service.faults = [(status, {}), (status, {}), None]
    with pytest.raises(AnalysisUnavailable, match=f"refuses what is asked .{status}"):
        await client.tone(ANGRY, "en")
    with pytest.raises(AnalysisUnavailable, match=f"refuses what is asked .{status}"):
        await client.extract([(ANGRY, "en")], 1)
    assert await client.tone(ANGRY, "en") is not None


async def test_what_is_asked_when_it_is_closed_fails_at_once(client: LanguageClient, service: FaultyLanguage) -> None:
    service.faults = ["hang"]
    asked = asyncio.ensure_future(client.tone(ANGRY, "en", 1000.0))
    await until(lambda: service.asked)
    await client.close()
    with pytest.raises(AnalysisUnavailable, match="any more"):
        await asked
    with pytest.raises(AnalysisUnavailable, match="any more"):
        await client.tone(ANGRY, "en", 1000.0)
