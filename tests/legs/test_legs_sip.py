"""The SIP front end and its legs, with real sockets on loopback: one front end calls the other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace

import numpy as np
import pytest
from free_port import free_ports
from waiting import until

from voicebot.address import Address
from voicebot.audio import LINEAR_16K, PCMU
from voicebot.audio.codecs import CODECS, DEFAULT_CODECS, all_named
from voicebot.audio.g711 import encode
from voicebot.events import Event
from voicebot.legs import LegClosed
from voicebot.legs.sip import SipLeg
from voicebot.legs.sip_front_end import SipFrontEnd
from voicebot.legs.sip_incoming import IncomingSipLeg
from voicebot.legs.sip_media import MediaOptions, MediaPreferences
from voicebot.legs.sip_outgoing import OutgoingOptions, dial
from voicebot.rtp import Clip, MediaClock, PortRange
from voicebot.sip import CallClosed, ListenAt, SessionDescription, SipEndpoint, offer_answer, sdp
from voicebot.sip.offer_answer import Srtp

LOOPBACK = "127.0.0.1"
DEADLINE_S = 5.0
NOBODY, _ = free_ports(2, keep=True)
"""A port that is in an offer, and where nobody is."""


class Sink:
    """Collects what a leg delivers; ``heard`` becomes true with the first frame that is not silence."""

    def __init__(self) -> None:
        self.keys: list[str] = []
        self.facts: list[Event] = []
        self.frames = 0
        self.after_end = 0
        self.heard = asyncio.Event()
        self.pressed = asyncio.Event()
        self.over: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.silences = {bytes([b]) * 160 for b in (0xFF, 0xD5, 0x7F, 0x55)}
        self.sounds: list[bytes] = []

    def frame(self, payload: bytes, at: float) -> None:
        self.frames += 1
        self.after_end += self.over.done()
        if payload not in self.silences and payload.strip(b"\0"):
            self.sounds.append(payload)
            self.heard.set()

    def sent(self, payload: bytes, at: float) -> None:
        self.after_end += self.over.done()

    def key(self, key: str, at: float) -> None:
        self.keys.append(key)
        self.pressed.set()

    def fact(self, event: Event) -> None:
        self.facts.append(event)

    def ended(self, reason: str, at: float) -> None:
        self.over.set_result(reason)

    async def reason(self) -> str:
        async with asyncio.timeout(DEADLINE_S):
            return await asyncio.shield(self.over)


class Answerer:
    """A front end whose legs are answered at once; ``legs`` and ``sinks`` in the order of the calls."""

    def __init__(
        self,
        clock: MediaClock,
        preferences: MediaPreferences | None = None,
        *,
        ports: PortRange | None = None,
        silence_timeout_s: float = 30.0,
        trunks: Mapping[str, MediaPreferences] | None = None,
        limit: int = 100,
    ) -> None:
        self.legs: list[IncomingSipLeg] = []
        self.sinks: list[Sink] = []
        self.answer = True
        self.came = asyncio.Event()
        self.ports = ports or PortRange(*free_ports(), LOOPBACK, rest_s=0.0)
        self.tasks: set[asyncio.Task[None]] = set()
        media = MediaOptions(
            clock, self.ports, preferences=preferences or MediaPreferences(), silence_timeout_s=silence_timeout_s
        )
        self.front = SipFrontEnd(SipEndpoint(ListenAt(port=0)), self.take, media, trunks=trunks, limit=limit)

    def take(self, leg: IncomingSipLeg) -> None:
        sink = Sink()
        leg.connect(sink)
        self.legs.append(leg)
        self.sinks.append(sink)
        leg.ring()
        if self.answer:
            task = asyncio.get_running_loop().create_task(leg.answer())
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)
            task.add_done_callback(lambda done: done.exception())
        self.came.set()

    @property
    def uri(self) -> str:
        return f"sip:bot@{LOOPBACK}:{self.front.endpoint.port}"

    @property
    def address(self) -> Address:
        return Address.parse(self.uri)


class Line:
    """A caller's endpoint and its media."""

    def __init__(self, clock: MediaClock) -> None:
        self.clock = clock
        self.ports = PortRange(*free_ports(), LOOPBACK, rest_s=0.0)
        self.endpoint = SipEndpoint(ListenAt(port=0))
        self.media = MediaOptions(clock, self.ports, LOOPBACK)

    def codecs(self, *names: str) -> MediaOptions:
        return replace(self.media, preferences=MediaPreferences(codecs=all_named(names)))

    def srtp(self, srtp: Srtp) -> MediaOptions:
        return replace(self.media, preferences=MediaPreferences(srtp=srtp))


