from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from voicebot.assist.readers import AT_ONCE, REST_S, Readers

pytestmark = pytest.mark.virtual_time


def now() -> float:
    return asyncio.get_running_loop().time()


async def test_everybody_who_waits_is_woken_a_few_at_a_time() -> None:
    readers = Readers()
    woken = 0

    async def read() -> None:
        nonlocal woken
        await readers.wait(60)
        woken += 1

    tasks = [asyncio.create_task(read()) for _ in range(100)]
    await asyncio.sleep(0)
    readers.wake()
    seen = [0]
    while woken < 100:
        await asyncio.sleep(0)
        seen.append(woken)
    assert max(after - before for before, after in pairwise(seen)) <= AT_ONCE
    assert now() == 1000
    await asyncio.gather(*tasks)


async def test_who_waits_again_is_woken_after_a_rest_for_what_has_come_meanwhile() -> None:
    readers = Readers()
    first = [asyncio.create_task(readers.wait(60)) for _ in range(50)]
    await asyncio.sleep(0)
    readers.wake()
    await asyncio.gather(*first)
    assert readers.resting
    second = asyncio.create_task(readers.wait(60))
    await asyncio.sleep(0)
    readers.wake()
    readers.wake()
    await second
    assert now() == pytest.approx(1000 + 50 * REST_S)


async def test_who_has_news_already_waits_for_the_rest_only() -> None:
    readers = Readers()
    first = asyncio.create_task(readers.wait(60))
    await asyncio.sleep(0)
    readers.wake()
    await first
    await readers.wait(60, news=True)
    assert now() == pytest.approx(1000 + REST_S)


async def test_who_waits_in_vain_or_goes_leaves_nothing() -> None:
    readers = Readers()
    await readers.wait(15)
    assert (now(), len(readers)) == (1015, 0)
    gone = asyncio.create_task(readers.wait(15))
    await asyncio.sleep(0)
    readers.wake()
    gone.cancel()
    await asyncio.wait((gone,))
    await asyncio.sleep(1)
    assert not len(readers) and not readers.resting
