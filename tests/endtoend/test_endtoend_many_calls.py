"""Calls of every kind, many of them: what they leave in the processes of the service."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest
from served import Service
from telephone import Telephone, phone

pytestmark = pytest.mark.slow


async def test_many_calls_that_end_in_every_way_leave_nothing_behind(serve_scripted: Callable[..., Service]) -> None:
    service = serve_scripted(rtp__silence_timeout_s=1)

    def left() -> dict[str, tuple[int, int, int]]:
        """Threads, descriptors and children, by process."""
        return {
            name: (process.num_threads(), process.num_fds(), len(process.children()))
            for name, process in (("calls", service.process), ("host", service.host))
        }

    async def one(number: int) -> None:
        async with phone() as endpoint:
            telephone = Telephone(endpoint)
            try:
                await telephone.invite(service.uri)
                if number % 5 == 0:
                    await asyncio.sleep(0.005 * (number % 3))
                    return  # CANCEL, at one moment or another
                await telephone.up()
                if number % 5 == 1:
                    return  # before the first word
                await telephone.until(lambda: telephone.last_audible > 0, "the greeting")
                if number % 5 >= 3:
                    telephone.press("12")
                    await asyncio.sleep(0.5)
            finally:
                await telephone.close(bye=number % 5 != 4)
                if number % 5 == 4:
                    await telephone.until_ended()  # noticed by its silence

    async def some(numbers: range) -> tuple[dict[str, tuple[int, int, int]], float]:
        for first in range(numbers.start, numbers.stop, 10):
            await asyncio.gather(*(one(number) for number in range(first, first + 10)))
        calm: dict[str, tuple[int, int, int]] = {}
        end = time.monotonic() + 10
        while time.monotonic() < end:  # SDK threads, resting ports and idle synthesisers settle
            await asyncio.sleep(1)
            calm, before = left(), calm
            if calm == before:
                break
        return calm, service.process.memory_info().rss / 1e6

    first, first_rss = await some(range(30))
    last, last_rss = await some(range(30, 80))
    print(f"after 30 calls {first} {first_rss:.0f} MB, after 80 {last} {last_rss:.0f} MB")
    for name in first:
        threads, descriptors, children = (b - a for a, b in zip(first[name], last[name], strict=True))
        assert threads <= 6, name  # pools breathe; a recogniser that leaks its three in each call would make 100
        assert descriptors <= 2, name
        assert children == 0, name
    assert last_rss - first_rss < 20
