"""A prompt that is being synthesised, and who may be served first."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from enum import IntEnum
from typing import Final

from voicebot.speechsdk.endpoint import SpeechUnavailable

MOST_SOON: Final = 2
"""How many prompts that will probably be needed soon are rendered at the same time."""


class Urgency(IntEnum):
    """How soon a prompt is needed."""

    PERHAPS = 0
    """It may be needed: rendered when nothing else is, one at a time."""
    SOON = 1
    """A call will probably need it within a second: begun when no call waits for speech."""
    NOW = 2
    """A call waits for it."""


class Rendering:
    """A prompt that is being synthesised, for all calls that need it, and for those that may.

    ``in_memory``, ``on_disk``: where it is kept when it is complete. ``holders``: how many calls hold it because they
    may need it; ``readers``: how many get its pieces.
    """

    def __init__(self, urgency: Urgency, *, in_memory: bool, on_disk: bool) -> None:
        self.urgency = urgency
        self.in_memory = in_memory
        self.on_disk = on_disk
        self.parts: list[bytes] = []
        self.begun = False
        self.spliced = False
        self.holders = 0
        self.readers = 0
        self._ended = False
        self._error: SpeechUnavailable | None = None
        self._news = asyncio.Event()

    @property
    def complete(self) -> bool:
        """Whether all of it is there, without a splice."""
        return self._ended and self._error is None and not self.spliced

    @property
    def wanted(self) -> bool:
        """Whether it is worth going on with: somebody needs it, or may; or what was begun will be kept."""
        return bool(self.holders or self.readers or (self.begun and self.in_memory))

    def add(self, piece: bytes) -> None:
        self.parts.append(piece)
        self._announce()

    def splice(self) -> None:
        self.spliced = True

    def end(self, error: SpeechUnavailable | None) -> None:
        if not self._ended:
            self._ended, self._error = True, error
            self._announce()

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """Its pieces, as they come. Raises :class:`SpeechUnavailable` where the rendering fails."""
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

    def _announce(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()


class Precedence:
    """Which rendering may begin. What a call waits for begins at once; everything else gives way to it."""

    def __init__(self) -> None:
        self._calls = 0
        """How many calls get speech that is being rendered ..."""
        self._silent = 0
        """... and how many of them have got none yet."""
        self._waiting: list[Rendering] = []
        self._soon = 0
        self._perhaps = False
        self._news = asyncio.Event()

    @contextlib.contextmanager
    def call(self) -> Iterator[Callable[[], None]]:
        """A call gets speech that is being rendered. What it is given is to be called when the first audio has come."""
        waits = True

        def heard() -> None:
            nonlocal waits
            if waits:
                waits = False
                self._silent -= 1
                self.changed()

        self._calls += 1
        self._silent += 1
        try:
            yield heard
        finally:
            heard()
            self._calls -= 1
            self.changed()

    @contextlib.asynccontextmanager
    async def turn(self, rendering: Rendering) -> AsyncIterator[None]:
        """Wait until ``rendering``, whose urgency may grow meanwhile, may begin."""
        self._waiting.append(rendering)
        try:
            await self._until(lambda: self._admits(rendering.urgency))
        finally:
            self._waiting.remove(rendering)
        soon, perhaps = rendering.urgency is Urgency.SOON, rendering.urgency is Urgency.PERHAPS
        self._soon += soon
        self._perhaps |= perhaps
        try:
            yield
        finally:
            self._soon -= soon
            self._perhaps &= not perhaps
            self.changed()

    @contextlib.asynccontextmanager
    async def some_day(self, patience_s: float) -> AsyncIterator[None]:
        """Wait until something may be rendered that no running call needs. It gives way as what a call may need does,
        but for ``patience_s`` at most: there may be no end of calls."""
        await self._until(lambda: not self._perhaps)
        self._perhaps = True
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(patience_s):
                    await self._until(self._nobody_waits)
            yield
        finally:
            self._perhaps = False
            self.changed()

    def changed(self) -> None:
        """Something has changed by which another rendering may begin."""
        news, self._news = self._news, asyncio.Event()
        news.set()

    def _admits(self, urgency: Urgency) -> bool:
        match urgency:
            case Urgency.NOW:
                return True
            case Urgency.SOON:
                return not self._silent and self._soon < MOST_SOON
        return self._nobody_waits() and not self._perhaps

    def _nobody_waits(self) -> bool:
        waits = any(rendering.urgency > Urgency.PERHAPS for rendering in self._waiting)
        return not (self._calls or self._soon or waits)

    async def _until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            await self._news.wait()
