"""Recording on demand: it begins, pauses and ends in the middle of a call, also because we have asked for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from leg_ends import LOOPBACK, Answerer
from recording_client import RecordingClient
from recording_desk import answered, desk, ports_of
from waiting import until

from voicebot.address import Address
from voicebot.events import TransferEnded
from voicebot.legs.siprec import RecordingOptions
from voicebot.rtp import MediaClock

pytestmark = pytest.mark.virtual_time
SDP = """v=0
o=- 1 1 IN IP4 {HOST}
s=-
c=IN IP4 {HOST}
t=0 0
m=audio {A} RTP/AVP 0
"""
AGENT = Address.parse("sip:7001@pbx.example")
START = "start-siprec;recording-ip-group=Assist,Archive;recorded-side=peer"
STOP = "stop-siprec;recording-ip-group=Assist,Archive"


@pytest.fixture
async def clock() -> MediaClock:
    clock = MediaClock(asyncio.get_running_loop().time)
    clock.start()
    return clock


async def test_a_session_that_begins_inactive_is_heard_from_when_the_client_sends(clock: MediaClock) -> None:
    async with desk(clock) as (ours, client):
        ports = ports_of(await client.send("begins_inactive"))
        listener = ours.listener
        await client.speak(ports, (0x11, 0x22))
        assert [one.active for one in listener.call.info.streams] == [False, False] and not listener.heard
        begun = await client.send("begins_inactive", ("a=inactive", "a=sendonly"))
        assert [direction for _served, _formats, direction, _label in answered(begun)] == ["recvonly"] * 2
        assert ports_of(begun) == ports
        await client.speak(ports, (0x33, 0x44))
        await until(lambda: listener.heard == {0: {0x33}, 1: {0x44}})
        await client.send("begins_inactive")
        await client.speak(ports, (0x55, 0x66))
        assert [one.active for one in listener.call.info.streams] == [False, False]
        await client.bye()
        assert listener.heard == {0: {0x33}, 1: {0x44}} and listener.ends == ["client"]


async def test_one_that_begins_inactive_while_we_pause_goes_on_when_both_want_it(clock: MediaClock) -> None:
    async with desk(clock) as (ours, client):
        await client.send("begins_inactive")
        call = ours.listener.call
        await call.pause()
        begun = await client.send("begins_inactive", ("a=inactive", "a=sendonly"))
        assert [direction for _served, _formats, direction, _label in answered(begun)] == ["inactive"] * 2
        assert await call.resume()
        await client.speak(ports_of(begun), (0x11, 0x22))
        await until(lambda: ours.listener.heard == {0: {0x11}, 1: {0x22}})


async def test_a_call_may_be_recorded_several_times(clock: MediaClock) -> None:
    async with desk(clock) as (ours, client):
        await client.send("audiocodes")
        await client.bye()
        async with RecordingClient(client.server) as another:
            ports = ports_of(await another.send("audiocodes"))
            await another.speak(ports, (0x11, 0x22))
            first, second = ours.listeners
            await until(lambda: second.heard == {0: {0x11}, 1: {0x22}})
            assert first.ends == ["client"] and not first.heard
            assert first.call.info.session_id == second.call.info.session_id != ""
            assert first.call.info.call_id != second.call.info.call_id
            await another.bye()


# --- we ask for it


@pytest.fixture
async def answerer(clock: MediaClock) -> AsyncIterator[Answerer]:
    answerer = Answerer(clock, recordings=RecordingOptions(on_transfer={"": "Assist,Archive"}))
    await answerer.front.start()
    yield answerer
    await answerer.front.close()
    assert answerer.ports.in_use == 0


@pytest.fixture
async def sbc(answerer: Answerer) -> AsyncIterator[RecordingClient]:
    """It has called our bot."""
    async with RecordingClient((LOOPBACK, answerer.front.endpoint.port)) as client:
        plain = client.within("INVITE", ["Content-Type: application/sdp"], SDP).replace(";+sip.src", "")
        assert (await client.send(plain)).status == 200
        await until(lambda: answerer.legs and not answerer.tasks)
        yield client


def told(sbc: RecordingClient) -> list[str]:
    """What it was asked, in order: to record or not, or else the method."""
    return [request.headers.get("X-AC-Action") or request.method for request in sbc.came]


def transfer(answerer: Answerer) -> asyncio.Future[TransferEnded]:
    return asyncio.ensure_future(answerer.legs[0].transfer(AGENT))


async def test_the_sbc_is_asked_to_record_before_it_is_asked_to_connect_the_caller(
    answerer: Answerer, sbc: RecordingClient
) -> None:
    transferring = transfer(answerer)
    await until(lambda: "REFER" in sbc.asked)
    await sbc.bye()
    assert (await transferring).accepted
    assert told(sbc) == [START, "REFER"] and sbc.asked[0] == "INFO"
    assert sbc.came[0].body == b"" and sbc.came[0].headers.get("Content-Type") is None


async def test_recording_ends_when_the_transfer_fails(answerer: Answerer, sbc: RecordingClient) -> None:
    sbc.answers_to["REFER"] = 603
    assert (await transfer(answerer)).status == 603
    assert told(sbc) == [START, "REFER", STOP]


@pytest.mark.parametrize("answers", [405, None])
async def test_a_caller_is_transferred_all_the_same_where_the_sbc_does_not_record(
    answerer: Answerer, sbc: RecordingClient, answers: int | None
) -> None:
    """It refuses, or says nothing at all."""
    sbc.answers_to["INFO"] = answers
    transferring = transfer(answerer)
    await until(lambda: "REFER" in sbc.asked)
    await sbc.bye()
    assert (await transferring).accepted
    assert list(dict.fromkeys(told(sbc))) == [START, "REFER"]


async def test_who_hangs_up_meanwhile_is_not_transferred(answerer: Answerer, sbc: RecordingClient) -> None:
    sbc.answers_to["INFO"] = None
    transferring = transfer(answerer)
    await until(lambda: sbc.asked)
    await sbc.bye()
    assert not (await transferring).accepted
    assert set(told(sbc)) == {START}


async def test_an_sbc_that_does_not_record_for_us_is_asked_nothing(answerer: Answerer, sbc: RecordingClient) -> None:
    answerer.legs[0].recording_group = ""
    transferring = transfer(answerer)
    await until(lambda: "REFER" in sbc.asked)
    await sbc.bye()
    assert (await transferring).accepted and told(sbc) == ["REFER"]
