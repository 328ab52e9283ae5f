"""What the caller's frames lead to, beside the recogniser."""

from __future__ import annotations

import logging

import pytest
from call_world import World

from voicebot.audio import PCMU
from voicebot.audio.smart_turn import WINDOW_S
from voicebot.calls.hearing import Hearing
from voicebot.calls.services import HEARD_S
from voicebot.events import Event, SpeechStarted, SpeechStopped, TurnScored

pytestmark = pytest.mark.virtual_time

LOG = logging.LoggerAdapter(logging.getLogger(__name__), {})


async def test_a_turn_is_scored_by_the_last_8_s_of_what_the_recogniser_hears() -> None:
    world, events = await World().greeted(), list[Event]()
    hearing = Hearing(PCMU, world.services, events.append, LOG)
    for number in range(450):
        hearing.frame(bytes([0xFF - number % 2]) * 160, world.now, muted=number >= 440)
    hearing.score(7.25)
    ((heard, answer),) = world.to_score
    assert heard == b"".join(world.ears.written[-400:])
    assert heard.endswith(PCMU.silence(1600))
    assert HEARD_S == WINDOW_S
    answer(0.75)
    assert events[-1] == TurnScored(world.now, 7.25, 0.75)
    await world.line.hang_up()
    await world.over()


async def test_a_score_that_comes_after_the_end_of_the_call_is_told_to_nobody() -> None:
    world, events = await World().greeted(), list[Event]()
    hearing = Hearing(PCMU, world.services, events.append, LOG)
    hearing.score(7.25)
    ((heard, answer),) = world.to_score
    assert heard == b""
    await hearing.stop()
    answer(0.75)
    assert not events
    await world.line.hang_up()
    await world.over()


async def test_the_turn_of_a_caller_who_has_become_quiet_is_scored() -> None:
    world = await World().greeted()
    world.line.pull(100)
    world.session.dispatch(SpeechStarted(world.now, world.now - 1.0))
    world.session.frame(b"\x7f" * 160, world.now)
    assert not world.to_score
    world.session.dispatch(SpeechStopped(world.now, world.now))
    ((heard, answer),) = world.to_score
    assert heard == b"\x7f" * 160
    answer(0.9)
    await world.line.hang_up()
    await world.over()
    answer(0.9)
