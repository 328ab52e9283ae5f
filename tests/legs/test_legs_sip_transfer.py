"""A bot's transfers, of which the leg asks the caller (REFER)."""

from __future__ import annotations

import asyncio

import pytest
from leg_ends import LOOPBACK, Answerer, Line, Sink
from waiting import until

from voicebot.address import Address
from voicebot.legs.sip_outgoing import dial


@pytest.mark.parametrize("status", [200, 486])
async def test_a_transfer_is_asked_of_the_caller_and_its_outcome_told(
    line: Line, answerer: Answerer, status: int
) -> None:
    asked: list[str] = []
    sink = Sink()
    leg = await dial(line.endpoint, line.media, answerer.address, sink=sink)

    def follow(target: str) -> bool:
        asked.append(target)
        asyncio.get_running_loop().call_soon(leg.transfer_result, status)
        return True

    leg.on_transfer_asked = follow
    bot = answerer.legs[0]
    await until(lambda: not answerer.tasks)
    outcome = await bot.transfer(Address.parse(f"sip:+4930999@{LOOPBACK}:{line.endpoint.port}"))
    assert asked == [f"sip:+4930999@{LOOPBACK}:{line.endpoint.port}"]
    assert (outcome.accepted, outcome.status) == (status == 200, status)
    if status != 200:
        assert not answerer.sinks[0].over.done()
        await bot.hang_up()
    assert await answerer.sinks[0].reason() == ("transfer" if status == 200 else "bot")
    assert await sink.reason() == "caller"


async def test_a_transfer_that_the_caller_will_not_do_and_one_to_nonsense_leave_the_call_up(
    line: Line, answerer: Answerer
) -> None:
    leg = await dial(line.endpoint, line.media, answerer.address)
    bot = answerer.legs[0]
    await until(lambda: not answerer.tasks)
    outcome = await bot.transfer(Address.parse("sip:agent@127.0.0.1"))
    assert (outcome.accepted, outcome.status) == (False, 603)
    nowhere = await bot.transfer(Address.parse("7001"))
    assert not nowhere.accepted and "no domain" in nowhere.message
    await leg.hang_up()
    assert not (await bot.transfer(Address.parse("sip:agent@127.0.0.1"))).accepted