@pytest.fixture
async def clock() -> AsyncIterator[MediaClock]:
    clock = MediaClock()
    clock.start()
    yield clock
    assert len(clock) == 0, "a session is still ticking"
    await clock.close()


@pytest.fixture
async def line(clock: MediaClock) -> AsyncIterator[Line]:
    line = Line(clock)
    await line.endpoint.start()
    yield line
    await line.endpoint.close()
    await settle()
    assert line.ports.in_use == 0


@pytest.fixture
async def answerer(clock: MediaClock) -> AsyncIterator[Answerer]:
    everything = MediaPreferences(codecs=all_named(["PCMU", "PCMA", "G722", "opus"]))
    answerer = Answerer(clock, everything)
    await answerer.front.start()
    yield answerer
    await answerer.front.close()
    assert answerer.ports.in_use == 0
    assert all(sink.over.done() and not sink.after_end for sink in answerer.sinks)


async def settle() -> None:
    """Let closing sockets close."""
    for _ in range(5):
        await asyncio.sleep(0)


def tone(leg: SipLeg) -> None:
    clip = Clip(1, PCMU)
    clip.feed(bytes(range(160)) * 10)
    clip.finish()
    leg.playout.append(clip)


@pytest.mark.parametrize("names", [("PCMU", "PCMA"), ("PCMA",), ("G722",), ("opus", "PCMU")])
async def test_a_call_carries_voice_and_keys_both_ways_until_the_caller_hangs_up(
    line: Line, answerer: Answerer, names: tuple[str, ...]
) -> None:
    sink = Sink()
    leg = await dial(
        line.endpoint,
        line.codecs(*names),
        answerer.address,
        OutgoingOptions(sender=Address("+4930123"), headers={"X-A": "b"}),
        sink=sink,
    )
    bot = answerer.legs[0]
    assert (bot.info.caller, bot.info.callee, bot.info.codec) == ("+4930123", "bot", names[0])
    assert bot.info.call_id == leg.info.call_id and bot.info.headers["X-A"] == "b"
    tone(bot)
    tone(leg)
    leg.send_keys("5")
    async with asyncio.timeout(DEADLINE_S):
        await asyncio.gather(sink.heard.wait(), answerer.sinks[0].heard.wait(), answerer.sinks[0].pressed.wait())
    assert answerer.sinks[0].keys == ["5"]
    assert bot.info.audio is leg.info.audio is bot.playout.audio is CODECS[names[0].upper()].audio
    await leg.hang_up()
    assert await sink.reason() == "bot"
    assert await answerer.sinks[0].reason() == "caller"
    assert bot.quality().packets_received > 0
    await leg.hang_up()


async def test_the_bot_hangs_up(line: Line, answerer: Answerer) -> None:
    sink = Sink()
    await dial(line.endpoint, line.media, answerer.address, sink=sink)
    await answerer.legs[0].hang_up()
    assert await answerer.sinks[0].reason() == "bot"
    assert await sink.reason() == "caller"
    with pytest.raises(LegClosed):
        await answerer.legs[0].answer()


async def test_a_caller_who_gives_up_ends_the_leg_as_cancelled(line: Line, answerer: Answerer) -> None:
    answerer.answer = False
    with pytest.raises(LegClosed):
        await dial(line.endpoint, line.media, answerer.address, OutgoingOptions(ring_timeout_s=0.1))
    assert await answerer.sinks[0].reason() == "cancelled"


