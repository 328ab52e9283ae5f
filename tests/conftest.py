"""For all tests: hypothesis judges what the code does, never this machine's speed; who needs the machine says so."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, settings
from virtual_time import VirtualTimeLoop

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


def pytest_asyncio_loop_factories(item: pytest.Item) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The loop of an asynchronous test: one whose time is the machine's, or jumps (``virtual_time``)."""
    virtual = item.get_closest_marker("virtual_time") is not None
    return {"virtual": VirtualTimeLoop} if virtual else {"real": asyncio.new_event_loop}
