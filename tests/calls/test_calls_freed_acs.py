"""A call by Azure Communication Services that is over leaves nothing for the collector: real legs over the double of
the service, with sessions whose bots, voices and recognisers are doubles."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from greeting_service import GreetingService
from uncollected import uncollected
from waiting import until

pytest.importorskip("azure.communication.callautomation", reason="the extra acs is not installed")

from acs.call import AcsCall
from acs.world import World, acs_world

from voicebot.address import Address
from voicebot.calls import Keeping, Placed
from voicebot.legs import Leg
from voicebot.legs.acs import AcsLeg


class Desk(GreetingService):
    """The service, called by the double of Azure Communication Services."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        world.front_end._on_leg = self.came

    def came(self, leg: Leg, placed: Placed | None = None) -> None:
        assert isinstance(leg, AcsLeg)
        self.keep_an_eye_on(leg=leg, media=leg.media, progress=leg._progress)
        self.took(leg, placed)

    async def call(self) -> AcsCall:
        """Somebody has called, and hears the bot."""
        await self.world.acs.ring(self.world.grid, caller="+4930111")
        await until(lambda: self.world.acs.calls)
        (call,) = self.world.acs.calls.values()
        await until(lambda: call.media.played or call.talk.said)
        return call

    async def over(self) -> None:
        """All has ended, and nothing more is told of it."""
        front = self.world.front_end
        await until(lambda: not (len(self.calls) or front.active or len(front._tasks)))
        await until(lambda: not front._listener._sockets)
        await until(lambda: "session" not in self.alive)
        for call in self.world.acs.calls.values():
            await call.close()
        front._legs.clear()  # a minute later
        front._over.clear()


Kind = Callable[[Desk], Awaitable[None]]


async def the_caller_hangs_up(desk: Desk) -> None:
    await (await desk.call()).end()


async def the_bot_hangs_up(desk: Desk) -> None:
    call = await desk.call()
    desk.bot_does(type="endOfConversation")
    await until(call.over.is_set)


async def it_is_transferred(desk: Desk) -> None:
    call = await desk.call()
    desk.bot_transfers("+4930333")
    await until(call.over.is_set)


async def a_transfer_fails(desk: Desk) -> None:
    desk.world.acs.refusals["+4930333"] = (486, 8539, "Busy Here")
    call = await desk.call()
    desk.bot_transfers("+4930333")
    await until(lambda: "handoff.status" in desk.told)
    await call.end()


async def keys_are_sent(desk: Desk) -> None:
    call = await desk.call()
    desk.session.leg.send_keys("1#")
    await until(lambda: call.tones == "1#")
    await call.end()


async def the_caller_is_gone_before_it_is_answered(desk: Desk) -> None:
    desk.world.acs.faults.hangs_up_unanswered = True
    await desk.world.acs.ring(desk.world.grid)
    await until(lambda: desk.refs)


async def there_are_no_media(desk: Desk) -> None:
    desk.world.acs.faults.media = "fails"
    await desk.world.acs.ring(desk.world.grid)
    await until(lambda: desk.refs)


async def it_is_recorded(desk: Desk) -> None:
    desk.calls.services = replace(desk.services, keeping=Keeping(None, True, False))
    call = await desk.call()
    await until(lambda: desk.world.acs.recordings.made)
    await call.end()


async def we_have_placed_it(desk: Desk) -> None:
    desk.came(await desk.world.front_end.place(Address.parse("+4930222")), Placed())
    await until(lambda: desk.session.phase == "up")
    await desk.session.hang_up()


async def whom_we_call_refuses(desk: Desk) -> None:
    desk.world.acs.refusals["+4930222"] = (486, 8539, "Busy Here")
    desk.came(await desk.world.front_end.place(Address.parse("+4930222")), Placed())


async def nobody_answers_whom_we_call(desk: Desk) -> None:
    desk.world.acs.silent.add("+4930222")
    desk.came(await desk.world.front_end.place(Address.parse("+4930222"), ring_timeout_s=0.3), Placed())


KINDS: list[Kind] = [
    the_caller_hangs_up,
    the_bot_hangs_up,
    it_is_transferred,
    a_transfer_fails,
    keys_are_sent,
    the_caller_is_gone_before_it_is_answered,
    there_are_no_media,
    we_have_placed_it,
    whom_we_call_refuses,
    nobody_answers_whom_we_call,
]


async def left_by(kind: Kind, **options: Any) -> dict[str, int]:
    """What is in circles after a call of this kind. Raises TimeoutError if anything of it lives on."""
    async with acs_world(**options) as world:
        desk = Desk(world)
        with uncollected() as circles:
            await kind(desk)
            await desk.over()
            await until(lambda: not desk.alive)
        return dict(circles)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
async def test_a_call_that_is_over_is_free_without_a_collection(kind: Kind) -> None:
    assert await left_by(kind) == {}


@pytest.mark.parametrize("kind", [the_caller_hangs_up, the_bot_hangs_up, it_is_transferred], ids=lambda k: k.__name__)
async def test_if_the_service_speaks_and_listens_it_is_as_well(kind: Kind) -> None:
    assert await left_by(kind, mode="platform") == {}


async def test_if_the_service_records_it_is_as_well() -> None:
    assert await left_by(it_is_recorded, recording="platform") == {}
