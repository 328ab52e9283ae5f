"""Ports that tests give to programs (tests/doubles/free_port.py): nobody else's, and enough of them."""

from __future__ import annotations

from contextlib import ExitStack

from free_port import LOOPBACK, REGION, free_port, free_ports, kept_ports


def test_what_is_kept_is_given_to_nobody_else() -> None:
    with kept_ports(200) as (low, high):
        assert high - low == 199 and low % 2 == 0
        for _ in range(2 * REGION // 100):
            other = free_ports()
            assert other[1] < low or high < other[0]
            assert not low - 3 <= free_port() <= high


def test_what_is_kept_no_more_comes_round_again() -> None:
    for _ in range(2 * REGION // 200):
        with kept_ports(200):
            pass


def test_what_is_kept_leaves_no_holes_that_nobody_can_use() -> None:
    with ExitStack() as stack:
        for count in (100, 2, 200) * 3:
            free_ports()
            stack.enter_context(kept_ports(count))
        stack.enter_context(kept_ports(400))
        assert free_ports(200)


def test_a_port_of_a_program_of_one_is_followed_by_three_free_ones() -> None:
    first, second = free_port(LOOPBACK), free_port(LOOPBACK)
    assert not set(range(first, first + 4)) & set(range(second, second + 4))
