from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

import pytest
from product import Product, running
from registrar import KAMAILIO, LOOPBACK, NO_KAMAILIO, registrar_running


@pytest.fixture(scope="session")
def registrar(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """One Kamailio for all; its port."""
    if KAMAILIO is None:
        pytest.skip(NO_KAMAILIO)
    with registrar_running(tmp_path_factory.mktemp("registrar")) as port:
        yield port


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Product]:
    """One service for all calls of the peers; whatever came, its log has no error in the end.

    Where there is what it takes, it is extension 7000 of the registrar as well, by way of pyVoIP.
    """
    folder, settings = tmp_path_factory.mktemp("product"), {}
    if KAMAILIO is not None and find_spec("pyVoIP") is not None:
        (password := folder / "password").write_text("secret")
        settings = {
            "VOICEBOT_PYVOIP__SERVER": LOOPBACK,
            "VOICEBOT_PYVOIP__PORT": str(request.getfixturevalue("registrar")),
            "VOICEBOT_PYVOIP__USERNAME": "7000",
            "VOICEBOT_PYVOIP__PASSWORD_FILE": str(password),
        }
    with running(folder, settings) as product:
        yield product
    assert product.wrong_in_log() == ""
