"""A caller's line, a front end that answers it, and the clock of both; when a test is over, nothing of them is left."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from leg_ends import Answerer, Line

from voicebot.audio.codecs import all_named
from voicebot.legs.sip_media import MediaPreferences
from voicebot.rtp import MediaClock


@pytest.fixture
async def clock() -> AsyncIterator[MediaClock]:
    clock = MediaClock()
    clock.start()
    yield clock
    assert len(clock) == 0, "a session is still ticking"
    await clock.close()


@pytest.fixture
async def line(clock: MediaClock) -> AsyncIterator[Line]:
    line = Line(clock)
    await line.endpoint.start()
    yield line
    await line.endpoint.close()
    await settle()
    assert line.ports.in_use == 0


@pytest.fixture
async def answerer(clock: MediaClock) -> AsyncIterator[Answerer]:
    everything = MediaPreferences(codecs=all_named(["PCMU", "PCMA", "G722", "opus"]))
    answerer = Answerer(clock, everything)
    await answerer.front.start()
    yield answerer
    await answerer.front.close()
    assert answerer.ports.in_use == 0
    assert all(sink.over.done() and not sink.after_end for sink in answerer.sinks)


async def settle() -> None:
    """Let closing sockets close."""
    for _ in range(5):
        await asyncio.sleep(0)
