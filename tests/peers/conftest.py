from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import pytest
from product import NUMBER, Product, running
from registrar import KAMAILIO, LOOPBACK, NO_KAMAILIO, registrar_running
from served import SpeechDouble


@pytest.fixture(scope="session")
def registrar(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """One Kamailio for all; its port."""
    if KAMAILIO is None:
        pytest.skip(NO_KAMAILIO)
    with registrar_running(tmp_path_factory.mktemp("registrar")) as port:
        yield port


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Product]:
    """One service for all calls of a file's peers. (For all files, it would run to the end of the tests; the Speech SDK
    computes even where nobody calls.) Its speech service is the scripted one: what it hears a voice say is always the
    same number, however many pauses are in it, and what it says itself is a tone as long as the words.

    Where there is what it takes, it is extension 7000 of the registrar as well, by way of pyVoIP.
    """
    folder, settings = tmp_path_factory.mktemp("product"), dict[str, Any]()
    if KAMAILIO is not None and find_spec("pyVoIP") is not None:
        (password := folder / "password").write_text("secret")
        settings = {
            "pyvoip__server": LOOPBACK,
            "pyvoip__port": request.getfixturevalue("registrar"),
            "pyvoip__username": "7000",
            "pyvoip__password_file": password,
        }
    script = {"texts": [NUMBER], "cycle": True, "segmentation_ms": 600, "commits": False}
    speech = SpeechDouble(folder / "speech", script)
    try:
        with running(folder, speech__service="url", speech__url=speech.url, **settings) as product:
            yield product
    finally:
        speech.end()
