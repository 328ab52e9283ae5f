"""The language service as a process of its own, supervised, and asked by the client."""

from __future__ import annotations

import os
import signal
from typing import Any

import aiohttp
import pytest
from waiting import until

from voicebot.assist.analysis import AnalysisUnavailable
from voicebot.assist.summary import ExtractiveSummariser
from voicebot.assist.summary_chat import ChatSummariser
from voicebot.service import language
from voicebot.service.language import LanguageService
from voicebot.settings import Settings


def settings(**given: Any) -> Settings:
    return Settings.model_validate({"language": given})


async def test_the_process_answers_only_who_has_its_key_and_comes_back_when_it_dies() -> None:
    service = LanguageService(settings())
    assert service.client is not None and service.process is not None
    with pytest.raises(AnalysisUnavailable):
        service.endpoint()
    await service.start()
    try:
        assert await service.client.tone("This is a terrible service.", "en") is not None
        first = service.endpoint()
        body = {"kind": "KeyPhraseExtraction", "analysisInput": {"documents": [{"id": "1", "text": "a"}]}}
        url = f"{first.url}/language/:analyze-text?api-version=2023-04-01"
        async with aiohttp.ClientSession() as http, http.post(url, json=body) as response:
            assert response.status == 401
        assert service.process.pid is not None
        os.kill(service.process.pid, signal.SIGKILL)
        await until(lambda: service.endpoint() != first)
        service.client.state.well()
        assert await service.client.tone("This is a terrible service.", "en") is not None
        assert service.process.restarts == 1
    finally:
        await service.stop()
        await service.stop()
    assert service.process.pid is None


@pytest.mark.parametrize(
    ("given", "summariser"),
    [
        ({}, ExtractiveSummariser),
        ({"summary": "off"}, None),
        ({"service": "off"}, None),
        ({"service": "off", "summary": "chat", "chat_url": "https://x.example/v1", "chat_model": "m"}, ChatSummariser),
    ],
)
def test_what_sums_up_is_as_set(given: dict[str, Any], summariser: type | None) -> None:
    made = LanguageService(settings(**given)).summariser
    assert (type(made) if made is not None else None) is summariser


def test_azure_has_no_process_and_the_key_is_read_each_time(tmp_path: Any) -> None:
    key = tmp_path / "key"
    key.write_text("one\n")
    service = LanguageService(settings(service="azure", endpoint="https://x.example", key_file=key))
    assert service.process is None
    assert service.endpoint().key == "one"
    key.write_text("two")
    assert service.endpoint().key == "two"
    assert "two" not in repr(service.endpoint())


def test_off_is_neither_process_nor_client() -> None:
    service = LanguageService(settings(service="off"))
    assert service.process is None and service.client is None


async def test_a_process_that_hangs_is_restarted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(language, "HEALTH_EVERY_S", 0.2)
    monkeypatch.setattr(language, "HANG_S", 1.0)
    service = LanguageService(settings())
    assert service.client is not None and service.process is not None
    await service.start()
    try:
        first, process = service.endpoint(), service.process
        await until(lambda: process.answered)
        assert process.pid is not None
        os.kill(process.pid, signal.SIGSTOP)
        await until(lambda: service.endpoint() != first)
        service.client.state.well()
        assert await service.client.tone("This is a terrible service.", "en") is not None
    finally:
        await service.stop()
