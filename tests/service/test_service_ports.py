"""A port that is taken is told by the setting that names it, not by a process that knows no settings."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from voicebot.service.language import LanguageService
from voicebot.service.ports import listener, require_free
from voicebot.service.speech import SpeechService
from voicebot.service.supervisor import NotReady
from voicebot.settings import Settings


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


def told(port: int, setting: str) -> str:
    return rf"{setting}: 127\.0\.0\.1:{port} cannot be opened: Address already in use; .*change {setting}"


def test_a_listener_and_a_port_for_another_process(taken: int) -> None:
    with pytest.raises(NotReady, match=told(taken, "bot.http_port")):
        listener(taken, "bot.http_port")
    with pytest.raises(NotReady, match=told(taken, "speech.local_port")):
        require_free(taken, "speech.local_port")
    require_free(0, "speech.local_port")
    with listener(0, "bot.http_port") as ours:
        assert ours.getsockname()[0] == "127.0.0.1"


async def test_the_offline_services_are_not_started_in_vain(taken: int, tmp_path: Path) -> None:
    language = LanguageService(Settings(language={"local_port": taken}))  # type: ignore[arg-type]
    with pytest.raises(NotReady, match=told(taken, "language.local_port")):
        await language.start()
    await language.stop()
    speech = SpeechService(
        Settings(speech={"service": "local", "local_port": taken, "client_process": "same"}),  # type: ignore[arg-type]
        tmp_path,
    )
    with pytest.raises(NotReady, match=told(taken, "speech.local_port")):
        await speech.start()
    await speech.stop()
