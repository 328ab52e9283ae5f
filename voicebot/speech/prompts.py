"""The prompt cache: prompts that are said often are synthesised once and kept.

A prompt is looked up in memory, then on disk, and otherwise synthesised by the pool. Complete results are stored, but
not if the pool had to begin again in the middle: the splice may be audible. The calling code decides where, because a
file outlives the call:

    ``cache=True``   a fixed prompt of the dialog: in memory and on disk
    ``cache=False``  personal: nowhere
    ``cache=None``   (default) in memory, but only if the text has no digit: numbers usually belong to one caller, and
                     are rarely said twice

A call may have prompts rendered ahead that it will perhaps say (:meth:`PromptCache.prepare`). It holds them until it
releases them, personal ones too, and finds them ready, or half ready, when it says them. What is rendered ahead gives
way to what calls wait for (:class:`~voicebot.speech.rendering.Precedence`): of the prompts of new dialogs, one is
rendered at a time, and none is begun while a call gets speech, so a call has at most one of them before it.

Files are written and read off the event loop, appear complete or not at all, and have a digest (a damaged file is
deleted). If they take too much space, the least recently used are deleted.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import re
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from voicebot.speech.leading_silence import without_leading_silence
from voicebot.speech.prompt_files import PromptDamaged, PromptFiles
from voicebot.speech.rendering import Precedence, Rendering, Urgency
from voicebot.speech.synthesizer import Speech
from voicebot.speech_markup import plain_text
from voicebot.speechsdk.endpoint import SpeechUnavailable
from voicebot.tasks import BackgroundTasks

log = logging.getLogger(__name__)

FORMAT: Final = 2
GIVE_WAY_S: Final = 5.0
"""How long the next prompt of those of new dialogs waits for calls. There may be no end of them."""
MOST_HELD: Final = 16 * 1024 * 1024
"""Bytes of prompts that calls hold because they may say them; beyond that, no more are rendered for this."""


class Renderer(Protocol):
    """What synthesises: a :class:`~voicebot.speech.synthesizer.SynthesizerPool`, or a double of it."""

    def stream(self, speech: Speech, *, on_splice: Callable[[], None]) -> AsyncGenerator[bytes, None]: ...


@dataclass(slots=True)
class PromptStatistics:
    """Counts since the start; bytes are those in use now."""

    memory_hits: int = 0
    disk_hits: int = 0
    shared: int = 0
    rendered: int = 0
    failed: int = 0
    damaged: int = 0
    memory_bytes: int = 0
    disk_bytes: int = 0


def prompt_key(speech: Speech) -> str:
    """The cache key of ``speech``: a SHA-256 of everything that changes the sound."""
    parts = [FORMAT, speech.audio.name, speech.language, speech.voice, speech.text]
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode("utf-8", "surrogatepass")).hexdigest()


class HeldPrompt:
    """A prompt that is rendered because a call may say it. Its owner releases it, once."""

    def __init__(self, speech: Speech, release: Callable[[], None]) -> None:
        self.speech = speech
        self.release = release


class PromptCache:
    """Prompts from memory, disk or the pool. ``directory``: None for no files. The sizes are limits in bytes."""

    def __init__(
        self,
        pool: Renderer,
        *,
        memory_bytes: int,
        directory: Path | None,
        disk_bytes: int = 256 * 1024 * 1024,
    ) -> None:
        self._pool = pool
        self._memory: OrderedDict[str, bytes] = OrderedDict()
        self._memory_limit = memory_bytes
        self._disk = PromptFiles(directory, disk_bytes) if directory is not None else None
        self._renderings: dict[str, Rendering] = {}
        self._running: dict[Rendering, asyncio.Task[None]] = {}
        self._held: dict[str, Rendering] = {}
        """Complete prompts that calls hold."""
        self._held_bytes = 0
        self._tasks = BackgroundTasks(log)
        self._precedence = Precedence()
        self.statistics = PromptStatistics()

    def ready(self, speech: Speech) -> bytes | None:
        """The whole prompt if it is in memory now."""
        return self._recall(prompt_key(speech))

    def prepare(self, speech: Speech, urgency: Urgency) -> HeldPrompt | None:
        """Have ``speech`` rendered, because a call may say it; None if it is in memory, or there is no more room.

        What is given is the caller's to release.
        """
        key = prompt_key(speech)
        rendering = self._renderings.get(key) or self._held.get(key)
        if rendering is None:
            if key in self._memory or self._held_bytes > MOST_HELD:
                return None
            in_memory, _ = self._places(speech, None)
            rendering = self._begin(key, speech, Rendering(urgency, in_memory=in_memory, on_disk=False))
        self._hurry(rendering, urgency)
        rendering.holders += 1
        return HeldPrompt(speech, lambda: self._release(key, rendering))

    async def stream(self, speech: Speech, *, cache: bool | None = None) -> AsyncGenerator[bytes, None]:
        """Audio of ``speech`` in pieces, as soon as they are available.

        Calls that need the same cacheable prompt at the same time share one rendering, which is finished for the cache
        even if they stop. Raises :class:`~voicebot.speechsdk.endpoint.SpeechUnavailable`.
        """
        key = prompt_key(speech)
        held = self._recall(key)
        if held is not None:
            self.statistics.memory_hits += 1
            yield held
            return
        with self._precedence.call() as heard:
            async with aclosing(self._rendered(key, speech, cache)) as pieces:
                async for piece in pieces:
                    heard()
                    yield piece

    async def _rendered(self, key: str, speech: Speech, cache: bool | None) -> AsyncGenerator[bytes, None]:
        in_memory, on_disk = self._places(speech, cache)
        rendering = self._renderings.get(key)
        if rendering is None:
            if not in_memory and not on_disk:
                self.statistics.rendered += 1
                async with aclosing(self._synthesised(speech, lambda: None)) as pieces:
                    async for piece in pieces:
                        yield piece
                return
            rendering = Rendering(Urgency.NOW, in_memory=in_memory, on_disk=on_disk)
            self._begin(key, speech, rendering)
        else:
            self.statistics.shared += 1
            rendering.in_memory |= in_memory
            rendering.on_disk |= on_disk
            self._hurry(rendering, Urgency.NOW)
        rendering.readers += 1
        try:
            async with aclosing(rendering.pieces()) as pieces:
                async for piece in pieces:
                    yield piece
        finally:
            rendering.readers -= 1
            self._give_up_unwanted(key, rendering)

    async def warm(self, prompts: Iterable[Speech]) -> int:
        """Render and store the fixed ``prompts``, giving way to calls. Returns how many are ready.

        Failures are logged and skipped; if the service is unavailable, so are all prompts after the failed one.
        """
        ready, away = 0, False
        for speech in dict.fromkeys(prompts):
            await asyncio.sleep(0)
            if self.ready(speech) is None:
                if away:
                    continue
                try:
                    await self._render_ahead(speech)
                except SpeechUnavailable as error:
                    log.warning("prompt not rendered (%s): %.60r", error.reason, plain_text(speech.text))
                    away = not error.permanent
                    continue
            ready += 1
        return ready

    async def _render_ahead(self, speech: Speech) -> None:
        async with self._precedence.some_day(GIVE_WAY_S):
            if self.ready(speech) is not None:  # a call has had it rendered
                return
            async with aclosing(self._rendered(prompt_key(speech), speech, True)) as pieces:
                async for _ in pieces:
                    pass

    async def close(self) -> None:
        """Stop what is being rendered."""
        await self._tasks.close()

    def _places(self, speech: Speech, cache: bool | None) -> tuple[bool, bool]:
        if cache is None:
            personal = re.search(r"\d", plain_text(speech.text)) is not None
            return not personal, False
        return cache, cache and self._disk is not None

    def _recall(self, key: str) -> bytes | None:
        kept = self._memory.get(key)
        if kept is not None:
            self._memory.move_to_end(key)
            return kept
        held = self._held.get(key)
        return b"".join(held.parts) if held is not None else None

    def _remember(self, key: str, audio: bytes) -> None:
        if not audio or len(audio) > self._memory_limit:
            return
        self.statistics.memory_bytes += len(audio) - len(self._memory.pop(key, b""))
        self._memory[key] = audio
        while self.statistics.memory_bytes > self._memory_limit:
            self.statistics.memory_bytes -= len(self._memory.popitem(last=False)[1])

    # --- renderings --------------------------------------------------------------------------------------------------

    def _begin(self, key: str, speech: Speech, rendering: Rendering) -> Rendering:
        self._renderings[key] = rendering
        self._running[rendering] = task = self._tasks.spawn(self._render(key, speech, rendering), "rendering a prompt")
        task.add_done_callback(lambda _: self._running.pop(rendering, None))
        return rendering

    def _hurry(self, rendering: Rendering, urgency: Urgency) -> None:
        if urgency > rendering.urgency:
            rendering.urgency = urgency
            self._precedence.changed()

    def _release(self, key: str, rendering: Rendering) -> None:
        """A call does not hold ``rendering`` any more."""
        rendering.holders -= 1
        if not rendering.holders and self._held.get(key) is rendering:
            del self._held[key]
            self._held_bytes -= sum(map(len, rendering.parts))
        self._give_up_unwanted(key, rendering)

    def _give_up_unwanted(self, key: str, rendering: Rendering) -> None:
        task = self._running.get(rendering)
        if task is not None and not rendering.wanted:
            task.cancel()
            if self._renderings.get(key) is rendering:
                del self._renderings[key]

    async def _render(self, key: str, speech: Speech, rendering: Rendering) -> None:
        try:
            async with self._precedence.turn(rendering):
                rendering.begun = True
                stored = await self._load(key, speech) if rendering.on_disk else None
                if stored is not None:
                    self.statistics.disk_hits += 1
                    rendering.add(stored)
                else:
                    async with aclosing(self._synthesised(speech, rendering.splice)) as pieces:
                        async for piece in pieces:
                            rendering.add(piece)
                    self.statistics.rendered += 1
            rendering.end(None)
            del self._renderings[key]
            if rendering.spliced:
                log.info("a prompt that was broken off is not cached; it is rendered anew when it is wanted again")
                return
            audio = b"".join(rendering.parts)
            if rendering.in_memory:
                self._remember(key, audio)
            elif rendering.holders:
                self._held[key] = rendering
                self._held_bytes += len(audio)
            if stored is None and audio and rendering.on_disk and self._disk is not None:
                self.statistics.disk_bytes = await asyncio.to_thread(self._disk.store, _file(key, speech), audio)
        except SpeechUnavailable as error:
            self.statistics.failed += 1
            rendering.end(error)
        except Exception as error:
            log.exception("rendering a prompt failed")
            rendering.end(SpeechUnavailable(str(error)))
        finally:
            if self._renderings.get(key) is rendering:
                del self._renderings[key]
            rendering.end(SpeechUnavailable("the prompt cache is closed"))

    async def _synthesised(self, speech: Speech, on_splice: Callable[[], None]) -> AsyncGenerator[bytes, None]:
        async with (
            aclosing(self._pool.stream(speech, on_splice=on_splice)) as pieces,
            aclosing(without_leading_silence(pieces, speech)) as trimmed,
        ):
            async for piece in trimmed:
                yield piece

    async def _load(self, key: str, speech: Speech) -> bytes | None:
        assert self._disk is not None
        try:
            return await asyncio.to_thread(self._disk.load, _file(key, speech))
        except PromptDamaged:
            self.statistics.damaged += 1
            log.warning("a damaged prompt file was removed")
            return None


def _file(key: str, speech: Speech) -> str:
    return key + speech.audio.suffix
