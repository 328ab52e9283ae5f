"""One UDP socket for all destinations: an ICMP error for one of them does not affect the others."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Callable

import pytest
import uvloop
from waiting import until

from voicebot.sip.datagrams import Datagrams, ListenAt
from voicebot.sip.hop import Hop

LOOPBACK = "127.0.0.1"
ROUNDS = 50


def silent_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_datagrams_are_sent_although_another_destination_refuses_them(
    new_loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    told: list[Hop] = []

    async def main() -> list[bytes]:
        heard: list[bytes] = []
        living = Datagrams(1, ListenAt("UDP", LOOPBACK, 0), lambda data, _hop: heard.append(data), lambda: None)
        sender = Datagrams(
            0, ListenAt("UDP", LOOPBACK, 0), lambda _data, _hop: None, lambda: None, unreachable=told.append
        )
        await living.bind(asyncio.get_running_loop())
        await sender.bind(asyncio.get_running_loop())
        nobody = Hop(LOOPBACK, silent_port(), "UDP")
        for number in range(ROUNDS):
            sender.send(b"lost", nobody)
            sender.send(b"%d" % number, Hop(LOOPBACK, living.port, "UDP"))
            await asyncio.sleep(0)
        await until(lambda: len(heard) == ROUNDS)
        await sender.close()
        await living.close()
        return heard

    with asyncio.Runner(loop_factory=new_loop) as runner:
        assert runner.run(main()) == [b"%d" % number for number in range(ROUNDS)]
    if sys.platform == "linux":
        assert told, "who is not there is told"
