"""For all tests: hypothesis judges what the code does, never this machine's speed; who needs the machine says so."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "machine-independent",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize="CI" in os.environ,  # a new find belongs to whoever changes something, not to whoever lands next
)
settings.load_profile("machine-independent")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Who calls the product with its offline models listens in real time: beside busy tests, words would get lost.

    Rooms whose tests mostly wait come first, so that side by side (``make test``) the rest fills the time.
    """
    items.sort(key=lambda item: "endtoend" not in item.path.parts and "peers" not in item.path.parts)
    for item in items:
        if "product" in getattr(item, "fixturenames", ()):
            item.add_marker("alone")
