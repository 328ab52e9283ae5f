"""SIPp as the one we call: it refuses, rings for ever, plays early media, asks for a password, sends us elsewhere."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from free_port import free_port, free_ports

from voicebot.address import Address
from voicebot.events import CallNotAnswered, CallRinging, EarlyMediaReceived, Event, NotReached
from voicebot.legs import LegClosed
from voicebot.legs.sip_front_end import SipFrontEnd
from voicebot.legs.sip_media import MediaOptions
from voicebot.rtp import MediaClock, PortRange
from voicebot.sip import Account, ListenAt, SipEndpoint

SCENARIOS = Path(__file__).parent / "sipp"
SIPP = shutil.which("sipp")
LOOPBACK = "127.0.0.1"

pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(SIPP is None, reason="SIPp is not installed: apt-get install sip-tester"),
]


class Sink:
    """What a call of ours told."""

    def __init__(self) -> None:
        self.facts: list[Event] = []
        self.frames_before_answer = 0
        self.frames = 0
        self.answered = False

    def frame(self, payload: bytes, at: float) -> None:
        self.frames += 1
        self.frames_before_answer += not self.answered

    def sent(self, payload: bytes, at: float) -> None:
        pass

    def key(self, key: str, at: float) -> None:
        pass

    def fact(self, event: Event) -> None:
        self.facts.append(event)

    def ended(self, reason: str, at: float) -> None:
        pass

    @property
    def outcome(self) -> tuple[NotReached, int]:
        fact = self.facts[-1]
        assert isinstance(fact, CallNotAnswered)
        return fact.outcome, fact.status


@asynccontextmanager
async def telephone(scenario: str | Path, *arguments: str) -> AsyncIterator[int]:
    """SIPp that takes one call; its port. Fails with its error log when the call did not go as the scenario says."""
    assert SIPP is not None
    port = free_port()
    file = SCENARIOS / f"{scenario}.xml" if isinstance(scenario, str) else scenario
    process = await asyncio.create_subprocess_exec(
        *(SIPP, *arguments, "-sf", str(file), "-i", LOOPBACK, "-p", str(port), "-mp", str(free_ports(20)[0])),
        *("-m", "1", "-nostdin", "-timeout", "20", "-timeout_error", "-trace_err", "-error_file", "/dev/stderr"),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(10):
            while not _bound(port):
                await asyncio.sleep(0.02)
        yield port
        async with asyncio.timeout(30):
            _, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, errors.decode("utf-8", "replace")[-2000:]


def _bound(port: int) -> bool:
    return any(line.split()[1].endswith(f":{port:04X}") for line in Path("/proc/net/udp").read_text().splitlines()[1:])


@pytest.fixture
async def front() -> AsyncIterator[SipFrontEnd]:
    clock = MediaClock()
    clock.start()
    ports = PortRange(*free_ports(), LOOPBACK, rest_s=0.0)
    provider = Account("provider", "sip:127.0.0.1", "4711", "secret", register=False)
    endpoint = SipEndpoint(ListenAt(host=LOOPBACK, port=0), accounts=[provider])
    front = SipFrontEnd(endpoint, lambda _leg: None, MediaOptions(clock, ports))
    await front.start()
    yield front
    assert front.active == 0, "a call outlived its scenario"
    await front.close()
    assert ports.in_use == 0 and len(clock) == 0
    await clock.close()


async def reach(front: SipFrontEnd, port: int, *, line: str = "", ring_timeout_s: float = 10.0) -> Sink:
    """Call, and hang up when it is answered and was heard."""
    sink = Sink()
    uri = f"sip:anna@{LOOPBACK}:{port}"
    leg = await front.place(Address.parse(uri), line=line, ring_timeout_s=ring_timeout_s)
    leg.connect(sink)
    try:
        await leg.answer()
    except LegClosed:
        async with asyncio.timeout(10):
            while front.active:
                await asyncio.sleep(0.02)
        return sink
    sink.answered = True
    await leg.hang_up()
    return sink


@pytest.mark.parametrize(
    ("status", "outcome"), [(486, NotReached.BUSY), (603, NotReached.DECLINED), (302, NotReached.REFUSED)]
)
async def test_a_refusal_is_told_for_what_it_is_and_a_redirect_leads_nowhere(
    front: SipFrontEnd, tmp_path: Path, status: int, outcome: NotReached
) -> None:
    scenario = tmp_path / "refuses.xml"  # SIPp wants the status written out
    scenario.write_text((SCENARIOS / "uas_refuses.xml").read_text().replace("SIP/2.0 486", f"SIP/2.0 {status}"))
    async with telephone(scenario) as port:
        sink = await reach(front, port)
    assert sink.outcome == (outcome, status)
    assert front.endpoint.counters.calls_out == 1, "nobody else was called"


async def test_who_lets_it_ring_is_cancelled_when_the_time_is_up(front: SipFrontEnd) -> None:
    async with telephone("uas_rings") as port:
        sink = await reach(front, port, ring_timeout_s=0.3)
    assert isinstance(sink.facts[0], CallRinging)
    assert sink.outcome[0] is NotReached.NO_ANSWER


async def test_early_media_is_heard_before_the_answer(front: SipFrontEnd) -> None:
    async with telephone("uas_early_media", "-rtp_echo") as port:
        sink = await reach(front, port)
    assert isinstance(sink.facts[0], EarlyMediaReceived)
    assert sink.frames_before_answer > 5


async def test_a_provider_that_asks_who_calls_is_told(front: SipFrontEnd) -> None:
    async with telephone("uas_challenges") as port:
        sink = await reach(front, port, line="provider")
    assert sink.answered
