"""Calls of ours on real sockets: ringing, early media, the ways not to be answered; and hold."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from urllib.parse import unquote

import pytest
from free_port import free_ports
from waiting import until

from voicebot.address import Address
from voicebot.audio import PCMU
from voicebot.events import CallNotAnswered, CallRinging, EarlyMediaReceived, Event, HoldEnded, HoldStarted, NotReached
from voicebot.legs import LegClosed, NoRoom
from voicebot.legs.sip_front_end import SipFrontEnd
from voicebot.legs.sip_incoming import IncomingSipLeg
from voicebot.legs.sip_media import MediaOptions
from voicebot.legs.sip_outgoing import OutgoingSipLeg
from voicebot.rtp import Clip, MediaClock, PortRange
from voicebot.sip import ListenAt, SipEndpoint

LOOPBACK = "127.0.0.1"
DEADLINE_S = 20.0
TONE = bytes(range(160)) * 25


class Side:
    """One end of calls: a front end and what its legs told."""

    def __init__(self, clock: MediaClock) -> None:
        self.ports = PortRange(*free_ports(), LOOPBACK, rest_s=0.0)
        self.front = SipFrontEnd(SipEndpoint(ListenAt(port=0)), self.take, MediaOptions(clock, self.ports))
        self.legs: asyncio.Queue[IncomingSipLeg] = asyncio.Queue()
        self.facts: list[Event] = []
        self.heard = asyncio.Event()
        self.over: list[str] = []

    def take(self, leg: IncomingSipLeg) -> None:
        leg.connect(self)
        self.legs.put_nowait(leg)

    async def next_leg(self) -> IncomingSipLeg:
        async with asyncio.timeout(DEADLINE_S):
            return await self.legs.get()

    async def call(self, uri: str, **options: float) -> OutgoingSipLeg:
        leg = await self.front.place(Address.parse(uri), **options)  # type: ignore[arg-type]
        leg.connect(self)
        return leg

    async def until(self, kind: type[Event]) -> Event:
        await until(lambda: any(type(fact) is kind for fact in self.facts))
        return next(fact for fact in reversed(self.facts) if type(fact) is kind)

    def not_answered(self) -> CallNotAnswered:
        (fact,) = [fact for fact in self.facts if isinstance(fact, CallNotAnswered)]
        return fact

    # the sink

    def frame(self, payload: bytes, at: float) -> None:
        if len(set(payload)) > 1:
            self.heard.set()

    def sent(self, payload: bytes, at: float) -> None:
        pass

    def key(self, key: str, at: float) -> None:
        pass

    def fact(self, event: Event) -> None:
        self.facts.append(event)

    def ended(self, reason: str, at: float) -> None:
        self.over.append(reason)


@pytest.fixture
async def sides() -> AsyncIterator[tuple[Side, Side]]:
    clock = MediaClock()
    clock.start()
    us, them = Side(clock), Side(clock)
    for side in (us, them):
        await side.front.start()
    yield us, them
    for side in (us, them):
        await side.front.close()
        assert side.ports.in_use == 0
    assert len(clock) == 0
    await clock.close()


def uri_of(side: Side) -> str:
    return f"sip:anna@{LOOPBACK}:{side.front.endpoint.port}"


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (486, NotReached.BUSY),
        (600, NotReached.BUSY),
        (480, NotReached.NO_ANSWER),
        (603, NotReached.DECLINED),
        (404, NotReached.UNREACHABLE),
        (503, NotReached.UNREACHABLE),
        (302, NotReached.REFUSED),
        (403, NotReached.REFUSED),
        (401, NotReached.REFUSED),
        (500, NotReached.ERROR),
    ],
)
async def test_the_reasons_for_no_answer_are_distinguished(
    sides: tuple[Side, Side], status: int, outcome: NotReached
) -> None:
    us, them = sides
    leg = await us.call(uri_of(them))
    (await them.next_leg()).reject(status, "")
    with pytest.raises(LegClosed):
        await leg.answer()
    assert (us.not_answered().outcome, us.not_answered().status) == (outcome, status)
    assert us.over == [outcome.value]


async def test_it_rings_and_is_answered(sides: tuple[Side, Side]) -> None:
    us, them = sides
    leg = await us.call(uri_of(them))
    assert (leg.info.direction, leg.info.callee) == ("outbound", "anna")
    other = await them.next_leg()
    other.ring()
    other.ring()
    ringing = await us.until(CallRinging)
    assert isinstance(ringing, CallRinging) and ringing.status == 180
    await asyncio.gather(leg.answer(), other.answer())
    assert len(us.facts) == 1, "ringing is told once"
    await leg.hang_up()
    assert us.over == ["bot"]


async def test_a_call_that_rings_for_too_long_is_given_up(sides: tuple[Side, Side]) -> None:
    us, them = sides
    leg = await us.call(uri_of(them), ring_timeout_s=0.1)
    (await them.next_leg()).ring()
    with pytest.raises(LegClosed, match="not answered in time"):
        await leg.answer()
    assert us.not_answered().outcome is NotReached.NO_ANSWER
    await until(lambda: them.over)
    assert them.over == ["cancelled"]


async def test_a_side_that_does_not_respond_at_all_is_unreachable(
    sides: tuple[Side, Side], monkeypatch: pytest.MonkeyPatch
) -> None:
    us, _ = sides
    monkeypatch.setattr("voicebot.legs.sip_front_end.RESPONSE_TIMEOUT_S", 0.1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind((LOOPBACK, 0))
        leg = await us.call(f"sip:anna@{LOOPBACK}:{silent.getsockname()[1]}")
        with pytest.raises(LegClosed, match="no response"):
            await leg.answer()
    assert us.not_answered().outcome is NotReached.UNREACHABLE


async def test_a_call_that_we_end_while_it_rings_is_cancelled(sides: tuple[Side, Side]) -> None:
    us, them = sides
    leg = await us.call(uri_of(them))
    waiting = asyncio.ensure_future(leg.answer())
    (await them.next_leg()).ring()
    await us.until(CallRinging)
    await leg.hang_up()
    assert us.not_answered().outcome is NotReached.CANCELLED
    with pytest.raises(LegClosed):
        await waiting
    assert us.over == ["cancelled"]


async def test_early_media_is_heard_before_the_answer_and_the_call_goes_on_from_it(sides: tuple[Side, Side]) -> None:
    us, them = sides
    leg = await us.call(uri_of(them))
    other = await them.next_leg()
    assert other.early_media()
    clip = Clip(1, PCMU)
    clip.feed(TONE)
    clip.finish()
    other.playout.append(clip)
    early = await us.until(EarlyMediaReceived)
    assert isinstance(early, EarlyMediaReceived) and early.status == 183
    async with asyncio.timeout(DEADLINE_S):
        await us.heard.wait()
    leg.media_timed_out()
    assert not us.over, "silence before the answer ends no call"
    await asyncio.gather(leg.answer(), other.answer())
    leg.media_timed_out()
    assert us.over == ["media-timeout"]


async def test_hold_is_told_once_and_so_is_its_end(sides: tuple[Side, Side]) -> None:
    us, them = sides
    leg = await us.call(uri_of(them))
    other = await them.next_leg()
    await asyncio.gather(leg.answer(), other.answer())
    await asyncio.sleep(0)
    leg.hold(True)
    # we only send: the other side is not on hold, but has nobody who listens
    await them.until(HoldStarted)
    assert not [fact for fact in us.facts if isinstance(fact, HoldStarted)]
    other.media_timed_out()
    assert not them.over, "a hold may be silent"
    leg.hold(False)  # while the answer to the first offer may still be on its way
    await them.until(HoldEnded)
    assert [type(fact) for fact in them.facts] == [HoldStarted, HoldEnded]


async def test_a_hold_that_is_wanted_before_the_answer_is_offered_after_it(sides: tuple[Side, Side]) -> None:
    us, them = sides
    leg = await us.call(uri_of(them))
    other = await them.next_leg()
    leg.hold(True)
    assert not them.facts
    await asyncio.gather(leg.answer(), other.answer())
    await them.until(HoldStarted)


async def test_while_draining_and_at_the_limit_no_call_is_placed(sides: tuple[Side, Side]) -> None:
    us, them = sides
    us.front._limit = 0
    with pytest.raises(NoRoom, match="too many calls"):
        await us.call(uri_of(them))
    us.front.drain()
    with pytest.raises(NoRoom, match="being stopped"):
        await us.call(uri_of(them))
    us.front._limit = 1
    leg = await us.front.place(Address.parse(uri_of(them)), within_call=True)
    await asyncio.gather(leg.answer(), (await them.next_leg()).answer())


async def test_what_happened_before_anybody_listened_is_told_when_somebody_does(sides: tuple[Side, Side]) -> None:
    us, _ = sides
    leg = await us.front.place(Address.parse(f"sip:anna@{LOOPBACK}:9"))  # nobody is there, which ICMP tells at once
    await until(lambda: not us.front.active)
    leg.connect(us)
    await asyncio.sleep(0)
    assert us.not_answered().outcome is NotReached.UNREACHABLE
    assert us.over == ["unreachable"]


async def test_the_consulted_target_is_taken_over_by_the_callers_side(sides: tuple[Side, Side]) -> None:
    """RFC 3891: the caller's side calls the target in the place of our call with it, which the target ends."""
    us, target = sides
    clock = us.front.media.clock
    caller = Side(clock)
    await caller.front.start()
    try:
        theirs = await caller.call(uri_of(us))
        ours = await us.next_leg()
        await asyncio.gather(theirs.answer(), ours.answer())
        consulted = await us.call(uri_of(target))
        taken = await target.next_leg()
        await asyncio.gather(consulted.answer(), taken.answer())
        asked: asyncio.Queue[str] = asyncio.Queue()

        def take(uri: str) -> bool:
            asked.put_nowait(uri)
            return True

        theirs.on_transfer_asked = take
        transferring = asyncio.ensure_future(ours.transfer(Address.parse(uri_of(target)), replaces=consulted))
        async with asyncio.timeout(DEADLINE_S):
            uri, _, header = (await asked.get()).partition("?Replaces=")
            replacing = await caller.front.place(Address.parse(uri), headers={"Replaces": unquote(header)})
            replacing.connect(caller)
            new = await target.next_leg()
            await asyncio.gather(replacing.answer(), new.answer())
            theirs.transfer_result(200, "OK")
            outcome = await transferring
            assert (outcome.accepted, outcome.status) == (True, 200)
            await until(lambda: "caller" in us.over)  # the target has hung up on us, for the caller's sake
        refused = await ours.transfer(Address.parse(uri_of(target)), replaces=consulted)
        assert not refused.accepted
        await replacing.hang_up()
    finally:
        await caller.front.close()
