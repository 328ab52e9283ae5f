from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from free_port import free_ports

from voicebot.rtp import PortRange, PortsExhausted
from voicebot.rtp.ports import PortPair

LOW, _ = free_ports(8, keep=True)


class Clock:
    at = 0.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as closing:
        yield closing


def acquire(ports: PortRange, stack: ExitStack) -> PortPair:
    pair = ports.acquire()
    stack.enter_context(pair.rtp)
    stack.enter_context(pair.rtcp)
    return pair


def close(pair: PortPair) -> None:
    pair.rtp.close()
    pair.rtcp.close()


def test_pairs_are_even_and_odd_and_within_the_range(stack: ExitStack) -> None:
    ports = PortRange(LOW + 1, LOW + 6, "127.0.0.1")
    pairs = [acquire(ports, stack) for _ in range(2)]
    assert sorted(pair.port for pair in pairs) == [LOW + 2, LOW + 4]
    for pair in pairs:
        assert pair.rtp.getsockname() == ("127.0.0.1", pair.port)
        assert pair.rtcp.getsockname() == ("127.0.0.1", pair.port + 1)
        assert pair.rtp.gettimeout() == 0
    with pytest.raises(PortsExhausted, match="2 in use"):
        ports.acquire()


def test_a_released_pair_rests_before_it_is_used_again(stack: ExitStack) -> None:
    clock = Clock()
    ports = PortRange(LOW, LOW + 1, "127.0.0.1", rest_s=5, now=clock)
    pair = acquire(ports, stack)
    close(pair)
    ports.release(pair.port)
    clock.at = 4.9
    with pytest.raises(PortsExhausted, match="1 resting"):
        ports.acquire()
    clock.at = 5.0
    assert ports.available == 1
    assert acquire(ports, stack).port == pair.port


def test_the_pair_unused_for_longest_is_next(stack: ExitStack) -> None:
    clock = Clock()
    ports = PortRange(LOW, LOW + 5, "127.0.0.1", rest_s=0, now=clock)
    seen = []
    for _ in range(6):
        pair = acquire(ports, stack)
        seen.append(pair.port)
        close(pair)
        ports.release(pair.port)
    assert seen == [LOW, LOW + 2, LOW + 4] * 2


@pytest.mark.parametrize("taken", [0, 1])
def test_a_pair_half_of_which_another_process_holds_is_passed_over(stack: ExitStack, taken: int) -> None:
    other = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    other.bind(("127.0.0.1", LOW + taken))
    ports = PortRange(LOW, LOW + 3, "127.0.0.1")
    assert acquire(ports, stack).port == LOW + 2
    with pytest.raises(PortsExhausted):
        ports.acquire()
    other.close()
    assert acquire(ports, stack).port == LOW


def test_releasing_twice_gives_one_pair(stack: ExitStack) -> None:
    ports = PortRange(LOW, LOW + 1, "127.0.0.1", rest_s=0)
    pair = acquire(ports, stack)
    close(pair)
    ports.release(pair.port)
    ports.release(pair.port)
    assert (ports.available, ports.in_use) == (1, 0)


@pytest.mark.parametrize(("low", "high"), [(5, 5), (5, 6), (0, 10), (10, 4), (65535, 65536), (70000, 70010)])
def test_a_range_without_a_pair_is_refused(low: int, high: int) -> None:
    with pytest.raises(ValueError, match="even/odd"):
        PortRange(low, high)