async def test_a_rejected_call_tells_its_status(line: Line, answerer: Answerer) -> None:
    answerer.answer = False
    calling = asyncio.ensure_future(dial(line.endpoint, line.media, answerer.address))
    async with asyncio.timeout(DEADLINE_S):
        await answerer.came.wait()
    answerer.legs[0].reject(486, "Busy Here")
    with pytest.raises(LegClosed, match="486"):
        await calling
    assert await answerer.sinks[0].reason() == "rejected"


async def test_without_a_common_codec_the_answer_is_488_and_no_leg_is_made(line: Line, answerer: Answerer) -> None:
    offer = offer_answer.offer(LOOPBACK, NOBODY)
    offer.media[0].formats, offer.media[0].rtpmap = ["18"], {18: sdp.Encoding("G729", 8000)}
    with pytest.raises(CallClosed, match="488"):
        await line.endpoint.invite(answerer.address, offer).established()
    assert not answerer.legs


async def test_a_trunk_has_codecs_and_an_order_of_its_own(line: Line, clock: MediaClock) -> None:
    own = MediaPreferences(codecs=all_named(["G722", "PCMA"]), codec_choice="ours", ptime_ms=30)
    trunks = {"": own, "other": MediaPreferences()}
    answerer = Answerer(clock, trunks=trunks)
    await answerer.front.start()
    offer = offer_answer.offer(LOOPBACK, NOBODY, codecs=all_named(["PCMU", "PCMA", "opus", "G722"]))
    answer = await line.endpoint.invite(answerer.address, offer).established()
    assert (answer.media[0].formats, answer.media[0].ptime) == (["9", "101"], 30)
    assert answerer.legs[0].info.audio is LINEAR_16K and answerer.legs[0].info.codec == "G722"
    assert answerer.front.media_for("other").preferences.codecs == DEFAULT_CODECS
    await answerer.front.close()


@pytest.mark.parametrize(("first", "then"), [("G722", "PCMU"), ("PCMA", "G722"), ("opus", "PCMA"), ("PCMU", "opus")])
async def test_a_codec_that_changes_in_mid_call_changes_nothing_above(
    line: Line, answerer: Answerer, first: str, then: str
) -> None:
    sink = Sink()
    leg = await dial(line.endpoint, line.codecs(first, then), answerer.address, sink=sink)
    bot = answerer.legs[0]
    audio = bot.info.audio
    for old, new in ((first, then), (then, first)):
        offer = offer_answer.offer(LOOPBACK, leg.local_port, codecs=all_named([new]))
        answer = bot._session_offered(offer)
        assert answer is not None and leg.session_answered(answer), old
        heard, bot_heard = sink.heard, answerer.sinks[0].heard
        tone(bot)
        tone(leg)
        async with asyncio.timeout(DEADLINE_S):
            await asyncio.gather(heard.wait(), bot_heard.wait())
        sink.heard, answerer.sinks[0].heard = asyncio.Event(), asyncio.Event()
        assert bot.playout.audio is bot.info.audio is audio
    assert {len(frame) for frame in answerer.sinks[0].sounds} == {audio.frame_bytes}
    await leg.hang_up()


async def test_encrypted_media_is_not_taken_for_plain(line: Line, answerer: Answerer) -> None:
    offer = offer_answer.offer(LOOPBACK, NOBODY)
    offer.media[0].protocol = "RTP/SAVP"
    with pytest.raises(CallClosed, match="488"):
        await line.endpoint.invite(answerer.address, offer).established()


@pytest.mark.parametrize("srtp", ["allowed", "required"])
async def test_an_encrypted_call_carries_voice_and_keys_both_ways(line: Line, clock: MediaClock, srtp: Srtp) -> None:
    answerer = Answerer(clock, MediaPreferences(srtp=srtp))
    await answerer.front.start()
    sink = Sink()
    leg = await dial(
        line.endpoint,
        line.srtp("required"),
        answerer.address,
        sink=sink,
    )
    bot = answerer.legs[0]
    tone(bot)
    tone(leg)
    leg.send_keys("5")
    async with asyncio.timeout(DEADLINE_S):
        await asyncio.gather(sink.heard.wait(), answerer.sinks[0].heard.wait(), answerer.sinks[0].pressed.wait())
    assert bot.quality().encrypted and leg.quality().encrypted
    assert bot.quality().not_authentic == leg.quality().not_authentic == 0
    again = bot._session_offered(leg._session.offer())  # a refresh keeps both keys
    assert again is not None and again.media[0].protocol == "RTP/SAVP"
    assert again.media[0].crypto == [bot._session._keys.sdes.matching(leg._session._keys.sdes.offer()[0])]
    await leg.hang_up()
    await answerer.front.close()


