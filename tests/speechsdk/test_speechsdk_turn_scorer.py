"""Turns scored by their sound, over the wire."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import AsyncIterator
from importlib.resources import files
from pathlib import Path

import pytest
from waiting import until

from voicebot.audio import PCMU
from voicebot.speechsdk import remote, turn_scorer
from voicebot.speechsdk.drivers import MAX_SCORES
from voicebot.speechsdk.in_process import InProcessSdk
from voicebot.speechsdk.remote import RemoteSdk
from voicebot.speechsdk.server import SdkServer
from voicebot.speechsdk.turn_scorer import TurnScorer

FINISHED = files("voicebot.speech").joinpath("audio", "wait.ulaw").read_bytes()
FOR_EVER_S = 3600.0


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No score is late, however busy the machine is."""
    monkeypatch.setattr(turn_scorer, "MAX_SCORE_S", FOR_EVER_S)
    monkeypatch.setattr(remote, "MAX_SCORE_S", FOR_EVER_S)


@pytest.fixture
async def sdk(tmp_path: Path) -> AsyncIterator[RemoteSdk]:
    over, path = asyncio.Event(), tmp_path / "speech.sock"
    scorer = TurnScorer()
    loop = asyncio.get_running_loop()
    server = await loop.create_unix_server(lambda: SdkServer(InProcessSdk(), scorer, over.set), str(path))
    made = RemoteSdk()
    await made.connect(path)
    yield made
    made.close()
    await until(over.is_set)
    server.close()


async def test_each_score_goes_to_who_asked_for_it(sdk: RemoteSdk, patient: None) -> None:
    finished, begun = list[float](), list[float]()
    sdk.score(FINISHED, PCMU, finished.append)
    sdk.score(FINISHED[:2000], PCMU, begun.append)
    await until(lambda: finished and begun)
    assert finished == pytest.approx([0.983], abs=0.1)
    assert finished != begun


async def test_more_than_can_be_in_time_are_not_asked_for(sdk: RemoteSdk, patient: None) -> None:
    scores: list[float] = []
    for _ in range(MAX_SCORES + 4):
        sdk.score(FINISHED, PCMU, scores.append)
    await until(lambda: len(scores) == MAX_SCORES)
    sdk.score(FINISHED, PCMU, scores.append)
    await until(lambda: len(scores) == MAX_SCORES + 1)
    assert len(set(scores)) == 1


async def test_a_late_score_is_not_told_and_the_next_are(
    sdk: RemoteSdk, patient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    late, in_time = list[float](), list[float]()
    monkeypatch.setattr(remote, "MAX_SCORE_S", -1.0)
    for _ in range(MAX_SCORES):
        sdk.score(FINISHED, PCMU, late.append)
    monkeypatch.setattr(remote, "MAX_SCORE_S", FOR_EVER_S)

    def told() -> bool:
        sdk.score(FINISHED, PCMU, in_time.append)  # refused as long as the late ones are being computed
        return bool(in_time)

    await until(told)
    assert not late


async def test_what_would_be_late_is_not_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    scorer = TurnScorer()
    monkeypatch.setattr(turn_scorer, "MAX_SCORE_S", 0.0)
    assert [await scorer.score(FINISHED, PCMU) for _ in range(3)] == [None] * 3
    monkeypatch.setattr(turn_scorer, "MAX_SCORE_S", FOR_EVER_S)
    assert await scorer.score(FINISHED, PCMU) == pytest.approx(0.983, abs=0.1)


async def test_without_the_model_there_is_no_score_and_the_log_says_why(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "voicebot.audio.smart_turn", None)
    caplog.set_level(logging.WARNING)
    assert await TurnScorer().score(FINISHED, PCMU) is None
    assert "turns are not scored by their sound: import of voicebot.audio.smart_turn" in caplog.text


async def test_without_a_speech_client_there_is_no_score() -> None:
    scores: list[float] = []
    RemoteSdk().score(FINISHED, PCMU, scores.append)
    assert not scores
