"""Prompts rendered ahead: all formats, again when some could not be, and for the dialogs that serve now."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, cast

import pytest

from voicebot.audio import LINEAR_16K, PCMU, AudioFormat
from voicebot.bots import DialogHostClient, HostUnavailable
from voicebot.calls import AudioFiles
from voicebot.host_wire import FixedPrompt
from voicebot.service.warming import AGAIN_S, LAST_AGAIN_S, PromptWarming
from voicebot.speech import PromptCache, PromptVoice, Speech

pytestmark = pytest.mark.virtual_time

PROMPTS = FixedPrompt("Hello."), FixedPrompt("Hola.", "es-ES", "file:///hola.wav")


class Dialogs:
    """A dialog host that is away as often as it is told to be."""

    def __init__(self, away: int = 0) -> None:
        self.away = away
        self.asked_at: list[float] = []

    async def prompts(self) -> tuple[FixedPrompt, ...]:
        self.asked_at.append(asyncio.get_running_loop().time())
        if len(self.asked_at) <= self.away:
            raise HostUnavailable("it is being started anew")
        return PROMPTS


class Cache:
    """Has everything ready from the ``from_time``-th attempt on."""

    def __init__(self, from_time: int = 1) -> None:
        self.from_time = from_time
        self.wanted: list[list[Speech]] = []

    async def warm(self, prompts: Iterable[Speech]) -> int:
        self.wanted.append(list(prompts))
        return len(self.wanted[-1]) if len(self.wanted) >= self.from_time else 0


class Files:
    def __init__(self) -> None:
        self.wanted: list[tuple[list[str], list[AudioFormat]]] = []

    async def warm(self, urls: Iterable[str], formats: Iterable[AudioFormat]) -> None:
        self.wanted.append((list(urls), list(formats)))


def warming(cache: Cache, files: Files | None = None) -> PromptWarming:
    parts: tuple[Any, Any] = cache, files or Files()
    voice = PromptVoice("Jenny", "en-US")
    return PromptWarming(cast("PromptCache", parts[0]), cast("AudioFiles", parts[1]), voice, [PCMU, LINEAR_16K])


def client(dialogs: Dialogs) -> DialogHostClient:
    return cast("DialogHostClient", dialogs)


async def test_every_prompt_is_rendered_in_every_format_and_in_its_own_language() -> None:
    cache, files = Cache(), Files()
    assert await warming(cache, files).render(client(Dialogs())) == (4, 4)
    (wanted,) = cache.wanted
    assert {speech.voice for speech in wanted} == {"Jenny"}
    assert [(s.text, s.language, s.audio) for s in wanted] == [
        ("Hello.", "en-US", PCMU),
        ("Hola.", "es-ES", PCMU),
        ("Hello.", "en-US", LINEAR_16K),
        ("Hola.", "es-ES", LINEAR_16K),
    ]
    assert files.wanted == [(["file:///hola.wav"], [PCMU, LINEAR_16K])]


async def test_what_is_not_ready_is_tried_again_ever_more_rarely() -> None:
    dialogs, cache = Dialogs(away=1), Cache(from_time=8)
    parts = warming(cache)
    parts.keep(client(dialogs))
    await asyncio.sleep(3600)
    pauses = [later - earlier for earlier, later in zip(dialogs.asked_at, dialogs.asked_at[1:], strict=False)]
    assert pauses == pytest.approx([AGAIN_S, 10, 20, 40, 80, 160, LAST_AGAIN_S, LAST_AGAIN_S])
    assert len(cache.wanted) == 8, "and no more once all are ready"
    await parts.close()


async def test_what_was_begun_for_the_dialogs_before_is_given_up() -> None:
    before, now = Dialogs(away=100), Dialogs()
    parts = warming(Cache())
    parts.keep(client(before))
    await asyncio.sleep(1)
    parts.keep(client(now))
    await asyncio.sleep(3600)
    assert (len(before.asked_at), len(now.asked_at)) == (1, 1)
    await parts.close()
