"""The service and its scripted speech service, started once for all cases of a file. (For all files, each worker would
have one to its end; the Speech SDK computes even where nobody calls.)"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from field_service import LOOPBACK, OUT, SETTINGS, TOKEN, WIDE, Field, started
from free_port import free_port
from served import Service, SpeechDouble


@pytest.fixture(scope="module")
def field(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Field]:
    folder = tmp_path_factory.mktemp("field")
    token = folder / "token"
    token.write_text(TOKEN)
    token.chmod(0o600)
    tcp, out, bot = free_port(), free_port(OUT), free_port()
    settings = SETTINGS.format(LOOPBACK=LOOPBACK, WIDE=WIDE, OUT=OUT, tcp=tcp, out=out, bot=bot, token=token)
    speech = SpeechDouble(folder / "speech", {"texts": ["Hello there."], "cycle": True, "ms_per_word": 200})
    try:
        service = started(folder / "service", speech, settings)
        try:
            yield Field(service, speech, tcp, out, bot)
        finally:
            service.end_well()
    finally:
        speech.end()


@pytest.fixture
def serve(field: Field, tmp_path: Path) -> Iterator[Callable[..., Service]]:
    """Starts services of a case's own, with the speech service of all."""
    others: list[Service] = []

    def start(settings: str = "", **overrides: Any) -> Service:
        others.append(started(tmp_path / f"service-{len(others)}", field.speech, settings, **overrides))
        return others[-1]

    yield start
    for service in others:
        service.end_well()
