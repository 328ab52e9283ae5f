"""A recording client may be silent for as long as it likes, but not be gone. And other ends of its sessions."""

from __future__ import annotations

import asyncio

import pytest
from recording_desk import desk, ports_of
from waiting import until

from voicebot.legs.siprec import LONGEST_SILENCE_S
from voicebot.rtp import MediaClock

pytestmark = pytest.mark.virtual_time


@pytest.fixture
async def clock() -> MediaClock:
    clock = MediaClock(asyncio.get_running_loop().time)
    clock.start()
    return clock


async def test_a_client_that_is_silent_for_an_hour_is_asked_and_keeps_its_session(clock: MediaClock) -> None:
    """Ever more seldom; and whatever it says shows that it is there."""
    async with desk(clock) as (ours, client):
        await client.send("as_the_rfc_says")
        for answers, silence_s in ((200, 3_600), (488, 1_200)):
            client.answers = answers
            client.asked.clear()
            await asyncio.sleep(silence_s)
            assert silence_s / LONGEST_SILENCE_S - 1 <= len(client.asked) <= 20  # some of them twice, on a slow machine
            assert set(client.asked) == {"INVITE"} and not ours.listener.ends
        assert [one.active for one in ours.listener.call.info.streams] == [True, True]
        await client.bye()


async def test_a_client_that_takes_updates_is_asked_by_one(clock: MediaClock) -> None:
    async with desk(clock) as (ours, client):
        await client.send("as_the_rfc_says", ("Require: siprec", "Require: siprec\nAllow: INVITE, ACK, BYE, UPDATE"))
        await asyncio.sleep(100)
        assert set(client.asked) == {"UPDATE"} and not ours.listener.ends


async def test_one_silent_stream_beside_one_that_is_heard_asks_nothing(clock: MediaClock) -> None:
    async with desk(clock) as (ours, client):
        ports = ports_of(await client.send("as_the_rfc_says"))
        await client.speak(ports[:1], [0x11], packets=4_000)
        assert not client.asked and not ours.listener.ends


async def test_a_client_that_has_vanished_ends_the_call(clock: MediaClock) -> None:
    async with desk(clock) as (ours, client):
        ports = ports_of(await client.send("as_the_rfc_says"))
        await client.speak(ports, [0x11, 0x22])
        client.answers = None
        await asyncio.sleep(100)
        assert ours.listener.ends == ["expired"]


async def test_a_client_that_no_longer_has_the_session_ends_the_call(clock: MediaClock) -> None:
    async with desk(clock) as (ours, client):
        await client.send("as_the_rfc_says")
        client.answers = 481
        await asyncio.sleep(40)
        assert ours.listener.ends == ["expired"]


async def test_on_hold_nothing_is_heard_and_the_session_stays(clock: MediaClock) -> None:
    async with desk(clock) as (ours, client):
        await client.send("as_the_rfc_says")
        await client.send("then_hold")
        frames = ours.listener.frames
        await asyncio.sleep(1_800)
        assert ours.listener.frames == frames and not ours.listener.ends


async def test_we_end_it(clock: MediaClock) -> None:
    async with desk(clock) as (ours, client):
        await client.send("as_the_rfc_says")
        await ours.listener.call.hang_up()
        assert ours.listener.ends == ["agent"]
        async with asyncio.timeout(5):
            await client.ended.wait()
        await ours.listener.call.hang_up()


async def test_a_session_that_nobody_acknowledges_ends(clock: MediaClock) -> None:
    async with desk(clock) as (ours, client):
        client.acknowledges = False
        await client.send("as_the_rfc_says")
        await until(lambda: ours.listener.ends, deadline_s=100)
        assert ours.listener.ends == ["error"]


async def test_a_session_whose_client_answers_our_offer_with_nothing_ends(clock: MediaClock) -> None:
    async with desk(clock) as (ours, client):
        await client.send(client.within("INVITE", ["Require: siprec"]))
        await until(lambda: ours.listener.ends)
        assert ours.listener.ends == ["error"]
