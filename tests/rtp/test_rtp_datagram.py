"""The shared reader of the calls' sockets, on real ones."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable

import pytest
from waiting import until

from voicebot.rtp.datagram import MANY, BoundPort, _readers
from voicebot.rtp.source import SocketAddress


class Desk:
    """What one port received; ``then``, if it is set, gets it instead."""

    def __init__(self) -> None:
        self.heard: list[tuple[bytes, SocketAddress]] = []
        self.then: Callable[[bytes, SocketAddress], object] | None = None
        self.port = BoundPort(_bound(), self._came)

    def _came(self, data: bytes, source: SocketAddress) -> None:
        (self.then or self.received)(data, source)

    def received(self, data: bytes, source: SocketAddress) -> None:
        self.heard.append((data, source))


def _bound() -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    bound.setblocking(False)
    bound.bind(("127.0.0.1", 0))
    return bound


def _address(port: BoundPort) -> SocketAddress:
    assert port._socket is not None
    return port._socket.getsockname()  # type: ignore[no-any-return]


async def _until(reached: asyncio.Event) -> None:
    await asyncio.wait_for(reached.wait(), 20)


async def test_packets_reach_their_own_port_in_order_with_their_source() -> None:
    one, other = Desk(), Desk()
    done = asyncio.Event()
    for number in range(20):
        one.port.send(bytes([number]), _address(other.port))
    one.port.send(b"last", _address(one.port))
    other.then = lambda data, source: (other.received(data, source), len(other.heard) == 20 and done.set())
    await _until(done)
    assert other.heard == [(bytes([number]), _address(one.port)) for number in range(20)]
    one.port.close()
    other.port.close()


async def test_a_defect_above_stops_neither_this_port_nor_others(caplog: pytest.LogCaptureFixture) -> None:
    bad, good = Desk(), Desk()
    done = asyncio.Event()

    def defect(data: bytes, source: SocketAddress) -> None:
        raise RuntimeError("a defect")

    bad.then = defect
    good.then = lambda data, source: done.set()
    for _ in range(3):
        good.port.send(b"x", _address(bad.port))
    await until(lambda: bad.port.errors == 3)
    bad.port.send(b"x", _address(good.port))
    await _until(done)
    assert [record.levelname for record in caplog.records] == ["ERROR"]  # one line, not one a packet
    bad.port.close()
    good.port.close()


async def test_ports_may_close_each_other_while_packets_wait_and_the_reader_ends_with_the_last() -> None:
    one, other = Desk(), Desk()
    done = asyncio.Event()

    def close_both(data: bytes, source: SocketAddress) -> None:
        one.port.close()
        other.port.close()
        done.set()

    one.then = other.then = close_both
    first, second = _address(one.port), _address(other.port)
    for target in (first, second, first, second):
        one.port.send(b"x", target)
    await _until(done)
    assert asyncio.get_running_loop() not in _readers
    one.port.close()  # harmless twice
    one.port.send(b"x", second)
    assert one.port.errors == 1  # a packet that cannot leave is counted


async def test_a_packet_that_the_kernel_refuses_is_counted() -> None:
    desk = Desk()
    desk.port.send(b"x" * 70_000, _address(desk.port))  # longer than a datagram can be
    assert desk.port.errors == 1
    desk.port.close()


@pytest.mark.virtual_time
async def test_the_loop_watches_sockets_while_packets_are_few_and_they_are_polled_while_there_are_many() -> None:
    flooded, other = Desk(), Desk()
    reader = _readers[asyncio.get_running_loop()]
    flooded.port.send(b"x", _address(other.port))
    await until(lambda: len(other.heard) == 1)
    assert reader._timer is None
    while reader._timer is None:
        for _ in range(10):
            other.port.send(b"x", _address(flooded.port))
        await asyncio.sleep(0)
    third = Desk()
    for desk in (other, third):  # as before, whether they were there or came since
        flooded.port.send(b"y", _address(desk.port))
    await until(lambda: len(other.heard) == 2 and len(third.heard) == 1)
    await until(lambda: reader._timer is None)
    third.port.close()
    count = len(flooded.heard)
    other.port.send(b"z", _address(flooded.port))
    await until(lambda: len(flooded.heard) == count + 1)
    assert flooded.heard[-1][0] == b"z"
    assert count > MANY // 20
    flooded.port.close()
    other.port.close()
    assert asyncio.get_running_loop() not in _readers


async def test_no_socket_waits_for_others_however_busy_the_loop_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each time that the loop comes round, every socket has another packet, and to handle them all takes long."""
    desks = [Desk() for _ in range(30)]
    reader = _readers[asyncio.get_running_loop()]
    for desk in desks:
        desk.then = lambda data, source, desk=desk: (desk.received(data, source), time.sleep(0.0005))
    monkeypatch.setattr(reader, "_rate", lambda: float(MANY))
    reader._count = 10_000  # polled from the next packet on
    ahead = 0
    for _ in range(20):
        for desk in desks:
            desks[0].port.send(b"x", _address(desk.port))
        await asyncio.sleep(0.003)
        heard = [len(desk.heard) for desk in desks]
        ahead = max(ahead, max(heard) - min(heard))
    assert min(heard) > 10
    assert ahead <= 1
    for desk in desks:
        desk.port.close()


async def test_a_flood_on_one_port_keeps_no_other_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    flooded, others = Desk(), [Desk() for _ in range(20)]
    reader = _readers[asyncio.get_running_loop()]
    monkeypatch.setattr(reader, "_rate", lambda: float(MANY))
    reader._count = 10_000
    others[0].port.send(b"x", _address(flooded.port))
    await until(lambda: reader._timer is not None)
    for _ in range(100):
        others[0].port.send(b"x", _address(flooded.port))
    for desk in others:
        others[0].port.send(b"x", _address(desk.port))
    reader._poll()
    assert [len(desk.heard) for desk in others] == [1] * len(others)
    assert len(flooded.heard) < 20, "that is for the next time"
    for desk in (flooded, *others):
        desk.port.close()
