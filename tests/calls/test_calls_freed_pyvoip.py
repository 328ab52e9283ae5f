"""A call through pyVoIP that is over leaves nothing for the collector: a real leg with pyVoIP's threads, to which
requests are handed as its client does, with a session whose bot, voice and recogniser are doubles."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from free_port import free_ports
from greeting_service import GreetingService
from uncollected import uncollected
from waiting import until

pytest.importorskip("pyVoIP", reason="pyVoIP is not installed: the extra pyvoip")

from voicebot.calls import Placed
from voicebot.legs import Leg
from voicebot.legs.pyvoip import PyVoipLeg
from voicebot.legs.pyvoip_front_end import PyVoipFrontEnd
from voicebot.legs.pyvoip_phone import PyVoipAccount
from voicebot.rtp import MediaClock, PortRange
from voicebot.sip import SipRequest
from voicebot.sip.message import parse_message

LOOPBACK = "127.0.0.1"
INVITE = """\
INVITE sip:7002@127.0.0.1 SIP/2.0
Via: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{number}
From: "7001" <sip:7001@127.0.0.1>;tag=one
To: <sip:7002@127.0.0.1>
Call-ID: call-1
CSeq: {number} {method}
Contact: <sip:7001@127.0.0.1:{port}>
Max-Forwards: 70
{body}"""
OFFER = """\
v=0
o=- 1 1 IN IP4 127.0.0.1
s=-
c=IN IP4 127.0.0.1
t=0 0
m=audio {port} RTP/AVP 0 101
a=rtpmap:0 PCMU/8000
a=rtpmap:101 telephone-event/8000
"""


class Desk(GreetingService):
    """An extension, and the PBX at which it is registered, as a socket."""

    def __init__(self, clock: MediaClock, ports: PortRange, pbx: socket.socket) -> None:
        super().__init__()
        self.port = pbx.getsockname()[1]
        self.clock, self.ports = clock, ports
        account = PyVoipAccount(LOOPBACK, "7002", "secret", LOOPBACK, self.port)
        self.front = PyVoipFrontEnd(account, self.came, clock=clock, ports=ports, silence_timeout_s=0.5)
        client = self.front._phone.sip
        client.address, client.out = LOOPBACK, pbx

    def came(self, leg: Leg, placed: Placed | None = None) -> None:
        assert isinstance(leg, PyVoipLeg) and leg.audio.stream is not None
        self.keep_an_eye_on(leg=leg, audio=leg.audio, stream=leg.audio.stream)
        self.took(leg, placed)

    def request(self, method: str, number: int = 1) -> None:
        offer = OFFER.format(port=self.port).replace("\n", "\r\n") if method == "INVITE" else ""
        kind = "Content-Type: application/sdp\r\n" if offer else ""
        body = f"{kind}Content-Length: {len(offer)}\r\n\r\n{offer}"
        head = INVITE.format(port=self.port, number=number, method=method, body="").replace("\n", "\r\n")
        request = parse_message((head.replace("INVITE sip", f"{method} sip", 1) + body).encode())
        assert isinstance(request, SipRequest)
        self.front._requested(request)

    async def call(self) -> None:
        """A phone has called, and is talked to."""
        self.request("INVITE")
        await until(lambda: self.session.phase == "up")
        self.request("ACK")
        await until(lambda: self.told)

    async def over(self) -> None:
        await until(lambda: not (len(self.calls) or self.front.active))
        assert self.ports.in_use == 0 and len(self.clock) == 0


Kind = Callable[[Desk], Awaitable[None]]


async def the_caller_hangs_up(desk: Desk) -> None:
    await desk.call()
    desk.request("BYE", 2)


async def the_bot_hangs_up(desk: Desk) -> None:
    await desk.call()
    desk.bot_does(type="endOfConversation")
    await until(lambda: not len(desk.calls))
    desk.front._responded("call-1", "BYE", 200)


async def it_is_cancelled(desk: Desk) -> None:
    desk.rule(before_answer=lambda _trunk: "greeting")
    desk.request("INVITE")
    desk.request("CANCEL")


async def the_phone_is_gone(desk: Desk) -> None:
    await desk.call()
    await until(lambda: not len(desk.calls))
    desk.front._responded("call-1", "BYE", 200)


KINDS: list[Kind] = [the_caller_hangs_up, the_bot_hangs_up, it_is_cancelled, the_phone_is_gone]


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    clock = MediaClock()
    clock.start()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as pbx:
        pbx.bind((LOOPBACK, 0))
        yield Desk(clock, PortRange(*free_ports(), LOOPBACK, rest_s=0.0), pbx)
    await clock.close()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
async def test_a_call_that_is_over_is_free_without_a_collection(kind: Kind, desk: Desk) -> None:
    with uncollected() as circles:
        await kind(desk)
        await desk.over()
        await until(lambda: not desk.alive)
        await asyncio.sleep(0)
    assert circles == {}
