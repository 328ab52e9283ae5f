"""The SIP front end and its legs, with real sockets on loopback: one front end calls the other."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest
from free_port import free_ports
from leg_ends import DEADLINE_S, LOOPBACK, NOBODY, Answerer, Line, Sink, tone
from waiting import until

from voicebot.address import Address
from voicebot.audio.codecs import CODECS
from voicebot.legs import LegClosed, NoRoom
from voicebot.legs.sip_outgoing import OutgoingOptions, dial
from voicebot.rtp import MediaClock, PortRange
from voicebot.sip import SessionDescription, offer_answer, sdp


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


async def test_draining_refuses_new_calls_and_keeps_the_ones_that_are_up(line: Line, answerer: Answerer) -> None:
    leg = await dial(line.endpoint, line.media, answerer.address)
    answerer.front.drain()
    with pytest.raises(LegClosed, match="503"):
        await dial(line.endpoint, line.media, answerer.address)
    assert answerer.front.active == 1
    await leg.hang_up()
    assert await answerer.sinks[0].reason() == "caller"


class Places:
    """Those of a fleet: ``free`` of them are left."""

    id = "one of them"

    def __init__(self, free: int) -> None:
        self.free = free
        self.trunks: list[str] = []

    async def claim(self, trunk: str) -> Places | None:
        self.trunks.append(trunk)
        await asyncio.sleep(0)
        if not self.free:
            return None
        self.free -= 1
        return self

    def release(self) -> None:
        self.free += 1


async def test_a_call_has_a_place_of_the_fleet_until_it_has_ended_and_without_one_it_gets_503(
    line: Line, clock: MediaClock
) -> None:
    places = Places(1)
    answerer = Answerer(clock, share=places.claim)
    await answerer.front.start()
    leg = await dial(line.endpoint, line.media, answerer.address)
    assert places.free == 0
    with pytest.raises(LegClosed, match="503"):
        await dial(line.endpoint, line.media, answerer.address)
    assert answerer.front.rejected["fleet"] == 1
    with pytest.raises(NoRoom, match="in the fleet"):
        await answerer.front.place(answerer.address)
    await leg.hang_up()
    await until(lambda: places.free == 1)
    with pytest.raises(ValueError, match="no account or trunk"):
        await answerer.front.place(answerer.address, line="nowhere")
    assert places.free == 1
    placed = await answerer.front.place(Address.parse(f"sip:anna@{LOOPBACK}:{line.endpoint.port}"))
    assert places.free == 0
    await placed.hang_up()
    await until(lambda: places.free == 1)
    await answerer.front.close()


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


async def test_a_call_that_is_not_admitted_gets_503_and_is_counted_as_busy(line: Line, clock: MediaClock) -> None:
    asked: list[int] = []

    def admits(calls: int) -> bool:
        asked.append(calls)
        return calls < 2

    answerer = Answerer(clock, admits=admits)
    await answerer.front.start()
    leg = await dial(line.endpoint, line.media, answerer.address)
    with pytest.raises(LegClosed, match="503"):
        await dial(line.endpoint, line.media, answerer.address)
    assert asked == [1, 2]
    assert answerer.front.rejected == {"busy": 1}
    with pytest.raises(NoRoom, match="carries no more calls"):
        await answerer.front.place(answerer.address)
    await leg.hang_up()
    await dial(line.endpoint, line.media, answerer.address)
    await answerer.front.close()


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


async def test_an_answer_in_mid_call_that_we_do_not_support_changes_nothing(line: Line, answerer: Answerer) -> None:
    """Also the one in the ACK of a re-INVITE that had no offer."""
    sink = Sink()
    await dial(line.endpoint, line.media, answerer.address, sink=sink)
    bot = answerer.legs[0]
    answer = offer_answer.offer(LOOPBACK, NOBODY)
    answer.media[0].formats = ["18"]
    assert bot._session.agreed_by_answer(answer) is None
    bot._session_answered_late(answer)
    tone(bot)
    async with asyncio.timeout(DEADLINE_S):
        await sink.heard.wait()
    assert not sink.over.done() and not answerer.sinks[0].over.done()


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
