"""Listening is paused: the client is asked to send nothing, and what it sends all the same is dropped."""

from __future__ import annotations

import asyncio

import pytest
from recording_client import SAMPLES
from recording_desk import DESK, answered, desk, ports_of
from waiting import until

from voicebot.legs.siprec import OFFER_DEADLINE_S, RecordingOptions
from voicebot.rtp import MediaClock
from voicebot.sip import SessionDescription

pytestmark = pytest.mark.virtual_time
BEFORE, MEANWHILE, AFTER = (0x11, 0x22), (0x33, 0x44), (0x55, 0x66)


@pytest.fixture
async def clock() -> MediaClock:
    clock = MediaClock(asyncio.get_running_loop().time)
    clock.start()
    return clock


def directions(session: SessionDescription) -> list[str | None]:
    return [media.direction for media in session.media]


async def test_the_client_sends_nothing_until_listening_goes_on(clock: MediaClock) -> None:
    async with desk(clock) as (ours, client):
        ports = ports_of(await client.send("as_the_rfc_says"))
        await client.speak(ports, BEFORE)
        assert await ours.listener.call.pause()
        (offer,) = client.offered
        assert directions(offer) == ["inactive"] * 2 and [one.label for one in offer.media] == ["96", "98"]
        assert [one.active for one in ours.listener.call.info.streams] == [False, False]
        await client.speak(ports, MEANWHILE)
        assert await ours.listener.call.resume()
        assert directions(client.offered[1]) == ["recvonly"] * 2 and len(client.offered) == 2
        assert [one.formats for one in client.offered[1].media] == [["0", "8", "101"]] * 2, "the session as it is"
        await client.speak(ports, AFTER)
        await until(lambda: ours.listener.heard == {0: {0x11, 0x55}, 1: {0x22, 0x66}})


@pytest.mark.parametrize("asks", [True, False])
async def test_where_the_client_does_not_do_that_its_voices_are_dropped(clock: MediaClock, asks: bool) -> None:
    """``pause_at_source``: it is not even asked."""
    async with desk(clock, RecordingOptions(numbers=DESK.numbers, pause_at_source=asks)) as (ours, client):
        client.answers = 488
        ports = ports_of(await client.send("as_the_rfc_says"))
        assert not await ours.listener.call.pause()
        await client.speak(ports, MEANWHILE)
        frames = ours.listener.frames
        assert await ours.listener.call.resume() and len(client.offered) == asks
        await client.speak(ports, AFTER)
        await until(lambda: ours.listener.heard == {0: {0x55}, 1: {0x66}})
        assert frames == 0


async def test_a_client_that_agrees_and_goes_on_sending_is_asked_once(clock: MediaClock) -> None:
    async with desk(clock) as (ours, client):
        client.goes_on = True
        ports = ports_of(await client.send("as_the_rfc_says"))
        assert not await ours.listener.call.pause()
        await client.speak(ports, MEANWHILE)
        assert ours.listener.frames == 0 and len(client.offered) == 1
        assert await ours.listener.call.resume()
        await client.speak(ports, AFTER)
        await until(lambda: ours.listener.heard == {0: {0x55}, 1: {0x66}})


async def test_metadata_is_taken_while_our_offer_is_not_answered(clock: MediaClock) -> None:
    async with desk(clock) as (ours, client):
        await client.send("as_the_rfc_says")
        client.answers = None
        pausing = asyncio.ensure_future(ours.listener.call.pause())
        await until(lambda: client.asked)
        assert (await client.send("then_metadata_only")).status == 200
        await until(lambda: [one.name for one in ours.listener.call.info.parties] == ["Ada Caller", "Cy Agent"])
        assert (await client.send("then_hold")).status == 491
        client.answers = 200
        assert await pausing


async def test_what_the_client_offers_meanwhile_is_answered_inactive(clock: MediaClock) -> None:
    async with desk(clock) as (ours, client):
        client.answers = 488
        await client.send("as_the_rfc_says")
        assert not await ours.listener.call.pause()
        response = await client.send("then_another_agent")
        assert [direction for _served, _formats, direction, _label in answered(response)] == ["inactive"] * 2
        client.answers = 200
        assert await ours.listener.call.pause(), "that has been agreed now"
        assert await ours.listener.call.resume()
        assert directions(client.offered[-1]) == ["recvonly"] * 2
        ports = ports_of(response)
        await client.speak(ports, AFTER)
        await until(lambda: ours.listener.heard == {0: {0x55}, 1: {0x66}})


async def test_nothing_is_delivered_from_the_wish_on_however_long_the_client_takes(clock: MediaClock) -> None:
    """Its answer comes when nobody waits for it any more, and listening goes on already: it is asked to send again."""
    async with desk(clock) as (ours, client):
        ports = ports_of(await client.send("as_the_rfc_says"))
        client.answers = None
        begun = asyncio.get_running_loop().time()
        pausing = asyncio.ensure_future(ours.listener.call.pause())
        await client.speak(ports, MEANWHILE)
        assert not await pausing and not ours.listener.heard
        assert asyncio.get_running_loop().time() == pytest.approx(begun + OFFER_DEADLINE_S, abs=0.1)
        resuming = asyncio.ensure_future(ours.listener.call.resume())
        await asyncio.sleep(0.1)
        client.answers = 200
        await resuming
        await until(lambda: directions(client.offered[-1]) == ["recvonly"] * 2)
        await client.speak(ports, AFTER)
        await until(lambda: ours.listener.heard == {0: {0x55}, 1: {0x66}})


async def test_what_is_wished_last_holds(clock: MediaClock) -> None:
    async with desk(clock) as (ours, client):
        ports = ports_of(await client.send("as_the_rfc_says"))
        call = ours.listener.call
        await asyncio.gather(call.pause(), call.resume(), call.pause(), call.resume())
        await client.speak(ports, AFTER)
        await until(lambda: ours.listener.heard == {0: {0x55}, 1: {0x66}})
        await asyncio.gather(call.resume(), call.pause())
        await client.speak(ports, MEANWHILE)
        assert ours.listener.heard == {0: {0x55}, 1: {0x66}}
        assert directions(client.offered[-1]) == ["inactive"] * 2


async def test_a_stream_that_is_on_hold_stays_so_when_listening_goes_on(clock: MediaClock) -> None:
    async with desk(clock) as (ours, client):
        await client.send("as_the_rfc_says")
        await ours.listener.call.pause()
        hold = (SAMPLES / "then_hold.sip").read_text().replace("INVITE", "UPDATE")
        assert (await client.send(hold)).status == 200
        client.answers = 488
        assert not await ours.listener.call.resume(), "it does not take our offer"
        assert [one.active for one in ours.listener.call.info.streams] == [False, False]


async def test_pausing_ends_with_the_call(clock: MediaClock) -> None:
    async with desk(clock) as (ours, client):
        await client.send("as_the_rfc_says")
        client.answers = None
        pausing = asyncio.ensure_future(ours.listener.call.pause())
        await asyncio.sleep(0.1)
        await client.bye()
        assert not await pausing and ours.listener.ends == ["client"]
        assert not await ours.listener.call.pause()
