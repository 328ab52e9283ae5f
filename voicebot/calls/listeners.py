"""Who listens in to a call that runs: each gets the audio of both sides as it is on the leg, and is heard by nobody.

It costs nothing while nobody listens. While the recording of the call is paused, a secret is being said: then nobody
hears anything. Who does not take the audio in time loses the oldest of it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from enum import IntEnum
from typing import Final, NamedTuple

FRAMES: Final = 5
"""Of 20 ms, that are handed out at a time."""
MOST_WAITING: Final = 40
"""Pieces of one side (4 s for both) that a listener may leave waiting."""


class Side(IntEnum):
    """Whose voice it is."""

    CALLER = 0
    BOT = 1


class Piece(NamedTuple):
    """Up to ``FRAMES`` frames of one side, in the leg's format."""

    side: Side
    audio: bytes


class Listener:
    """One of them. Made by :meth:`Listeners.join`."""

    def __init__(self) -> None:
        self._gathering: tuple[list[bytes], list[bytes]] = ([], [])
        self._waiting: deque[Piece] = deque(maxlen=MOST_WAITING)
        self._news = asyncio.Event()
        self._over = False

    def take(self, side: Side, frame: bytes) -> None:
        frames = self._gathering[side]
        frames.append(frame)
        if len(frames) >= FRAMES:
            self._waiting.append(Piece(side, b"".join(frames)))
            frames.clear()
            self._news.set()

    def end(self) -> None:
        self._over = True
        self._news.set()

    async def pieces(self, within_s: float) -> list[Piece] | None:
        """What has come; none after ``within_s`` seconds without anything; None: the call is over."""
        try:
            async with asyncio.timeout(within_s):
                await self._news.wait()
        except TimeoutError:
            return []
        self._news.clear()
        pieces = list(self._waiting)
        self._waiting.clear()
        if self._over:
            self._news.set()
        return None if self._over and not pieces else pieces


class Listeners:
    """Of one call. ``private()``: whether a secret is being said now."""

    def __init__(self, private: Callable[[], bool]) -> None:
        self._private = private
        self._listening: list[Listener] = []
        self._over = False

    def __len__(self) -> int:
        return len(self._listening)

    def join(self) -> Listener:
        """Somebody begins to listen; :meth:`leave` for each."""
        self._listening.append(listener := Listener())
        if self._over:
            listener.end()
        return listener

    def leave(self, listener: Listener) -> None:
        self._listening.remove(listener)

    def hear(self, side: Side, frame: bytes) -> None:
        """20 ms of one side."""
        if not self._private():
            for listener in self._listening:
                listener.take(side, frame)

    def end(self) -> None:
        """The call is over."""
        self._over = True
        for listener in self._listening:
            listener.end()
