"""Prompts that are rendered ahead give way to calls."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

import pytest

from voicebot.audio import PCMU
from voicebot.speech import PromptCache, Speech
from voicebot.speech.prompts import GIVE_WAY_S

pytestmark = pytest.mark.virtual_time

TAKES_S = 1.0
NEW = [f"new prompt {letter}" for letter in "abcdefghij"]


class Service:
    """Renders any text in a second, any number of them at a time."""

    def __init__(self) -> None:
        self.asked: list[tuple[float, str]] = []
        self.now = 0
        self.most = 0

    async def stream(self, speech: Speech, *, on_splice: Callable[[], None]) -> AsyncGenerator[bytes, None]:
        self.asked.append((asyncio.get_running_loop().time(), speech.text))
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            await asyncio.sleep(TAKES_S)
            yield b"audio"
        finally:
            self.now -= 1

    def ahead(self) -> list[float]:
        """When each new prompt was asked for."""
        return [at for at, text in self.asked if text in NEW]


def say(text: str) -> Speech:
    return Speech(text, "joe", "en-US", PCMU)


def warmed(service: Service) -> tuple[PromptCache, asyncio.Task[int]]:
    cache = PromptCache(service, memory_bytes=10_000, directory=None)
    return cache, asyncio.create_task(cache.warm(map(say, NEW)))


async def call_says(cache: PromptCache, text: str, *, keep: bool | None = None) -> float:
    """How long a call waits for ``text``, in seconds."""
    began = asyncio.get_running_loop().time()
    async with aclosing(cache.stream(say(text), cache=keep)) as pieces:
        assert [piece async for piece in pieces] == [b"audio"]
    return asyncio.get_running_loop().time() - began


async def test_one_prompt_is_rendered_at_a_time_for_whatever_number_of_folders() -> None:
    service = Service()
    cache, warming = warmed(service)
    other = asyncio.create_task(cache.warm(map(say, NEW)))
    assert (await warming, await other) == (len(NEW), len(NEW))
    assert service.most == 1
    assert [text for _, text in service.asked] == NEW


async def test_none_is_begun_while_a_call_waits_for_speech_and_they_go_on_after_it() -> None:
    service = Service()
    cache, warming = warmed(service)
    await asyncio.sleep(0.5 * TAKES_S)
    began = asyncio.get_running_loop().time()
    assert await call_says(cache, "Mr X", keep=False) == pytest.approx(TAKES_S)
    assert [at for at in service.ahead() if at > began] == []
    assert service.most == 2, "the call's, and the one that was being rendered already"
    assert await warming == len(NEW)
    assert service.ahead()[1] == pytest.approx(began + TAKES_S)


async def test_calls_that_never_end_leave_room_for_a_prompt_now_and_then() -> None:
    service = Service()
    cache, warming = warmed(service)

    async def line() -> None:
        for number in range(1000):
            await call_says(cache, f"Number {number}")

    lines = [asyncio.create_task(line()) for _ in range(3)]
    await asyncio.sleep(0.1)  # their turns overlap
    await warming
    pauses = [later - earlier for earlier, later in zip(service.ahead(), service.ahead()[1:], strict=False)]
    assert pauses == pytest.approx([GIVE_WAY_S + TAKES_S] * (len(NEW) - 1))
    for task in lines:
        task.cancel()


async def test_what_a_call_had_rendered_meanwhile_is_not_rendered_again() -> None:
    service = Service()
    cache, warming = warmed(service)
    await asyncio.sleep(0.5 * TAKES_S)
    await asyncio.gather(*(call_says(cache, text, keep=True) for text in NEW))
    assert await warming == len(NEW)
    assert sorted(text for _, text in service.asked) == NEW


async def test_a_call_that_hangs_up_while_it_waits_does_not_hold_them_up() -> None:
    service = Service()
    cache, warming = warmed(service)
    calls = [asyncio.create_task(call_says(cache, f"Number {number}", keep=False)) for number in range(3)]
    await asyncio.sleep(0.5 * TAKES_S)
    for call in calls:
        call.cancel()
    await asyncio.sleep(0.5 * TAKES_S)
    assert await warming == len(NEW)
    assert service.ahead() == pytest.approx([service.ahead()[0] + TAKES_S * n for n in range(len(NEW))])
