"""The prompt cache: prompts that are said often are synthesised once and kept.

A prompt is looked up in memory, then on disk, and otherwise synthesised by the pool. Complete results are stored, but
not if the pool had to begin again in the middle: the splice may be audible. The calling code decides where, because a
file outlives the call:

    ``cache=True``   a fixed prompt of the dialog: in memory and on disk
    ``cache=False``  personal: nowhere
    ``cache=None``   (default) in memory, but only if the text has no digit: numbers usually belong to one caller, and
                     are rarely said twice

Prompts that are rendered ahead give way to calls: one is rendered at a time, and none is begun while a call waits for
speech, so a call has at most one of them before it.

Files are written and read off the event loop, appear complete or not at all, and have a digest (a damaged file is
deleted). If they take too much space, the least recently used are deleted.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import logging
import os
import re
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from voicebot.audio import FORMATS
from voicebot.private_files import whole_file
from voicebot.speech.synthesizer import Speech
from voicebot.speech_markup import plain_text
from voicebot.speechsdk.endpoint import SpeechUnavailable
from voicebot.tasks import BackgroundTasks

log = logging.getLogger(__name__)

FORMAT: Final = 1
_MAGIC: Final = b"VBPROMPT"
_SUFFIXES: Final = {audio.suffix for audio in FORMATS}
GIVE_WAY_S: Final = 5.0
"""How long the next prompt of those rendered ahead waits for calls. There may be no end of them."""


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
        self._disk = _Disk(directory, disk_bytes) if directory is not None else None
        self._renderings: dict[str, _Rendering] = {}
        self._tasks = BackgroundTasks(log)
        self._ahead = asyncio.Lock()
        self._calls = 0
        """How many calls wait for speech that is being rendered."""
        self._no_call = asyncio.Event()
        self.statistics = PromptStatistics()

    def ready(self, speech: Speech) -> bytes | None:
        """The whole prompt if it is in memory now."""
        return self._recall(prompt_key(speech))

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
        with self._call_waits():
            async with aclosing(self._rendered(key, speech, cache)) as pieces:
                async for piece in pieces:
                    yield piece

    async def _rendered(self, key: str, speech: Speech, cache: bool | None) -> AsyncGenerator[bytes, None]:
        in_memory, on_disk = self._places(speech, cache)
        if not in_memory and not on_disk:
            self.statistics.rendered += 1
            async with aclosing(self._pool.stream(speech, on_splice=lambda: None)) as pieces:
                async for piece in pieces:
                    yield piece
            return
        rendering = self._renderings.get(key)
        if rendering is None:
            rendering = self._renderings[key] = _Rendering()
            self._tasks.spawn(self._render(key, speech, rendering, on_disk), "rendering a prompt")
        else:
            self.statistics.shared += 1
            rendering.on_disk |= on_disk
        async with aclosing(rendering.pieces()) as pieces:
            async for piece in pieces:
                yield piece

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
        async with self._ahead:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(GIVE_WAY_S):
                    while self._calls:
                        self._no_call.clear()
                        await self._no_call.wait()
            if self.ready(speech) is not None:  # a call has had it rendered
                return
            async with aclosing(self._rendered(prompt_key(speech), speech, True)) as pieces:
                async for _ in pieces:
                    pass

    @contextlib.contextmanager
    def _call_waits(self) -> Iterator[None]:
        self._calls += 1
        try:
            yield
        finally:
            self._calls -= 1
            if not self._calls:
                self._no_call.set()

    async def close(self) -> None:
        """Stop what is being rendered."""
        await self._tasks.close()

    def _places(self, speech: Speech, cache: bool | None) -> tuple[bool, bool]:
        if cache is None:
            personal = re.search(r"\d", plain_text(speech.text)) is not None
            return not personal, False
        return cache, cache and self._disk is not None

    def _recall(self, key: str) -> bytes | None:
        held = self._memory.get(key)
        if held is not None:
            self._memory.move_to_end(key)
        return held

    def _remember(self, key: str, audio: bytes) -> None:
        if not audio or len(audio) > self._memory_limit:
            return
        self.statistics.memory_bytes += len(audio) - len(self._memory.pop(key, b""))
        self._memory[key] = audio
        while self.statistics.memory_bytes > self._memory_limit:
            self.statistics.memory_bytes -= len(self._memory.popitem(last=False)[1])

    async def _render(self, key: str, speech: Speech, rendering: _Rendering, on_disk: bool) -> None:
        rendering.on_disk = on_disk
        try:
            stored = await self._load(key, speech) if on_disk else None
            if stored is not None:
                self.statistics.disk_hits += 1
                rendering.add(stored)
            else:
                async with aclosing(self._pool.stream(speech, on_splice=rendering.splice)) as pieces:
                    async for piece in pieces:
                        rendering.add(piece)
                self.statistics.rendered += 1
            rendering.end(None)
            del self._renderings[key]
            if rendering.spliced:
                log.info("a prompt that was broken off is not cached; it is rendered anew when it is wanted again")
                return
            audio = b"".join(rendering.parts)
            self._remember(key, audio)
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

    async def _load(self, key: str, speech: Speech) -> bytes | None:
        assert self._disk is not None
        try:
            return await asyncio.to_thread(self._disk.load, _file(key, speech))
        except _Damaged:
            self.statistics.damaged += 1
            log.warning("a damaged prompt file was removed")
            return None


def _file(key: str, speech: Speech) -> str:
    return key + speech.audio.suffix


class _Rendering:
    """A prompt that is being synthesised, for all calls that need it."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.on_disk = False
        self.spliced = False
        self._ended = False
        self._error: SpeechUnavailable | None = None
        self._news = asyncio.Event()

    def add(self, piece: bytes) -> None:
        self.parts.append(piece)
        self._announce()

    def splice(self) -> None:
        self.spliced = True

    def end(self, error: SpeechUnavailable | None) -> None:
        if not self._ended:
            self._ended, self._error = True, error
            self._announce()

    def _announce(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        position = 0
        while True:
            while position < len(self.parts):
                position += 1
                yield self.parts[position - 1]
            if self._ended:
                if self._error is not None:
                    raise SpeechUnavailable(self._error.reason, permanent=self._error.permanent)
                return
            await self._news.wait()


class _Damaged(Exception):
    pass


class _Disk:
    """The files of the cache. Blocking; used from worker threads."""

    def __init__(self, directory: Path, limit: int) -> None:
        self._directory = directory
        self._limit = limit

    def load(self, name: str) -> bytes | None:
        path = self._directory / name
        try:
            data = path.read_bytes()
        except OSError:
            return None
        head = len(_MAGIC) + 32
        audio = data[head:]
        if not audio or data[:head] != _MAGIC + hashlib.sha256(audio).digest():
            path.unlink(missing_ok=True)
            raise _Damaged
        os.utime(path)  # the time of use, for `_evict`
        return audio

    def store(self, name: str, audio: bytes) -> int:
        """Write atomically, then make room; returns the bytes now held. A full or read-only disk is logged, no more."""
        try:
            with whole_file(self._directory / name) as file:
                file.write(_MAGIC + hashlib.sha256(audio).digest() + audio)
            return self._evict()
        except OSError as error:
            log.warning("prompt not stored on disk: %s", error)
            return 0

    def _evict(self) -> int:
        files = []
        for path in self._directory.iterdir():
            if path.suffix in _SUFFIXES:
                try:
                    status = path.stat()
                except OSError:
                    continue
                files.append((status.st_mtime, status.st_size, path))
        held = sum(size for _, size, _ in files)
        for _, size, path in sorted(files):
            if held <= self._limit:
                break
            path.unlink(missing_ok=True)
            held -= size
        return held
