"""Whether a speech service elsewhere answers, on the wire."""

from __future__ import annotations

import asyncio

import pytest
from waiting import until

from voicebot.localspeech.scripted import Script
from voicebot.localspeech.server import LocalSpeech
from voicebot.service import speech_watch
from voicebot.service.speech_watch import SpeechWatch, http_address
from voicebot.speech import SpeechEndpoint, SpeechUnavailable


async def test_a_service_that_goes_and_comes_back_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speech_watch, "LOOK_S", 0.01)
    service = LocalSpeech(script=Script())
    await service.start()
    watch = SpeechWatch(lambda: SpeechEndpoint(host=f"ws://127.0.0.1:{service.port}"))
    watch.start()
    await watch.look()
    assert watch.trouble == ""
    await service.close()
    await until(lambda: watch.trouble)
    assert "the speech service is away" in watch.trouble
    await service.start()  # at the port that it had
    await until(lambda: not watch.trouble)
    await watch.close()
    await service.close()


@pytest.mark.virtual_time
async def test_a_service_that_says_nothing_is_away() -> None:
    server = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
    watch = SpeechWatch(lambda: SpeechEndpoint(host=f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"))
    await watch.look()
    assert watch.trouble
    server.close()


async def test_a_service_whose_place_is_not_known_yet_is_away() -> None:
    def nowhere() -> SpeechEndpoint:
        raise SpeechUnavailable("it is being started")

    watch = SpeechWatch(nowhere)
    await watch.look()
    assert "it is being started" in watch.trouble


@pytest.mark.parametrize(
    ("endpoint", "address"),
    [
        (SpeechEndpoint(host="wss://speech.internal:5000"), "https://speech.internal:5000/"),
        (SpeechEndpoint(endpoint="wss://my.cognitiveservices.azure.com/stt?x=1", key="k"),
         "https://my.cognitiveservices.azure.com/"),
        (SpeechEndpoint(region="westeurope", key="k"), "https://westeurope.api.cognitive.microsoft.com/"),
    ],
)  # fmt: skip
def test_where_plain_http_reaches_a_service(endpoint: SpeechEndpoint, address: str) -> None:
    assert http_address(endpoint) == address
