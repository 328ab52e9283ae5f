"""Host names in session descriptions: looked up before anybody sees them, within bounds, and in order."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from sip_peer import OFFER, Peer, session, up
from waiting import until

from voicebot.address import Address
from voicebot.sip import CallClosed, IncomingCall, ListenAt, OutgoingCall, SessionDescription, SipEndpoint, offer_answer
from voicebot.sip.answering import CallOffered
from voicebot.sip.call import CallOutput, SipCall
from voicebot.sip.media_names import DEADLINE_S, MAX_LOOK_UPS, MAX_WAITING, CallNews, MediaNames
from voicebot.sip.outputs import (
    CallConfirmed,
    CallEnded,
    CallEvent,
    CallProgress,
    KeyReceived,
    SessionAnswered,
    SessionOffered,
)

LOOPBACK = "127.0.0.1"
NAMED = OFFER.replace(b"c=IN IP4 127.0.0.1", b"c=IN IP4 media.example")
ADDRESSES = ["2001:db8::7", "192.0.2.7"]


def named() -> SessionDescription:
    return SessionDescription.parse(NAMED)


class Told:
    """What came out of the look-ups."""

    def __init__(self, look_up: Callable[[str], list[str]] = lambda _: ADDRESSES) -> None:
        self.outputs: list[CallNews] = []
        self.names = MediaNames(self.take, look_up)

    def take(self, outputs: object) -> None:
        assert isinstance(outputs, list)
        self.outputs += [output for output in outputs if not self.names.holds(output)]

    async def all_of(self, count: int) -> None:
        await until(lambda: len(self.outputs) >= count)


def offered(body: bytes = NAMED) -> CallOffered:
    peer = Peer()
    peer.send(peer.request("INVITE", body=body))
    return peer.event(CallOffered)


def call() -> SipCall:
    return up(Peer())[0]


def addresses(description: SessionDescription | None) -> tuple[str, ...]:
    assert description is not None
    return description.addresses_of(description.media[0])


async def test_an_offer_waits_for_the_addresses_of_its_host() -> None:
    told, offer = Told(), offered()
    assert told.names.holds(offer) and told.names.calls == [offer.call]
    await told.all_of(1)
    assert addresses(offer.call.offer) == tuple(ADDRESSES) and told.names.calls == []


async def test_what_has_addresses_or_no_description_does_not_wait() -> None:
    told = Told()
    assert not told.names.holds(offered(OFFER)) and not told.names.holds(offered(b""))
    for event in (KeyReceived("1"), CallConfirmed(None), SessionOffered(session()), CallProgress(180, "", None)):
        assert not told.names.holds(CallOutput(call(), event))


@pytest.mark.parametrize(
    "event", [CallProgress(183, "", named()), CallConfirmed(named()), SessionAnswered(named()), SessionOffered(named())]
)
async def test_every_event_with_a_description_waits_and_later_ones_of_the_call_behind_it(event: CallEvent) -> None:
    told, one, other = Told(), call(), call()
    outputs = [CallOutput(one, event), CallOutput(one, KeyReceived("1")), CallOutput(one, SessionOffered(named()))]
    assert all(told.names.holds(output) for output in outputs)
    assert not told.names.holds(CallOutput(other, KeyReceived("2"))), "other calls go on"
    await told.all_of(3)
    assert told.outputs == outputs
    last = outputs[2].event
    assert isinstance(last, SessionOffered) and addresses(last.offer) == tuple(ADDRESSES)


async def test_the_end_of_a_call_waits_for_nothing_and_nothing_comes_after_it() -> None:
    go_on = threading.Event()

    def slow(_: str) -> list[str]:
        go_on.wait(30)
        return ADDRESSES

    told, offer = Told(slow), offered()
    assert told.names.holds(offer)
    assert not told.names.holds(CallOutput(offer.call, CallEnded("cancelled"))) and told.names.calls == []
    go_on.set()
    other = offered()
    assert told.names.holds(other)
    await told.all_of(1)
    assert told.outputs == [other]
    await told.names.close()


@pytest.mark.parametrize("error", [OSError("no such host"), UnicodeError("no name")])
async def test_a_host_that_is_not_found_has_no_address(error: Exception) -> None:
    def missing(_: str) -> list[str]:
        raise error

    told, offer = Told(missing), offered()
    assert told.names.holds(offer)
    await told.all_of(1)
    assert addresses(offer.call.offer) == ()


async def test_look_ups_that_hang_are_left_behind_and_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voicebot.sip.media_names.DEADLINE_S", DEADLINE_S / 100)
    go_on, asked = threading.Event(), []

    def hang(name: str) -> list[str]:
        asked.append(name)
        go_on.wait(30)
        return ADDRESSES

    told, offers = Told(hang), [offered() for _ in range(MAX_LOOK_UPS + 3)]
    assert all(told.names.holds(offer) for offer in offers)
    await told.all_of(len(offers))
    assert len(asked) == MAX_LOOK_UPS and all(addresses(offer.call.offer) == () for offer in offers)
    go_on.set()


async def test_an_offer_of_many_names_waits_once_and_only_the_first_are_looked_up() -> None:
    asked: list[str] = []

    def look_up(name: str) -> list[str]:
        asked.append(name)
        return ADDRESSES

    lines = "".join(f"m=audio 4000 RTP/AVP 0\r\nc=IN IP4 h{number}.example\r\n" for number in range(9))
    told, offer = Told(look_up), offered(NAMED + lines.encode())
    assert told.names.holds(offer)
    await told.all_of(1)
    assert sorted(asked) == ["h0.example", "media.example"] and told.names.calls == []
    assert offer.call.offer is not None and offer.call.offer.names == []


async def test_what_waits_is_bounded_and_forgotten_in_the_end() -> None:
    told, one = Told(), call()
    for number in range(MAX_WAITING + 9):
        assert told.names.holds(CallOutput(one, SessionOffered(named()) if not number else KeyReceived("1")))
    await told.all_of(MAX_WAITING)
    assert told.names.holds(offered())
    await told.names.close()
    assert told.names.calls == []


def described(host: str) -> SessionDescription:
    return offer_answer.offer(host, 40000)


async def test_a_call_is_offered_answered_and_changed_by_name() -> None:
    seen: list[tuple[str, ...]] = []
    tasks = []

    def invited(incoming: IncomingCall) -> None:
        seen.append(addresses(incoming.offer))
        incoming.on_session = lambda offer: seen.append(addresses(offer)) or described("localhost")
        tasks.append(asyncio.ensure_future(incoming.answer(described("localhost"))))

    caller, callee = SipEndpoint(ListenAt(port=0)), SipEndpoint(ListenAt(port=0), on_invite=invited)
    await caller.start()
    await callee.start()
    outgoing = caller.invite(Address.parse(f"sip:bot@{LOOPBACK}:{callee.port}"), described("localhost"))
    outgoing.on_session_answer = lambda answer: seen.append(addresses(answer))
    seen.append(addresses(await outgoing.established()))
    assert outgoing.reoffer(described("localhost"))
    await until(lambda: len(seen) == 4)
    assert all(LOOPBACK in each and "localhost" not in each for each in seen)
    await caller.close()
    await callee.close()


@asynccontextmanager
async def a_call_that_waits() -> AsyncIterator[tuple[SipEndpoint, OutgoingCall]]:
    """Who is called, and the call, of which nothing is told there as long as its look-up hangs: in the block."""
    go_on = threading.Event()
    caller = SipEndpoint(ListenAt(port=0))
    callee = SipEndpoint(ListenAt(port=0), on_invite=lambda _: pytest.fail("it is told of a call that waited"))
    callee._names._look_up = lambda _: [LOOPBACK] if go_on.wait(30) else []
    await caller.start()
    await callee.start()
    yield callee, caller.invite(Address.parse(f"sip:bot@{LOOPBACK}:{callee.port}"), described("media.example"))
    go_on.set()
    await caller.close()
    await callee.close()


async def test_an_endpoint_that_closes_refuses_calls_that_wait() -> None:
    async with a_call_that_waits() as (callee, outgoing):
        await until(lambda: callee._names.calls)
        await callee.close()
        with pytest.raises(CallClosed, match="480"):
            await outgoing.established()


async def test_a_call_that_is_cancelled_while_it_waits_is_never_told() -> None:
    async with a_call_that_waits() as (callee, outgoing):
        await until(lambda: callee._names.calls and outgoing.responded)
        outgoing.bye()
        await until(lambda: not callee._names.calls)
    assert callee.active_calls == 0
