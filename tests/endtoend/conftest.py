"""Fixtures: the real service and scripted speech services, started and ended with each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from served import Service, SpeechDouble


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Service]]:
    """Starts services. Each must end with status 0 and leave no child and no traceback in its log.

    ``allow``: a text that excuses tracebacks in which it stands (a dialog that raises is to be told to its author).
    """
    started: list[tuple[Service, str]] = []

    def start(*, allow: str = "", **settings: Any) -> Service:
        service = Service(tmp_path / f"service-{len(started)}", settings)
        started.append((service, allow))
        return service

    yield start
    for service, allow in started:
        service.end_well(allow)


@pytest.fixture
def speak(tmp_path: Path) -> Iterator[Callable[..., SpeechDouble]]:
    """Starts scripted speech services."""
    started: list[SpeechDouble] = []

    def start(**script: Any) -> SpeechDouble:
        double = SpeechDouble(tmp_path / f"speech-{len(started)}", {"ms_per_word": 60, **script})
        started.append(double)
        return double

    yield start
    for double in started:
        double.end()


@pytest.fixture(scope="session")
def plain_speech(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SpeechDouble]:
    """One scripted speech service for all who change nothing of it."""
    double = SpeechDouble(tmp_path_factory.mktemp("speech"), {"ms_per_word": 60})
    yield double
    double.end()


@pytest.fixture
def serve_scripted(serve: Callable[..., Service], plain_speech: SpeechDouble) -> Callable[..., Service]:
    """Starts a service with the scripted speech service of all."""

    def start(**settings: Any) -> Service:
        return serve(speech__service="url", speech__url=plain_speech.url, **settings)

    return start
