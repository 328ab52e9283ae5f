"""What the caller's frames lead to, beside the recogniser."""

from __future__ import annotations

import asyncio
import gc
import logging
import weakref

import pytest
from call_world import World

from voicebot.audio import PCMU
from voicebot.audio.smart_turn import WINDOW_S
from voicebot.calls.hearing import Hearing
from voicebot.calls.services import HEARD_S
from voicebot.events import Event, SpeechStarted, SpeechStopped, TurnScored
from voicebot.speech import apology
from voicebot.speech.shared_detector import WAIT_S

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


# --- many calls, one detector ----------------------------------------------------------------------------------------

SAID = PCMU.silence(3200) + apology("transfer", PCMU) + PCMU.silence(8000)


async def heard(*, calls: int, apart_s: float) -> list[tuple[list[bytes], list[Event]]]:
    """What the recognisers get and what is told where so many callers say the same, each so much later than the one
    before."""
    world = await World().greeted()
    loop, begun = asyncio.get_running_loop(), world.now

    async def call(number: int) -> tuple[list[bytes], list[Event]]:
        events: list[Event] = []
        hearing = Hearing(PCMU, world.services, events.append, LOG)
        ears = world.ears
        for frame in range(len(SAID) // 160):
            await asyncio.sleep(begun + number * apart_s + frame * 0.02 - loop.time())
            hearing.frame(SAID[frame * 160 : frame * 160 + 160], (frame + 1) * 0.02, muted=False)
        await asyncio.sleep(WAIT_S)
        await hearing.stop()
        return ears.written, events

    every = await asyncio.gather(*(call(number) for number in range(calls)))
    await world.line.hang_up()
    await world.over()
    return every


async def test_calls_whose_windows_wait_for_one_another_hear_the_same_as_one_alone() -> None:
    (alone,) = await heard(calls=1, apart_s=0)
    assert any(isinstance(event, SpeechStopped) for event in alone[1])
    for apart_s in (0, 0.0007):
        for each in await heard(calls=12, apart_s=apart_s):
            assert each == alone


async def test_frames_that_come_at_once_are_heard_in_their_order() -> None:
    world, told = await World().greeted(), list[Event]()
    one, other = (Hearing(PCMU, world.services, events, LOG) for events in (told.append, list[Event]().append))
    ears, (alone, events) = world.all_ears[-2], (await heard(calls=1, apart_s=0))[0]
    for frame in range(len(SAID) // 160):
        for hearing in (one, other):  # so that one's windows wait
            hearing.frame(SAID[frame * 160 : frame * 160 + 160], (frame + 1) * 0.02, muted=False)
    await asyncio.sleep(WAIT_S)
    assert (ears.written, told) == (alone, events)
    await world.line.hang_up()
    await world.over()


async def test_a_call_that_ends_leaves_no_window() -> None:
    world = await World().greeted()
    goes_on, ended = (Hearing(PCMU, world.services, list[Event]().append, LOG) for _ in range(2))
    kept, left = weakref.ref(ended), world.ears
    voice = SAID[4800:5120]
    for hearing in (goes_on, ended):
        for at in (0, 160):
            hearing.frame(voice[at : at + 160], 0.02, muted=False)
    written = len(world.all_ears[-1].written)
    await ended.stop()
    ended.frame(voice[:160], 0.04, muted=False)
    await asyncio.sleep(1)
    assert len(left.written) == written == 1
    world.all_ears.clear()
    del ended, hearing, left
    gc.collect()
    assert kept() is None
    await world.line.hang_up()
    await world.over()
