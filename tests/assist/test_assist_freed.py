"""A call between people that is over, and that nobody watches any more, leaves nothing for the collector, which would
stop the packets of all other calls."""

from __future__ import annotations

import asyncio
import logging
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from assist_world import AssistWorld
from recording_client import RecordingClient
from recording_desk import Desk, desk, ports_of
from uncollected import uncollected
from waiting import until

from voicebot.assist.analysis import PauseAsked
from voicebot.assist.calls import AssistCalls
from voicebot.assist.roster import Roster
from voicebot.legs.siprec import SiprecCall
from voicebot.rtp import MediaClock

Kind = Callable[[AssistWorld], Awaitable[None]]


async def both_speak(world: AssistWorld) -> None:
    caller, agent = await world.both_speak()
    caller.seems("my")
    caller.says("My card is 4111 1111 1111 1111.")
    agent.says("Thank you.")
    await asyncio.sleep(10.0)


async def nobody_speaks(world: AssistWorld) -> None:
    await world.hears(0, 1.0, silence=True)


async def a_rule_pauses_it(world: AssistWorld) -> None:
    world.analyst.rules["code"] = PauseAsked("security code")
    caller, _ = await world.both_speak()
    caller.says("The code is")
    await asyncio.sleep(2.0)


async def the_agent_pauses_and_resumes(world: AssistWorld) -> None:
    await world.call.pause("agent")
    await world.call.resume("agent")


async def nothing_finds_anything(world: AssistWorld) -> None:
    world.analyst.away = {"analysis", "suggestions", "summary"}
    caller, _ = await world.both_speak()
    caller.says("My bill.")
    await asyncio.sleep(2.0)


async def somebody_speaks_to_the_end(world: AssistWorld) -> None:
    await world.both_speak()
    world.recognisers[0].last_words = "And one more"


KINDS: list[Kind] = [
    both_speak,
    nobody_speaks,
    a_rule_pauses_it,
    the_agent_pauses_and_resumes,
    nothing_finds_anything,
    somebody_speaks_to_the_end,
]


@pytest.fixture
def unlogged() -> Iterator[None]:
    """Nothing is logged: pytest keeps log records, and with them errors and the frames that have raised them."""
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


def forget(calls: AssistCalls) -> None:
    """The calls that have ended are not to be read any more."""
    calls.roster._ended.clear()


@pytest.mark.virtual_time
@pytest.mark.usefixtures("unlogged")
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
async def test_a_call_that_is_over_is_free_without_a_collection(kind: Kind, tmp_path: Path) -> None:
    with uncollected() as circles:
        world = AssistWorld(tmp_path, recording=True)
        call = weakref.ref(world.call)
        await kind(world)
        await world.over()
        world.client.sink = None
        forget(world.calls)
        del world.call
        await until(lambda: call() is None)
    assert circles == {}


@pytest.fixture
async def clock() -> AsyncIterator[MediaClock]:
    clock = MediaClock()
    clock.start()
    yield clock
    await clock.close()


async def the_client_ends_it(ours: Desk, client: RecordingClient, calls: AssistCalls) -> None:
    await client.bye()


async def the_agent_ends_it(ours: Desk, client: RecordingClient, calls: AssistCalls) -> None:
    (call,) = calls.running()
    await call.hang_up()


async def it_is_paused(ours: Desk, client: RecordingClient, calls: AssistCalls) -> None:
    (call,) = calls.running()
    await call.pause("agent")
    await call.resume("agent")
    await client.bye()


Ending = Callable[[Desk, RecordingClient, AssistCalls], Awaitable[None]]


@pytest.mark.parametrize("ending", [the_client_ends_it, the_agent_ends_it, it_is_paused], ids=lambda way: way.__name__)
async def test_a_recording_session_that_is_over_is_as_well(ending: Ending, clock: MediaClock) -> None:
    refs: dict[str, weakref.ref[Any]] = {}
    services = AssistWorld(analysis=False)
    await services.over()
    calls = AssistCalls(services.calls.services, Roster())

    def came(recorded: SiprecCall) -> None:
        parts = {"recorded": recorded, "call": recorded._call, "core": recorded._call._core}
        refs.update({name: weakref.ref(part) for name, part in parts.items()})
        refs["assist"] = weakref.ref(calls.accept(recorded))

    async with desk(clock) as (ours, client):
        ours.front._on_recorded = came
        with uncollected() as circles:
            ports = ports_of(await client.send("as_the_rfc_says"))
            await until(lambda: refs)
            await client.speak(ports, [0x11, 0x22], packets=10)
            await ending(ours, client, calls)
            await until(lambda: not len(calls) and not ours.front.active)
            forget(calls)
            core = ours.front.endpoint._core
            await until(lambda: not len(ours.front._tasks) and not core._table.all)
            ours.front.endpoint._dispatch(core.timeout(asyncio.get_running_loop().time() + 100.0))
            await until(lambda: not [name for name, ref in refs.items() if ref() is not None])
        assert circles == {}
