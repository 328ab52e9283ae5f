"""INVITEs that name somebody else for the media: what that party is sent, and when the call ends. On virtual time."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from free_port import free_ports
from waiting import until

from voicebot.legs.sip_front_end import SipFrontEnd
from voicebot.legs.sip_incoming import IncomingSipLeg
from voicebot.legs.sip_media import MediaOptions
from voicebot.rtp import MediaClock, PortRange
from voicebot.rtp.reach import RATION
from voicebot.sip import ListenAt, SipEndpoint

pytestmark = pytest.mark.virtual_time
LOOPBACK = "127.0.0.1"


class Sink:
    def __init__(self) -> None:
        self.over: list[str] = []

    def frame(self, payload: bytes, at: float) -> None: ...
    def sent(self, payload: bytes, at: float) -> None: ...
    def key(self, key: str, at: float) -> None: ...
    def fact(self, event: object) -> None: ...

    def ended(self, reason: str, at: float) -> None:
        self.over.append(reason)


class Received(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.datagrams: list[bytes] = []

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.datagrams.append(data)

    def first(self, start: bytes) -> bytes | None:
        return next((data for data in self.datagrams if data.startswith(start)), None)


class Attack:
    """A service with one leg, somebody who signals to it, and a third party that is named for the media."""

    def __init__(self) -> None:
        self.signals, self.victim, self.sink = Received(), Received(), Sink()
        self.legs: list[IncomingSipLeg] = []
        self.tasks: list[asyncio.Task[None]] = []
        self.early = False

    async def start(self, stack: AsyncExitStack) -> None:
        loop = asyncio.get_running_loop()
        clock = MediaClock(loop.time)
        clock.start()
        stack.push_async_callback(clock.close)
        ports = PortRange(*free_ports(4), LOOPBACK, rest_s=0)
        self.front = SipFrontEnd(SipEndpoint(ListenAt(port=0)), self._take, MediaOptions(clock, ports))
        await self.front.start()
        stack.push_async_callback(self.front.close)
        self.wire, _ = await loop.create_datagram_endpoint(lambda: self.signals, local_addr=(LOOPBACK, 0))
        stack.callback(self.wire.close)
        transport, _ = await loop.create_datagram_endpoint(lambda: self.victim, local_addr=("127.0.0.88", 0))
        stack.callback(transport.close)
        self.victim_port = transport.get_extra_info("sockname")[1]

    def _take(self, leg: IncomingSipLeg) -> None:
        leg.connect(self.sink)
        self.legs.append(leg)
        if self.early:
            leg.early_media()
            return
        self.tasks.append(asyncio.get_running_loop().create_task(leg.answer()))

    def send(
        self, method: str, *, to_tag: str = "", body: str = "", branch: str = "a", cseq: int = 1, header: str = ""
    ) -> None:
        port = self.wire.get_extra_info("sockname")[1]
        kind = "Content-Type: application/sdp\r\n" if body else ""
        self.wire.sendto(
            (
                f"{method} sip:bot@{LOOPBACK} SIP/2.0\r\nVia: SIP/2.0/UDP {LOOPBACK}:{port};branch=z9hG4bK{branch}\r\n"
                f"From: <sip:eve@x>;tag=1\r\nTo: <sip:bot@x>{to_tag}\r\nCall-ID: one\r\nMax-Forwards: 70\r\n"
                f"Contact: <sip:eve@{LOOPBACK}:{port}>\r\nCSeq: {cseq} {method}\r\n"
                f"{header}{kind}Content-Length: {len(body)}\r\n\r\n{body}"
            ).encode(),
            (LOOPBACK, self.front.endpoint.port),
        )

    def offer(self, direction: str) -> str:
        return (
            "v=0\r\no=- 1 1 IN IP4 127.0.0.88\r\ns=-\r\nc=IN IP4 127.0.0.88\r\nt=0 0\r\n"
            f"m=audio {self.victim_port} RTP/AVP 0\r\na={direction}\r\n"
        )

    async def tag(self, status: int = 200) -> str:
        start = f"SIP/2.0 {status}".encode()
        await until(lambda: self.signals.first(start) is not None)
        response = self.signals.first(start) or b""
        to = next(line for line in response.decode().split("\r\n") if line.startswith("To:"))
        return ";" + to.partition(">;")[2]


@pytest.fixture
async def attack() -> AsyncIterator[Attack]:
    attack = Attack()
    async with AsyncExitStack() as stack:
        await attack.start(stack)
        yield attack
        for task in attack.tasks:
            task.cancel()
        await asyncio.gather(*attack.tasks, return_exceptions=True)


DIRECTIONS = ["sendrecv", "recvonly", "sendonly", "inactive"]


@pytest.mark.parametrize("direction", DIRECTIONS)
async def test_without_an_ack_next_to_no_media_leaves_and_the_call_ends_with_a_bye_after_32_s(
    attack: Attack, direction: str
) -> None:
    began = asyncio.get_running_loop().time()
    attack.send("INVITE", body=attack.offer(direction))
    await until(lambda: bool(attack.sink.over), 60)
    assert attack.sink.over in (["no-ack"], ["media-timeout"]), "whichever limit is the shorter one"
    await until(lambda: attack.signals.first(b"BYE ") is not None)
    assert 31 < asyncio.get_running_loop().time() - began < 34, "not before the ACK could have come (RFC 3261, 15)"
    assert len(attack.victim.datagrams) <= RATION["unconfirmed"]


@pytest.mark.parametrize("direction", ["sendrecv", "recvonly"])
async def test_a_third_party_that_never_answers_is_sent_media_for_half_a_minute_at_most(
    attack: Attack, direction: str
) -> None:
    attack.send("INVITE", body=attack.offer(direction))
    attack.send("ACK", to_tag=await attack.tag(), branch="b")
    await until(lambda: bool(attack.sink.over), 120)
    assert attack.sink.over == ["media-timeout"]
    assert len(attack.victim.datagrams) <= RATION["unconfirmed"] + RATION["up"]


async def test_early_media_that_nobody_answers_ends_soon(attack: Attack) -> None:
    attack.early = True
    attack.send("INVITE", body=attack.offer("sendrecv"))
    await until(lambda: bool(attack.legs))
    leg = attack.legs[0]
    assert leg.audible
    await until(lambda: not leg.audible, 20)
    sent = len(attack.victim.datagrams)
    assert sent <= RATION["early"]
    await asyncio.sleep(10)
    assert len(attack.victim.datagrams) == sent


async def test_a_greeting_whose_prack_has_come_is_heard_longer_and_not_without_end(attack: Attack) -> None:
    attack.early = True
    attack.send("INVITE", body=attack.offer("sendrecv"), header="Supported: 100rel\r\n")
    tag = await attack.tag(183)
    await until(lambda: not attack.legs[0].audible, 20)
    attack.send("PRACK", to_tag=tag, branch="b", cseq=2, header="RAck: 1 1 INVITE\r\n")
    await until(lambda: attack.legs[0].audible, 20)
    await until(lambda: not attack.legs[0].audible, 60)
    sent = len(attack.victim.datagrams)
    assert RATION["early"] < sent <= RATION["early"] + RATION["acknowledged"]
    attack.send("PRACK", to_tag=tag, branch="c", cseq=3, header="RAck: 1 1 INVITE\r\n")
    await asyncio.sleep(10)
    assert len(attack.victim.datagrams) == sent


async def test_a_phone_behind_a_nat_is_heard_though_it_signals_a_private_address(attack: Attack) -> None:
    attack.send("INVITE", body=attack.offer("sendrecv").replace("127.0.0.88", "10.1.2.3"))
    attack.send("ACK", to_tag=await attack.tag(), branch="b")
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s,
    ):
        phone.bind((LOOPBACK, 0))
        s.bind(("127.0.0.66", 0))
        phone.setblocking(False)
        s.setblocking(False)
        rtp = b"\x80\x00\x00\x01" + bytes(8) + b"\xff" * 160
        s.sendto(rtp, (LOOPBACK, attack.legs[0].local_port))
        await asyncio.sleep(0.1)
        phone.sendto(rtp, (LOOPBACK, attack.legs[0].local_port))
        async with asyncio.timeout(20):
            assert len(await asyncio.get_running_loop().sock_recv(phone, 2048)) == 172
        with pytest.raises(BlockingIOError):
            s.recv(2048)
