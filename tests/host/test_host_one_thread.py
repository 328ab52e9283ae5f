"""What may block is done on one thread, in its order, and tells whoever waits what became of it."""

from __future__ import annotations

import asyncio
import threading
import weakref

import pytest

from voicebot.host.one_thread import OneThread


async def test_things_are_done_in_their_order_on_a_thread_of_their_own_which_ends_when_it_is_closed() -> None:
    thread, done = OneThread("a-thread"), list[int]()

    def note(number: int) -> threading.Thread:
        done.append(number)
        return threading.current_thread()

    threads = await asyncio.gather(*(thread.run(lambda number=number: note(number)) for number in range(20)))  # type: ignore[misc]
    assert done == [*range(20)]
    (one,) = set(threads)
    assert one.name == "a-thread" and one is not threading.current_thread()
    thread.close()
    thread.close()
    await asyncio.to_thread(one.join, 20.0)
    assert not one.is_alive()
    with pytest.raises(RuntimeError, match="a-thread: closed"):
        await thread.run(int)


async def test_what_fails_is_told_and_ends_nothing() -> None:
    thread = OneThread("a-thread")
    with pytest.raises(ZeroDivisionError):
        await thread.run(lambda: 1 // 0)
    assert await thread.run(lambda: 7) == 7
    thread.close()


async def test_what_was_asked_for_is_done_also_if_nobody_waits_for_it_any_more() -> None:
    thread, goes_on, done = OneThread("a-thread"), threading.Event(), list[str]()
    waiting = [asyncio.create_task(thread.run(goes_on.wait)), asyncio.create_task(thread.run(lambda: done.append("a")))]
    await asyncio.sleep(0)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    goes_on.set()
    await thread.run(lambda: done.append("b"))
    assert done == ["a", "b"] and all(task.cancelled() for task in waiting)
    thread.close()


async def test_nothing_of_what_is_done_is_kept() -> None:
    class Thing:
        """Something large."""

    thread, thing = OneThread("a-thread"), Thing()
    gone = weakref.ref(thing)
    await thread.run(lambda thing=thing: None)  # type: ignore[misc]
    await thread.run(int)
    del thing
    assert gone() is None
    thread.close()
