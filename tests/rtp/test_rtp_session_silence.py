"""When nothing comes any more: the ticks of the session are those of the test."""

from __future__ import annotations

from contextlib import AsyncExitStack

import pytest
from session_bench import NO_PACKET, Bench, Listener
from waiting import until

from voicebot.rtp import MediaClock, rtcp

pytestmark = pytest.mark.virtual_time


async def test_silence_of_the_wire_is_told_once_until_something_comes() -> None:
    now = [50.0]
    sink = Listener()
    async with AsyncExitStack() as stack:
        bench = Bench(stack, MediaClock(lambda: now[0]))  # not started: the ticks are those below
        session = await bench.open(sink, silence_timeout_s=0.1)
        peer, target = bench.peer(), ("127.0.0.1", session.local_port)

        def timeouts_after(ticks: int) -> int:
            for _ in range(ticks):
                now[0] += 0.02
                session.tick(now[0], 0)
            return sink.timeouts

        assert timeouts_after(20) == 0  # nobody is there yet
        session.set_remote("127.0.0.1", peer.getsockname()[1])
        assert timeouts_after(4) == 0
        assert timeouts_after(2) == 1
        assert timeouts_after(20) == 1
        peer.sendto(NO_PACKET._replace(payload=b"a" * 160).build(), target)
        await until(lambda: b"a" * 160 in sink.frames)
        assert timeouts_after(4) == 1
        assert timeouts_after(2) == 2
        peer.sendto(rtcp.build(rtcp.ReceiverReport(0, ()), "x"), target)
        await until(lambda: session.quality().rtcp_received == 1)
        assert timeouts_after(4) == 2
        assert timeouts_after(2) == 3  # a report is a sign of life as well
        session.set_direction(send=True, receive=False)
        peer.sendto(NO_PACKET._replace(sequence=1, payload=b"a" * 160).build(), target)
        await until(lambda: session.quality().packets_received == 2)
        assert timeouts_after(20) == 3
        session.set_direction(send=True, receive=True)
        assert timeouts_after(4) == 3  # counted anew when the hold ends
        assert timeouts_after(2) == 4


async def test_without_a_silence_timeout_there_is_none() -> None:
    now = [50.0]
    sink = Listener()
    async with AsyncExitStack() as stack:
        bench = Bench(stack, MediaClock(lambda: now[0]))
        session = await bench.open(sink, silence_timeout_s=0)
        session.set_remote("127.0.0.1", bench.peer().getsockname()[1])
        for _ in range(100):
            now[0] += 1.0
            session.tick(now[0], 0)
        assert sink.timeouts == 0
