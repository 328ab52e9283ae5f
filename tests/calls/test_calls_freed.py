"""A call that is over leaves nothing for the collector, which would stop the packets of all other calls: real legs on
loopback, with sessions whose bots, voices and recognisers are doubles."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from free_port import free_ports
from greeting_service import GreetingService
from uncollected import uncollected
from waiting import until

from voicebot.address import Address
from voicebot.bots.conventions import Conventions, with_conventions
from voicebot.calls import Keeping, Placed, TransferRules
from voicebot.certificate import self_signed_pem
from voicebot.events import Event, Final, SpeechStarted, SpeechStopped
from voicebot.legs import Leg, LegClosed
from voicebot.legs.sip import SipLeg
from voicebot.legs.sip_front_end import SipFrontEnd
from voicebot.legs.sip_incoming import IncomingSipLeg
from voicebot.legs.sip_info import leg_info
from voicebot.legs.sip_keys import LegKeys
from voicebot.legs.sip_media import MediaOptions, MediaPreferences
from voicebot.legs.sip_outgoing import OutgoingOptions, OutgoingSipLeg, dial
from voicebot.legs.sip_session import LegSession
from voicebot.rtp import MediaClock, PortRange
from voicebot.sip import ListenAt, SipEndpoint, TlsOptions
from voicebot.tasks import BackgroundTasks
from voicebot.turns import FloorState

LOOPBACK = "127.0.0.1"


class Phone:
    """Whoever is at the other end, as a sink of its leg."""

    def __init__(self) -> None:
        self.heard = asyncio.Event()
        self.facts: list[Event] = []
        self.over = asyncio.Event()

    def frame(self, payload: bytes, at: float) -> None:
        if payload.strip(b"\xff\0"):
            self.heard.set()

    def sent(self, payload: bytes, at: float) -> None: ...

    def key(self, key: str, at: float) -> None: ...

    def fact(self, event: Event) -> None:
        self.facts.append(event)

    def ended(self, reason: str, at: float) -> None:
        self.over.set()


class Desk(GreetingService):
    """The service, called by phones."""

    def __init__(self, clock: MediaClock, records: Path, listen: ListenAt, pem: Path) -> None:
        super().__init__()
        self.records = records
        tls = TlsOptions(certificate=pem, ca_file=pem)

        def media(**options: Any) -> MediaOptions:
            return MediaOptions(clock, PortRange(*free_ports(), LOOPBACK, rest_s=0.0), LOOPBACK, **options)

        self.media, self.own = media(), media(silence_timeout_s=1.0)
        self.bots = SipFrontEnd(SipEndpoint(listen, tls=tls), self.came, self.own)
        self.phones = SipFrontEnd(SipEndpoint(listen, tls=tls), self.rang, self.media)
        self.answers = True
        self.rings: list[IncomingSipLeg] = []
        self.tasks = BackgroundTasks()

    def attended(self) -> None:
        """Transfers are attended from now on."""

        async def consult(to: Address, _trunk: str, headers: Mapping[str, str]) -> Leg:
            leg = await self.bots.place(to, headers=headers, within_call=True)
            self.watch(leg, "the consultation's")
            return leg

        rules = replace(self.services.rules, transfers=TransferRules(("*@*:*",), consult=consult))
        attended = with_conventions(self.conversation, Conventions(attended=True))
        self.calls.services = replace(self.services, rules=rules, conversation=attended)

    def came(self, leg: Leg, placed: Placed | None = None) -> None:
        self.watch(leg, "the service's")
        self.took(leg, placed)

    def watch(self, leg: Leg, whose: str) -> None:
        assert isinstance(leg, SipLeg)
        parts = {"leg": leg, "call": leg._call, "call in the core": leg._call._core, "media": leg._session.rtp}
        self.keep_an_eye_on(**{f"{whose} {name}": part for name, part in parts.items()})

    # --- the phones

    @property
    def address(self) -> Address:
        return self.of(self.bots)

    def of(self, front_end: SipFrontEnd) -> Address:
        endpoint = front_end.endpoint
        transport = endpoint._listen[0].transport
        return Address.parse(f"sip:bot@{LOOPBACK}:{endpoint.port};transport={transport.lower()}")

    def rang(self, leg: IncomingSipLeg) -> None:
        self.watch(leg, "the phone's")
        leg.connect(Phone())
        leg.ring()
        if self.answers:
            self.tasks.spawn(leg.answer(), "answering")
        else:
            self.rings.append(leg)

    async def call(self, media: MediaOptions | None = None) -> tuple[OutgoingSipLeg, Phone]:
        """A phone has called, and hears the bot."""
        phone = Phone()
        leg = await dial(self.phones.endpoint, media or self.media, self.address, sink=phone)
        self.watch(leg, "the phone's")
        await phone.heard.wait()
        return leg, phone

    async def refused(self, options: OutgoingOptions | None = None) -> str:
        """A phone calls, and is not answered. Why."""
        try:
            await dial(self.phones.endpoint, self.media, self.address, options, sink=Phone())
        except LegClosed as closed:
            return str(closed)
        return ""

    async def over(self) -> None:
        """All has ended; time has passed for the timers of SIP, during which messages may be repeated."""
        await until(lambda: not (len(self.calls) or self.bots.active or self.phones.active or len(self.tasks)))
        for front in (self.bots, self.phones):
            await until(lambda front=front: not len(front._tasks) and not front.endpoint._core._table.all)  # type: ignore[misc]
            endpoint = front.endpoint
            endpoint._dispatch(endpoint._core.timeout(asyncio.get_running_loop().time() + 100.0))
            assert not endpoint._core.transactions
        await until(lambda: not len(self.own.clock))


Kind = Callable[[Desk], Awaitable[None]]


async def the_caller_hangs_up(desk: Desk) -> None:
    leg, _ = await desk.call()
    await leg.hang_up()


async def the_bot_hangs_up(desk: Desk) -> None:
    _, phone = await desk.call()
    desk.bot_does(type="endOfConversation")
    await phone.over.wait()


async def something_is_said_and_answered(desk: Desk) -> None:
    leg, _ = await desk.call()
    await until(lambda: desk.session.state is FloorState.WAITING)
    (ears,), now = desk.ears, asyncio.get_running_loop().time()
    desk.session.dispatch(SpeechStarted(now, now - 2.0))
    desk.session.dispatch(SpeechStopped(now, now - 1.0))
    ears.on_event(Final(now, "my bill", now - 2.0, now - 1.0, 0.8))
    await until(lambda: "my bill" in desk.told)
    await leg.hang_up()


async def keys_are_pressed(desk: Desk) -> None:
    leg, _ = await desk.call()
    leg.send_keys("1#")
    await until(lambda: {"1", "#"} <= set(desk.told))
    await leg.hang_up()


async def it_is_cancelled_while_it_rings(desk: Desk) -> None:
    desk.rule(before_answer=lambda _trunk: "greeting")
    assert "timeout 408" in await desk.refused(OutgoingOptions(ring_timeout_s=0.5))


async def it_is_refused(desk: Desk) -> None:
    leg, _ = await desk.call()
    desk.bots.drain()
    assert "503" in await desk.refused()
    await leg.hang_up()


async def there_is_no_codec(desk: Desk) -> None:
    desk.bots._media = replace(desk.own, preferences=MediaPreferences(srtp="required"))
    assert "488" in await desk.refused()


async def the_phone_is_gone(desk: Desk) -> None:
    leg, phone = await desk.call()
    await leg._session.rtp.close()
    await phone.over.wait()


async def it_lasts_too_long(desk: Desk) -> None:
    desk.rule(max_duration_s=1.0)
    _, phone = await desk.call()
    await phone.over.wait()


async def another_process_takes_it(desk: Desk) -> None:
    leg, _ = await desk.call()
    desk.session.give_up()
    await leg.hang_up()


async def it_is_held_and_resumed(desk: Desk) -> None:
    leg, _ = await desk.call()
    leg.hold(True)
    await until(lambda: desk.session._lifecycle.held)
    leg.hold(False)
    await until(lambda: not desk.session._lifecycle.held)
    await leg.hang_up()


async def it_is_recorded(desk: Desk) -> None:
    desk.calls.services = replace(desk.services, keeping=Keeping(desk.records, True, False))
    leg, _ = await desk.call()
    await leg.hang_up()
    await until(lambda: len(list(desk.records.iterdir())) == 2)


async def transferred(desk: Desk, status: int) -> None:
    """``status``: what the target answers."""
    leg, phone = await desk.call()

    def follow(_target: str) -> bool:
        asyncio.get_running_loop().call_soon(leg.transfer_result, status)
        return True

    leg.on_transfer_asked = follow
    desk.bot_transfers(str(desk.of(desk.phones)))
    if status == 200:
        await phone.over.wait()
    else:
        await until(lambda: "handoff.status" in desk.told)
        await leg.hang_up()
    leg.on_transfer_asked = None


async def it_is_transferred(desk: Desk) -> None:
    await transferred(desk, 200)


async def a_transfer_fails(desk: Desk) -> None:
    await transferred(desk, 486)


async def it_is_transferred_after_a_consultation(desk: Desk) -> None:
    desk.attended()
    await transferred(desk, 200)


async def the_target_of_a_consultation_is_busy(desk: Desk) -> None:
    desk.attended()
    desk.answers = False
    leg, _ = await desk.call()
    desk.bot_transfers(str(desk.of(desk.phones)))
    await until(lambda: desk.rings)
    desk.rings.pop().reject(486, "Busy Here")
    await until(lambda: "handoff.status" in desk.told)
    await leg.hang_up()


async def it_is_encrypted(desk: Desk) -> None:
    leg, _ = await desk.call(replace(desk.media, preferences=MediaPreferences(srtp="required")))
    assert leg.quality().encrypted
    await leg.hang_up()


async def keys_come_from_a_handshake(desk: Desk) -> None:
    session = LegSession.open(replace(desk.media, preferences=MediaPreferences(srtp="allowed")))
    session.stream.keys = LegKeys.made_anew({"ice": False, "mux": True, "mid": "a", "bundle": ["a"]})
    call = desk.phones.endpoint.invite(desk.address, session.offer())
    info = leg_info(call, session.stream.codec, desk.phones.endpoint.lines)
    leg = OutgoingSipLeg(call, session, info, desk.tasks, OutgoingOptions())
    leg.connect(phone := Phone())
    await leg.answer()
    await phone.heard.wait()
    await leg.hang_up()


async def we_have_placed_it(desk: Desk) -> None:
    desk.came(await desk.bots.place(desk.of(desk.phones)), Placed())
    await until(lambda: desk.session.phase == "up")
    await until(lambda: desk.told)
    await desk.session.hang_up()


async def nobody_answers_whom_we_call(desk: Desk) -> None:
    desk.answers = False
    desk.came(await desk.bots.place(desk.of(desk.phones), ring_timeout_s=0.3), Placed())
    await until(lambda: desk.rings)
    desk.rings.clear()


async def whom_we_call_refuses(desk: Desk) -> None:
    desk.answers = False
    desk.came(await desk.bots.place(desk.of(desk.phones)), Placed())
    await until(lambda: desk.rings)
    desk.rings.pop().reject(486, "Busy Here")


async def whom_we_call_is_nowhere(desk: Desk) -> None:
    desk.came(await desk.bots.place(Address.parse("sip:nobody@nowhere.invalid")), Placed())


KINDS: list[Kind] = [
    the_caller_hangs_up,
    the_bot_hangs_up,
    something_is_said_and_answered,
    keys_are_pressed,
    it_is_cancelled_while_it_rings,
    it_is_refused,
    there_is_no_codec,
    the_phone_is_gone,
    it_lasts_too_long,
    another_process_takes_it,
    it_is_held_and_resumed,
    it_is_recorded,
    it_is_transferred,
    a_transfer_fails,
    it_is_transferred_after_a_consultation,
    the_target_of_a_consultation_is_busy,
    it_is_encrypted,
    keys_come_from_a_handshake,
    we_have_placed_it,
    nobody_answers_whom_we_call,
    whom_we_call_refuses,
    whom_we_call_is_nowhere,
]


@pytest.fixture
async def desk(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    (pem := tmp_path / "certificate.pem").write_bytes(self_signed_pem(LOOPBACK))
    (records := tmp_path / "records").mkdir()
    clock = MediaClock()
    clock.start()
    desk = Desk(clock, records, ListenAt(getattr(request, "param", "UDP"), LOOPBACK, 0), pem)
    await desk.bots.start()
    await desk.phones.start()
    yield desk
    await desk.phones.close()
    await desk.bots.close()
    await clock.close()


async def left_by(kind: Kind, desk: Desk) -> dict[str, int]:
    """What is in circles after a call of this kind. Raises TimeoutError if anything of it lives on."""
    with uncollected() as circles:
        async with asyncio.timeout(30):
            await kind(desk)
            await desk.over()
            await until(lambda: not desk.alive)
    return dict(circles)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
async def test_a_call_that_is_over_is_free_without_a_collection(kind: Kind, desk: Desk) -> None:
    assert await left_by(kind, desk) == {}


@pytest.mark.parametrize("desk", ["TCP", "TLS"], indirect=True)
async def test_over_a_connection_it_is_as_well(desk: Desk) -> None:
    assert await left_by(the_caller_hangs_up, desk) == {}
