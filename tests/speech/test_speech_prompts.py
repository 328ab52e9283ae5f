from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from pathlib import Path

import pytest
from waiting import until

from voicebot.audio import FORMATS, PCMU
from voicebot.speech import PromptCache, Speech, SpeechUnavailable
from voicebot.speech.prompts import prompt_key


class Renderer:
    """Renders each text as its letters, and waits at the gate before the last.

    ``splices``: how many renderings begin again in the middle.
    """

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.broken = False
        self.splices = 0
        self.open = 0

    async def stream(self, speech: Speech, *, on_splice: Callable[[], None]) -> AsyncGenerator[bytes, None]:
        self.asked.append(speech.text)
        self.open += 1
        try:
            for letter in speech.text[:-1]:
                yield letter.encode() * 100
            if self.splices:
                self.splices -= 1
                on_splice()
            await self.gate.wait()
            if self.broken:
                raise SpeechUnavailable("gone")
            yield speech.text[-1].encode() * 100
        finally:
            self.open -= 1


def say(text: str, voice: str = "joe") -> Speech:
    return Speech(text, voice, "en-US", PCMU)


def sound(text: str) -> bytes:
    return b"".join(letter.encode() * 100 for letter in text)


async def heard(cache: PromptCache, speech: Speech, keep: bool | None = None) -> bytes:
    async with aclosing(cache.stream(speech, cache=keep)) as pieces:
        return b"".join([piece async for piece in pieces])


async def test_a_prompt_is_rendered_once_and_then_ready() -> None:
    renderer = Renderer()
    cache = PromptCache(renderer, memory_bytes=10_000, directory=None)
    assert cache.ready(say("abc")) is None
    assert await heard(cache, say("abc")) == sound("abc")
    assert cache.ready(say("abc")) == sound("abc") == await heard(cache, say("abc"))
    assert renderer.asked == ["abc"]
    assert (cache.statistics.rendered, cache.statistics.memory_hits, cache.statistics.memory_bytes) == (1, 1, 300)


def test_everything_that_changes_the_sound_changes_the_key() -> None:
    speeches = [
        Speech(text, voice, language, form)
        for text in ("a", "b")
        for voice in ("v", "w")
        for language in ("en-US", "de-DE")
        for form in FORMATS
    ]
    assert len({prompt_key(speech) for speech in speeches}) == 24


async def test_what_has_a_digit_or_is_personal_is_not_kept(tmp_path: Path) -> None:
    renderer = Renderer()
    cache = PromptCache(renderer, memory_bytes=10_000, directory=tmp_path)
    for speech, keep in ((say("pay 12"), None), (say("Mr X"), False)):
        assert await heard(cache, speech, keep) == sound(speech.text)
        assert cache.ready(speech) is None
    await heard(cache, say("plain"))
    assert cache.ready(say("plain"))
    await cache.close()
    assert files(tmp_path) == 0


async def test_the_digits_of_markup_do_not_count() -> None:
    cache = PromptCache(Renderer(), memory_bytes=10_000, directory=None)
    speech = say('<speak version="1.0">Hi</speak>')
    await heard(cache, speech)
    assert cache.ready(speech)


async def test_fixed_prompts_outlive_the_process(tmp_path: Path) -> None:
    first = PromptCache(Renderer(), memory_bytes=10_000, directory=tmp_path / "prompts")
    assert await first.warm([say("abc"), say("12"), say("abc")]) == 2
    await until_stored(tmp_path / "prompts", 2)
    await first.close()
    renderer = Renderer()
    second = PromptCache(renderer, memory_bytes=10_000, directory=tmp_path / "prompts")
    assert await heard(second, say("abc"), True) == sound("abc")
    assert second.statistics.disk_hits == 1 and not renderer.asked


def files(directory: Path) -> int:
    return sum(1 for _ in directory.glob("*.ulaw"))


async def until_stored(directory: Path, count: int) -> None:
    await until(lambda: files(directory) >= count)


@pytest.mark.parametrize("damage", [b"", b"VBPROMPT", b"VBPROMPT" + bytes(32) + b"noise", b"\x00" * 400])
async def test_a_damaged_file_is_rendered_again(tmp_path: Path, damage: bytes) -> None:
    renderer = Renderer()
    cache = PromptCache(renderer, memory_bytes=0, directory=tmp_path)
    file = tmp_path / (prompt_key(say("abc")) + ".ulaw")
    file.write_bytes(damage)
    assert await heard(cache, say("abc"), True) == sound("abc")
    assert cache.statistics.damaged == 1 and renderer.asked == ["abc"]


