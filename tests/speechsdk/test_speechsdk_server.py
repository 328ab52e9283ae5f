"""The two ends of the wire, with the real SDK, in one process."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from speech_double import SpeechDouble, hypothesis, phrase
from waiting import until

from voicebot.audio import PCMU
from voicebot.localspeech import LocalSpeech, Script
from voicebot.speechsdk.drivers import (
    MAX_TEXT,
    RecognitionOptions,
    RecognitionReport,
    RecognitionSignal,
    SynthesisReport,
)
from voicebot.speechsdk.endpoint import SpeechEndpoint
from voicebot.speechsdk.in_process import InProcessSdk
from voicebot.speechsdk.remote import RemoteSdk
from voicebot.speechsdk.server import SdkServer
from voicebot.speechsdk.turn_scorer import TurnScorer


@pytest.fixture
async def sdk(tmp_path: Path) -> AsyncIterator[RemoteSdk]:
    over = asyncio.Event()
    path = tmp_path / "speech.sock"
    loop = asyncio.get_running_loop()
    server = await loop.create_unix_server(lambda: SdkServer(InProcessSdk(), TurnScorer(), over.set), str(path))
    made = RemoteSdk()
    await made.connect(path)
    yield made
    assert await made.ping()
    made.close()
    await until(over.is_set)
    server.close()


async def test_an_utterance_that_is_dropped_at_once_is_no_failure(
    service: SpeechDouble, sdk: RemoteSdk, caplog: pytest.LogCaptureFixture
) -> None:
    reports: list[SynthesisReport] = []
    for _ in range(3):
        synthesis = sdk.synthesis(PCMU, reports.append)
        await synthesis.open(SpeechEndpoint(host=service.host), False)
        await synthesis.begin("<speak/>")
        await synthesis.release()
    assert await sdk.ping()
    assert not reports
    assert "failed" not in caplog.text


async def test_who_opens_does_not_wait_for_what_is_released_meanwhile(service: SpeechDouble, sdk: RemoteSdk) -> None:
    reports: list[RecognitionReport] = []
    recognition = sdk.recognition(RecognitionOptions(PCMU, "en-US", (), 350), reports.append)
    opening = asyncio.create_task(recognition.open(SpeechEndpoint(host=service.host)))
    await asyncio.sleep(0)  # it has asked
    released = recognition.release()
    async with asyncio.timeout(20):
        await opening
        await released
    assert not reports


async def test_a_commit_ends_the_phrase_before_the_silence_does(sdk: RemoteSdk) -> None:
    word = PCMU.encode((8000 * np.sin(np.arange(4000) * 0.35)).astype(np.int16)) + b"\xff" * 1280
    reports: list[RecognitionReport] = []
    async with LocalSpeech(script=Script(texts=("Yes.",), segmentation_ms=5000)) as service:
        recognition = sdk.recognition(RecognitionOptions(PCMU, "en-US", (), 350), reports.append)
        await recognition.open(SpeechEndpoint(host=f"ws://127.0.0.1:{service.port}"))
        recognition.write(word)
        assert recognition.commit()
        await until(lambda: RecognitionSignal.FINAL in [report.signal for report in reports])
        await recognition.release()
        assert not recognition.commit()
    assert [report.text for report in reports if report.signal is RecognitionSignal.FINAL] == ["Yes."]


async def test_a_phrase_without_end_is_cut_and_its_details_are_left_out(service: SpeechDouble, sdk: RemoteSdk) -> None:
    long = "ab " * 100_000
    service.results = [[hypothesis(0.1, long, 0.0, 0.1), phrase(0.1, long, 0.0, 0.1)]]
    reports: list[RecognitionReport] = []
    recognition = sdk.recognition(RecognitionOptions(PCMU, "en-US", (), 350), reports.append)
    await recognition.open(SpeechEndpoint(host=service.host))
    recognition.write(bytes(8000))
    await until(lambda: RecognitionSignal.FINAL in [report.signal for report in reports])
    said = [report for report in reports if report.text]
    assert [report.signal for report in said] == [RecognitionSignal.HYPOTHESIS, RecognitionSignal.FINAL]
    assert all(len(report.text) <= MAX_TEXT for report in said)
    assert {report.detail for report in said} == {""}
    await recognition.release()


async def test_an_answer_that_cannot_come_any_more_is_not_waited_for(tmp_path: Path) -> None:
    class Deaf(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            connections.append(transport)

    connections: list[asyncio.BaseTransport] = []
    path = tmp_path / "deaf.sock"
    server = await asyncio.get_running_loop().create_unix_server(Deaf, str(path))
    sdk = RemoteSdk()
    await sdk.connect(path)
    asked = asyncio.create_task(sdk.ping())
    await until(lambda: len(connections) == 1)
    connections[0].close()
    async with asyncio.timeout(20):
        assert not await asked
    sdk.close()
    server.close()


async def test_what_is_released_goes_at_once_and_not_with_a_collection(service: SpeechDouble, sdk: RemoteSdk) -> None:
    class Owner:
        """Of a driver that reports to it, as sessions are."""

        def __init__(self) -> None:
            self.driver = sdk.recognition(RecognitionOptions(PCMU, "en-US", (), 350), self.reported)

        def reported(self, report: RecognitionReport) -> None: ...

    gc.collect()
    gc.disable()
    try:
        owner = Owner()
        gone = weakref.ref(owner)
        await owner.driver.open(SpeechEndpoint(host=service.host))
        await owner.driver.release()
        del owner
        assert gone() is None
    finally:
        gc.enable()
