"""The two ends of the wire, with the real SDK, in one process."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from speech_double import SpeechDouble
from waiting import until

from voicebot.audio import PCMU
from voicebot.speechsdk.drivers import SynthesisReport
from voicebot.speechsdk.endpoint import SpeechEndpoint
from voicebot.speechsdk.in_process import InProcessSdk
from voicebot.speechsdk.remote import RemoteSdk
from voicebot.speechsdk.server import SdkServer


async def test_an_utterance_that_is_dropped_at_once_is_no_failure(
    service: SpeechDouble, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    over = asyncio.Event()
    path = tmp_path / "speech.sock"
    loop = asyncio.get_running_loop()
    server = await loop.create_unix_server(lambda: SdkServer(InProcessSdk(), over.set), str(path))
    sdk = RemoteSdk()
    await sdk.connect(path)
    reports: list[SynthesisReport] = []
    for _ in range(3):
        synthesis = sdk.synthesis(PCMU, reports.append)
        await synthesis.open(SpeechEndpoint(host=service.host), False)
        await synthesis.begin("<speak/>")
        await synthesis.release()
    assert await sdk.ping()
    sdk.close()
    await until(over.is_set)
    server.close()
    assert not reports
    assert "failed" not in caplog.text