@pytest.mark.parametrize(("srtp", "theirs"), [("required", "off"), ("off", "required")])
async def test_what_must_or_must_not_be_encrypted_is_refused_otherwise(
    line: Line, clock: MediaClock, srtp: Srtp, theirs: Srtp
) -> None:
    answerer = Answerer(clock, MediaPreferences(srtp=srtp))
    await answerer.front.start()
    with pytest.raises(LegClosed, match="488"):
        await dial(line.endpoint, line.srtp(theirs), answerer.address)
    assert not answerer.legs
    await answerer.front.close()


async def test_tones_are_keys_only_where_the_other_side_has_no_telephone_event(line: Line, clock: MediaClock) -> None:
    answerer = Answerer(clock, MediaPreferences(inband_dtmf=True))
    await answerer.front.start()
    with_event = await dial(line.endpoint, line.media, answerer.address)
    offer = offer_answer.offer(LOOPBACK, with_event.local_port, telephone_event=None)
    assert answerer.legs[0]._session_offered(offer) is not None
    at = np.arange(1600) / 8000
    clip = Clip(1, PCMU)
    clip.feed(encode((8000 * (np.sin(2 * np.pi * 852 * at) + np.sin(2 * np.pi * 1336 * at))).astype(np.int16), "PCMU"))
    clip.finish()
    with_event.playout.append(clip)
    async with asyncio.timeout(DEADLINE_S):
        await answerer.sinks[0].pressed.wait()
    assert answerer.sinks[0].keys == ["8"]
    offer = offer_answer.offer(LOOPBACK, with_event.local_port)  # it has one again: keys come once
    assert answerer.legs[0]._session_offered(offer) is not None
    assert answerer.legs[0]._session.rtp._incoming._inband is None
    await with_event.hang_up()
    await answerer.front.close()


async def test_draining_refuses_new_calls_and_keeps_the_ones_that_are_up(line: Line, answerer: Answerer) -> None:
    leg = await dial(line.endpoint, line.media, answerer.address)
    answerer.front.drain()
    with pytest.raises(LegClosed, match="503"):
        await dial(line.endpoint, line.media, answerer.address)
    assert answerer.front.active == 1
    await leg.hang_up()
    assert await answerer.sinks[0].reason() == "caller"


async def test_over_the_limit_and_without_ports_the_answer_is_503(line: Line, clock: MediaClock) -> None:
    async with AsyncExitStack() as stack:
        for ports, limit in ((100, 1), (2, 100)):
            answerer = Answerer(clock, ports=PortRange(*free_ports(ports), LOOPBACK), limit=limit)
            await answerer.front.start()
            stack.push_async_callback(answerer.front.close)
            await dial(line.endpoint, line.media, answerer.address)
            with pytest.raises(LegClosed, match="503"):
                await dial(line.endpoint, line.media, answerer.address)
            assert len(answerer.legs) == 1


async def test_a_caller_who_falls_silent_is_hung_up_on(line: Line, clock: MediaClock) -> None:
    answerer = Answerer(clock, silence_timeout_s=0.2)
    await answerer.front.start()
    call = line.endpoint.invite(answerer.address, offer_answer.offer(LOOPBACK, NOBODY))  # nobody sends from there
    over = asyncio.get_running_loop().create_future()
    call.on_end = over.set_result
    await call.established()
    assert await answerer.sinks[0].reason() == "media-timeout"
    async with asyncio.timeout(DEADLINE_S):
        assert (await over).cause == "bye"
    await answerer.front.close()


