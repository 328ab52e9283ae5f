"""Which speech service is used, and where what it rendered is kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from voicebot.localspeech import LocalSpeech, Script
from voicebot.localspeech.scripted import ScriptedRecognition, ScriptedSynthesis
from voicebot.service.speech import SpeechService, prompt_directory
from voicebot.settings import Settings, load_settings
from voicebot.speech import SpeechUnavailable


def settings(tmp_path: Path, **speech: Any) -> Settings:
    given = {"prompt_cache_dir": str(tmp_path), "client_process": "same"}
    return load_settings(overrides={"speech": given | speech})


async def test_the_local_service_is_a_process_whose_port_is_known_when_it_is_ready(tmp_path: Path) -> None:
    service = SpeechService(settings(tmp_path, service="local"), tmp_path)
    assert service.process is not None and service.url is None
    with pytest.raises(SpeechUnavailable, match="is being started"):
        service.endpoint()
    service.process._on_ready({"ready": True, "port": 4242})
    assert service.url == service.endpoint().host == "ws://127.0.0.1:4242"
    service.process._on_ready({"ready": True, "port": 4343})
    assert service.endpoint().host == "ws://127.0.0.1:4343", "it was started anew"


async def test_the_local_service_tells_how_long_results_wait_for_its_recogniser(tmp_path: Path) -> None:
    service = SpeechService(settings(tmp_path, service="local"), tmp_path)
    assert service.process is not None and service.process._healthy is not None
    recognition = ScriptedRecognition(Script())
    async with LocalSpeech(recognition, ScriptedSynthesis(Script())) as local:
        service.process._on_ready({"ready": True, "port": local.port})
        assert await service.process._healthy() and service.final_wait_s == 0.0
        recognition.final_wait_s = 0.25
        assert await service.process._healthy() and service.final_wait_s == 0.25
    assert not await service.process._healthy(), "nobody answers"
    await service.stop()


async def test_nothing_is_known_of_the_recogniser_of_a_service_elsewhere(tmp_path: Path) -> None:
    service = SpeechService(settings(tmp_path, service="url", url="ws://127.0.0.1:5000"), tmp_path)
    assert service.final_wait_s is None


async def test_a_service_elsewhere_is_no_process_of_ours(tmp_path: Path) -> None:
    service = SpeechService(settings(tmp_path, service="url", url="ws://127.0.0.1:5000"), tmp_path)
    await service.start()
    assert (service.process, service.url) == (None, None)
    assert service.endpoint().host == "ws://127.0.0.1:5000"
    await service.stop()


def test_a_mounted_key_and_token_are_read_each_time(tmp_path: Path) -> None:
    key, token = tmp_path / "key", tmp_path / "token"
    key.write_text("one\n")
    token.write_text("two\n")
    by_key = settings(tmp_path, service="azure", region="westeurope", key_file=str(key))
    assert by_key.speech.remote().key == "one"
    key.write_text("three")
    assert by_key.speech.remote().key == "three"
    by_token = settings(tmp_path, service="azure", region="westeurope", entra_token_file=str(token), resource_id="/a")
    endpoint = by_token.speech.remote()
    assert endpoint.token is not None and endpoint.token() == "two"


def test_each_service_keeps_its_prompts_in_a_folder_of_its_own(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.touch()
    local = prompt_directory(settings(tmp_path, service="local"))
    here = prompt_directory(settings(tmp_path, service="url", url="ws://127.0.0.1:5000"))
    there = prompt_directory(settings(tmp_path, service="azure", region="westeurope", key_file=str(key)))
    assert local == tmp_path / "local"
    assert {folder.parent for folder in (here, there) if folder is not None} == {tmp_path}
    assert len({local, here, there}) == 3
    assert prompt_directory(settings(tmp_path, prompt_cache_dir="")) is None
