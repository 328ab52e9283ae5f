"""How much leaves for an address from which nothing has come: counted at a socket that never answers."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack

import pytest
from datagrams import received
from free_port import free_ports

from voicebot.audio.codecs import CODECS
from voicebot.rtp import MediaClock, PortRange, RtpSession, rtcp
from voicebot.rtp.packet import RtpPacket
from voicebot.rtp.reach import RATION, REPORT_COST, Reach

pytestmark = pytest.mark.virtual_time
A_MINUTE = 3000
"""Ticks."""


class Sink:
    def __init__(self) -> None:
        self.timeouts = 0

    def frame(self, payload: bytes, at: float) -> None: ...
    def sent(self, payload: bytes, at: float) -> None: ...
    def key(self, key: str, at: float) -> None: ...

    def media_timeout(self, at: float) -> None:
        self.timeouts += 1


@pytest.fixture
def victim() -> Iterator[socket.socket]:
    """Somebody whom others name."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        raw.bind(("127.0.0.1", 0))
        raw.setblocking(False)
        yield raw


class Line:
    def __init__(self, session: RtpSession, sink: Sink, now: list[float]) -> None:
        self.session, self.sink, self.now = session, sink, now

    def run(self, ticks: int) -> None:
        for _ in range(ticks):
            self.now[0] += 0.02
            self.session.tick(self.now[0], 0)


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    now, sink = [50.0], Sink()
    ports = PortRange(*free_ports(4), "127.0.0.1", rest_s=0)
    async with AsyncExitStack() as stack:
        clock = MediaClock(lambda: now[0])  # not started: the ticks are those of the test
        session = RtpSession.open(clock=clock, ports=ports, codec=CODECS["PCMU"], sink=sink)
        stack.push_async_callback(session.close)
        yield Line(session, sink, now)


async def test_before_anything_is_acknowledged_a_few_packets_leave_and_no_timeout_is_told(
    line: Line, victim: socket.socket
) -> None:
    line.session.enter("unconfirmed")
    line.session.set_remote(*victim.getsockname())
    line.session.set_direction(send=True, receive=False)
    line.run(A_MINUTE)
    assert received(victim) == RATION["unconfirmed"] <= 10
    assert line.sink.timeouts == 0
    assert not line.session.audible


async def test_a_greeting_before_the_answer_leaves_for_some_seconds(line: Line, victim: socket.socket) -> None:
    line.session.enter("unconfirmed")
    line.session.enter("early")
    line.session.set_remote(*victim.getsockname())
    assert line.session.audible
    line.run(A_MINUTE)
    assert received(victim) <= RATION["early"] <= 150


@pytest.mark.parametrize("receive", [True, False])
async def test_whom_nothing_ever_came_from_is_sent_media_for_half_a_minute_whatever_the_direction(
    line: Line, victim: socket.socket, receive: bool
) -> None:
    line.session.set_remote(*victim.getsockname())
    line.session.set_direction(send=True, receive=receive)
    line.run(2 * A_MINUTE)
    assert received(victim) <= RATION["up"] == 1500
    assert line.sink.timeouts >= 1


async def test_an_address_that_changes_again_and_again_does_not_renew_the_ration(
    line: Line, victim: socket.socket
) -> None:
    own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with own:
        own.bind(("127.0.0.2", 0))
        total = 0
        for _ in range(6):
            line.session.set_remote(*own.getsockname())
            packet = RtpPacket(0, False, 1, 160, 7, b"\xff" * 160).build()
            assert line.session._path.packet(packet, own.getsockname(), line.now[0]) is not None
            line.session.set_remote(*victim.getsockname())
            line.session.set_direction(send=True, receive=False)
            line.run(A_MINUTE)
            total += received(victim)
    assert total <= RATION["up"]


async def test_reports_to_a_call_on_hold_end_as_well(line: Line, victim: socket.socket) -> None:
    reports = victim.getsockname()[1]
    line.session.set_remote("127.0.0.1", reports, rtcp_port=reports)
    line.session.set_direction(send=False, receive=False)
    line.run(60 * A_MINUTE)
    assert received(victim) <= RATION["up"] // REPORT_COST


def by_rtp(line: Line, victim: socket.socket) -> None:
    packet = RtpPacket(0, False, 1, 160, 7, b"\xff" * 160).build()
    line.session._rtp_received(packet, victim.getsockname())


def by_rtcp(line: Line, victim: socket.socket) -> None:
    report = rtcp.build(rtcp.ReceiverReport(9, ()), "x")
    line.session._rtcp_received(report, victim.getsockname())


@pytest.mark.parametrize("answer", [by_rtp, by_rtcp])
@pytest.mark.parametrize("stage", ["unconfirmed", "early", "acknowledged", "up"])
async def test_whoever_has_answered_is_sent_all(
    line: Line, victim: socket.socket, answer: Callable[[Line, socket.socket], None], stage: str
) -> None:
    line.session.enter(stage)  # type: ignore[arg-type]
    line.session.set_remote(*victim.getsockname())
    line.session.set_direction(send=True, receive=False)
    line.run(5)
    answer(line, victim)
    line.run(A_MINUTE)
    assert received(victim) >= A_MINUTE
    assert line.session.audible
    assert line.sink.timeouts == 0


def test_each_stage_gives_its_ration_once() -> None:
    reach = Reach()
    reach.enter("unconfirmed")
    while reach.spend():
        pass
    reach.enter("unconfirmed")
    assert not reach.spend()
    reach.enter("up")
    assert reach.spend(REPORT_COST)
    reach.enter("up")
    assert reach.left == RATION["up"] - REPORT_COST