async def test_hold_and_resume_are_answered_and_followed(line: Line, answerer: Answerer) -> None:
    """The re-INVITE itself is the core's test; here its offer reaches the media."""
    await dial(line.endpoint, line.media, answerer.address)
    bot = answerer.legs[0]
    offer = offer_answer.offer(LOOPBACK, NOBODY, direction="sendonly")
    answer = bot._session_offered(offer)
    assert answer is not None and answer.media[0].direction == "recvonly"
    offer = offer_answer.offer(LOOPBACK, NOBODY, direction="inactive")
    answer = bot._session_offered(offer)
    assert answer is not None and answer.media[0].direction == "inactive"
    offer = offer_answer.offer(LOOPBACK, NOBODY, codecs=[CODECS["PCMA"]])
    answer = bot._session_offered(offer)
    assert answer is not None and answer.media[0].formats == ["8", "101"] and answer.version == 4
    offer.media[0].protocol = "RTP/SAVP"
    assert bot._session_offered(offer) is None
    assert bot._session_offered(None) is not None


async def test_a_side_that_we_hold_stays_on_hold_when_it_offers_anew(line: Line, answerer: Answerer) -> None:
    """A session refresh by re-INVITE, for example, offers sendrecv."""
    await dial(line.endpoint, line.media, answerer.address)
    bot = answerer.legs[0]
    bot.hold(True)
    answers: dict[sdp.Direction, sdp.Direction] = {
        "sendrecv": "sendonly",
        "recvonly": "sendonly",
        "sendonly": "inactive",
        "inactive": "inactive",
    }
    for theirs, ours in answers.items():
        answer = bot._session_offered(offer_answer.offer(LOOPBACK, NOBODY, direction=theirs))
        assert answer is not None and answer.media[0].direction == ours
        assert not bot._session.rtp._incoming.receiving
    bot.hold(False)
    answer = bot._session_offered(offer_answer.offer(LOOPBACK, NOBODY))
    assert answer is not None and answer.media[0].direction == "sendrecv"
    assert bot._session.rtp._incoming.receiving


async def test_a_call_without_an_offer_gets_ours_and_answers_in_its_ack(answerer: Answerer) -> None:
    """Placed by hand: our own caller always offers."""
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(_Raw, local_addr=(LOOPBACK, 0))
    port = transport.get_extra_info("sockname")[1]
    head = (
        f"Via: SIP/2.0/UDP {LOOPBACK}:{port};branch=z9hG4bK{{branch}};rport\r\nFrom: <sip:late@x>;tag=1\r\n"
        f"To: <sip:bot@x>{{to}}\r\nCall-ID: late\r\nContact: <sip:late@{LOOPBACK}:{port}>\r\n"
    )
    target = (LOOPBACK, answerer.front.endpoint.port)
    invite = f"INVITE {answerer.uri} SIP/2.0\r\n" + head.format(branch="a", to="") + "CSeq: 1 INVITE\r\n\r\n"
    transport.sendto(invite.encode(), target)
    async with asyncio.timeout(DEADLINE_S):
        ok = await protocol.response(b"SIP/2.0 200")
    offered = SessionDescription.parse(ok.partition(b"\r\n\r\n")[2])
    assert offered.media[0].formats == ["0", "8", "9", "107", "101", "102"]
    to = next(part for part in ok.decode().split("\r\n") if part.startswith("To:")).partition(">")[2]
    answer = bytes(offer_answer.offer(LOOPBACK, NOBODY, codecs=[CODECS["PCMA"]], telephone_event=None)).decode()
    ack = f"ACK {answerer.uri} SIP/2.0\r\n" + head.format(branch="b", to=to) + "CSeq: 1 ACK\r\n"
    ack += f"Content-Type: application/sdp\r\nContent-Length: {len(answer)}\r\n\r\n{answer}"
    transport.sendto(ack.encode(), target)
    async with asyncio.timeout(DEADLINE_S):
        await asyncio.wait(answerer.tasks)
    await answerer.legs[0].hang_up()
    assert await answerer.sinks[0].reason() == "bot"
    transport.close()


class _Raw(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.came: asyncio.Queue[bytes] = asyncio.Queue(100)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.came.put_nowait(data)

    async def response(self, start: bytes) -> bytes:
        while not (data := await self.came.get()).startswith(start):
            pass
        return data


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
