from __future__ import annotations

from collections.abc import Iterator

import pytest
from product import Product, running


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """One service for all calls of the peers; whatever came, its log has no error in the end."""
    with running(tmp_path_factory.mktemp("product")) as product:
        yield product
    assert product.wrong_in_log() == ""
