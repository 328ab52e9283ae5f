"""What a leg tells its sink, before there is one and until the end."""

from __future__ import annotations

import asyncio

import pytest

from voicebot.events import CallRinging, Event
from voicebot.legs import LegClosed
from voicebot.legs.told import Told


class Sink:
    def __init__(self) -> None:
        self.got: list[object] = []

    def frame(self, payload: bytes, at: float) -> None:
        raise AssertionError

    def sent(self, payload: bytes, at: float) -> None:
        raise AssertionError

    def key(self, key: str, at: float) -> None:
        raise AssertionError

    def fact(self, event: Event) -> None:
        self.got.append(event)

    def ended(self, reason: str, at: float) -> None:
        self.got.append(reason)


async def test_what_came_before_there_is_a_sink_is_told_in_order_and_the_end_once() -> None:
    told, sink, ringing = Told(), Sink(), CallRinging(1.0, 180)
    told.fact(ringing)
    assert told.end("caller") and not told.end("bot")
    told.tell_end()
    told.fact(CallRinging(2.0, 180))
    told.connect(sink)
    assert sink.got == [], "not within connect"
    await asyncio.sleep(0)
    assert sink.got == [ringing, "caller"]
    with pytest.raises(LegClosed, match="caller"):
        told.check_not_ended()


async def test_with_a_sink_it_is_told_at_once() -> None:
    told, sink = Told(), Sink()
    told.connect(sink)
    told.check_not_ended()
    told.fact(ringing := CallRinging(1.0, 180))
    told.end("bot")
    told.tell_end()
    assert sink.got == [ringing, "bot"]