async def test_the_least_recently_used_go_first_from_memory_and_disk(tmp_path: Path) -> None:
    cache = PromptCache(Renderer(), memory_bytes=250, directory=tmp_path, disk_bytes=300)
    for text in ("a", "b"):
        await heard(cache, say(text), True)
    await until_stored(tmp_path, 2)
    assert cache.ready(say("a"))
    await heard(cache, say("c"), True)
    assert cache.ready(say("b")) is None and cache.ready(say("a")) and cache.ready(say("c"))
    await cache._tasks.join()
    assert files(tmp_path) == 2
    assert cache.statistics.disk_bytes <= 300


async def test_two_calls_share_one_rendering_and_both_hear_all_of_it() -> None:
    renderer = Renderer()
    renderer.gate.clear()
    cache = PromptCache(renderer, memory_bytes=10_000, directory=None)
    first = asyncio.create_task(heard(cache, say("abc")))
    await asyncio.sleep(0)
    second = cache.stream(say("abc"))
    assert await anext(second) == b"a" * 100
    renderer.gate.set()
    assert await first == sound("abc")
    assert b"".join([piece async for piece in second]) == sound("bc")
    assert renderer.asked == ["abc"] and cache.statistics.shared == 1


async def test_a_cacheable_prompt_that_is_cut_off_is_rendered_to_its_end() -> None:
    renderer = Renderer()
    renderer.gate.clear()
    cache = PromptCache(renderer, memory_bytes=10_000, directory=None)
    async with aclosing(cache.stream(say("abc"))) as pieces:
        await anext(pieces)
    renderer.gate.set()
    await cache._tasks.join()
    assert cache.ready(say("abc")) == sound("abc")


async def test_a_personal_one_that_is_cut_off_is_stopped() -> None:
    renderer = Renderer()
    renderer.gate.clear()
    cache = PromptCache(renderer, memory_bytes=10_000, directory=None)
    async with aclosing(cache.stream(say("abc"), cache=False)) as pieces:
        await anext(pieces)
        assert renderer.open == 1
    assert renderer.open == 0


async def test_a_failed_rendering_reaches_all_who_wait_and_is_not_kept() -> None:
    renderer = Renderer()
    renderer.broken = True
    cache = PromptCache(renderer, memory_bytes=10_000, directory=None)
    outcomes = await asyncio.gather(*(heard(cache, say("abc")) for _ in range(2)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [SpeechUnavailable, SpeechUnavailable]
    assert await cache.warm([say("abc")]) == 0
    renderer.broken = False
    assert await heard(cache, say("abc")) == sound("abc")


async def test_a_rendering_that_began_again_in_the_middle_is_heard_but_not_kept(tmp_path: Path) -> None:
    renderer = Renderer()
    renderer.splices = 1
    cache = PromptCache(renderer, memory_bytes=10_000, directory=tmp_path)
    assert await heard(cache, say("abc"), keep=True) == sound("abc")
    assert cache.ready(say("abc")) is None
    assert await heard(cache, say("abc"), keep=True) == sound("abc") == cache.ready(say("abc"))
    assert renderer.asked == ["abc", "abc"]
    await cache.close()


async def test_warming_stops_asking_a_service_that_is_away() -> None:
    renderer = Renderer()
    renderer.broken = True
    cache = PromptCache(renderer, memory_bytes=10_000, directory=None)
    many = [say(f"prompt {letter}") for letter in "abcdefghijklmnopqrstuvwxyz"]
    assert await cache.warm(many) == 0
    assert len(renderer.asked) < len(many) / 2
    renderer.broken = False
    assert await cache.warm(many) == len(many)


async def test_closing_ends_what_is_being_rendered() -> None:
    renderer = Renderer()
    renderer.gate.clear()
    cache = PromptCache(renderer, memory_bytes=10_000, directory=None)
    task = asyncio.create_task(heard(cache, say("abc")))
    await until(lambda: renderer.open == 1)
    await cache.close()
    with pytest.raises(SpeechUnavailable):
        await task
    assert renderer.open == 0


async def test_a_disk_that_cannot_be_written_is_only_logged(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a directory")
    cache = PromptCache(Renderer(), memory_bytes=10_000, directory=tmp_path / "file" / "prompts")
    assert await heard(cache, say("abc"), True) == sound("abc")
    await cache.close()


def test_a_text_that_is_no_unicode_has_a_key_as_well() -> None:
    assert prompt_key(Speech("\ud800", "v", "en-US", PCMU)) != prompt_key(Speech("\ud801", "v", "en-US", PCMU))
