"""Prompts that are rendered for a call which may say them: found ready or half ready, and in nobody's way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from itertools import pairwise

import pytest

from voicebot.audio import PCMU
from voicebot.speech import HeldPrompt, PromptCache, Speech, SpeechUnavailable, Urgency, prompts
from voicebot.speech.rendering import MOST_SOON

pytestmark = pytest.mark.virtual_time

PERSONAL = "Your balance is 42."
USUAL = "Thank you."


class Service:
    """Renders any text in two pieces, a second each; texts with "broken" fail after the first."""

    def __init__(self) -> None:
        self.begun: list[tuple[float, str]] = []
        self.ended: list[str] = []
        self.now = 0
        self.most = 0

    async def stream(self, speech: Speech, *, on_splice: Callable[[], None]) -> AsyncGenerator[bytes, None]:
        self.begun.append((asyncio.get_running_loop().time(), speech.text))
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            await asyncio.sleep(1.0)
            yield b"one"
            if "broken" in speech.text:
                raise SpeechUnavailable("broken")
            await asyncio.sleep(1.0)
            yield b"two"
            self.ended.append(speech.text)
        finally:
            self.now -= 1

    @property
    def texts(self) -> list[str]:
        return [text for _, text in self.begun]


def speech(text: str) -> Speech:
    return Speech(text, "joe", "en-US", PCMU)


def world() -> tuple[Service, PromptCache]:
    service = Service()
    return service, PromptCache(service, memory_bytes=10_000, directory=None)


def prepare(cache: PromptCache, text: str, urgency: Urgency = Urgency.SOON) -> HeldPrompt:
    held = cache.prepare(speech(text), urgency)
    assert held is not None
    return held


async def call_says(cache: PromptCache, text: str) -> tuple[float, bytes]:
    """How long a call waits for the first audio of ``text``, and all of it."""
    began, first, said = now(), -1.0, b""
    async with aclosing(cache.stream(speech(text))) as pieces:
        async for piece in pieces:
            first = now() - began if first < 0 else first
            said += piece
    return first, said


def now() -> float:
    return asyncio.get_running_loop().time()


@pytest.mark.parametrize("text", [PERSONAL, USUAL])
async def test_a_prompt_that_was_rendered_ahead_is_ready(text: str) -> None:
    service, cache = world()
    held = prepare(cache, text)
    await asyncio.sleep(3.0)
    assert cache.ready(speech(text)) == b"onetwo"
    assert await call_says(cache, text) == (0.0, b"onetwo")
    assert service.texts == [text]
    held.release()
    assert cache.ready(speech(text)) == (None if text == PERSONAL else b"onetwo"), "what is personal is forgotten"


async def test_a_prompt_that_is_half_rendered_goes_on() -> None:
    service, cache = world()
    held = prepare(cache, PERSONAL)
    await asyncio.sleep(0.4)
    saying = asyncio.create_task(call_says(cache, PERSONAL))
    await asyncio.sleep(0)
    held.release()
    assert await saying == (pytest.approx(0.6), b"onetwo")
    assert service.texts == [PERSONAL]


async def test_what_is_released_is_not_rendered_to_its_end_unless_it_is_kept() -> None:
    service, cache = world()
    for text in (PERSONAL, USUAL):
        held = prepare(cache, text)
        await asyncio.sleep(0.5)
        held.release()
    await asyncio.sleep(3.0)
    assert (service.texts, service.ended) == ([PERSONAL, USUAL], [USUAL])


async def test_what_has_not_begun_when_it_is_released_never_begins() -> None:
    service, cache = world()
    for held in [prepare(cache, text) for text in (PERSONAL, USUAL)]:
        held.release()
    await asyncio.sleep(3.0)
    assert service.texts == []
    assert await call_says(cache, USUAL) == (1.0, b"onetwo")


async def test_two_calls_hold_one_rendering() -> None:
    service, cache = world()
    first, second = prepare(cache, PERSONAL), prepare(cache, PERSONAL)
    await asyncio.sleep(0.5)
    first.release()
    await asyncio.sleep(2.0)
    assert cache.ready(speech(PERSONAL)) == b"onetwo"
    second.release()
    assert cache.ready(speech(PERSONAL)) is None
    assert service.texts == [PERSONAL]


async def test_what_is_in_memory_is_not_rendered_again() -> None:
    service, cache = world()
    await call_says(cache, USUAL)
    assert cache.prepare(speech(USUAL), Urgency.SOON) is None
    assert service.texts == [USUAL]


async def test_it_begins_when_no_call_waits_for_its_first_audio() -> None:
    service, cache = world()
    saying = asyncio.create_task(call_says(cache, "Number 1"))
    await asyncio.sleep(0.1)
    prepare(cache, PERSONAL), prepare(cache, USUAL, Urgency.PERHAPS)
    assert await saying == (1.0, b"onetwo")
    await asyncio.sleep(3.0)
    began = service.begun[0][0]
    assert [(at - began, text) for at, text in service.begun] == [
        (0.0, "Number 1"), (1.0, PERSONAL), (3.0, USUAL),
    ]  # fmt: skip


async def test_a_call_that_needs_it_does_not_wait_for_others() -> None:
    service, cache = world()
    others = [asyncio.create_task(call_says(cache, f"Number {number}")) for number in range(3)]
    await asyncio.sleep(0.1)
    held = prepare(cache, PERSONAL, Urgency.PERHAPS)
    assert await call_says(cache, PERSONAL) == (1.0, b"onetwo")
    held.release()
    await asyncio.gather(*others)
    assert service.most == 4


async def test_few_are_rendered_at_a_time() -> None:
    service, cache = world()
    for number in range(5):
        prepare(cache, f"Number {number}")
        prepare(cache, f"Perhaps {number}", Urgency.PERHAPS)
    await asyncio.sleep(5.0)
    assert service.most == MOST_SOON
    await asyncio.sleep(30.0)
    perhaps = [at for at, text in service.begun if "Perhaps" in text]
    assert [later - earlier for earlier, later in pairwise(perhaps)] == pytest.approx([2.0] * 4)


async def test_what_may_be_needed_becomes_what_will_be() -> None:
    service, cache = world()
    prepare(cache, "Number 1")
    prepare(cache, PERSONAL, Urgency.PERHAPS)
    await asyncio.sleep(0.5)
    assert service.texts == ["Number 1"]
    prepare(cache, PERSONAL)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert service.texts == ["Number 1", PERSONAL]


async def test_one_that_fails_is_rendered_when_it_is_needed() -> None:
    service, cache = world()
    held = prepare(cache, "broken 1")
    await asyncio.sleep(2.0)
    assert cache.ready(speech("broken 1")) is None
    with pytest.raises(SpeechUnavailable):
        await call_says(cache, "broken 1")
    held.release()
    assert service.texts == ["broken 1"] * 2


async def test_no_more_is_held_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prompts, "MOST_HELD", 5)
    _, cache = world()
    held = prepare(cache, PERSONAL)
    await asyncio.sleep(3.0)
    assert cache.prepare(speech("Number 2"), Urgency.SOON) is None
    held.release()
    assert cache.prepare(speech("Number 2"), Urgency.SOON) is not None
    await cache.close()


async def test_the_cache_may_be_closed_at_any_time() -> None:
    service, cache = world()
    held = [prepare(cache, text) for text in (PERSONAL, USUAL, "Number 3", "Number 4")]
    await asyncio.sleep(0.5)
    await cache.close()
    for one in held:
        one.release()
    assert service.now == 0
