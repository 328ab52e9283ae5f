"""How the interpreter and the heap of the process that carries calls are set: for packets that leave in time, and for
little memory."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import gc
import sys
from collections.abc import Callable, Mapping
from typing import Any, Final

from voicebot import garbage

SWITCH_S: Final = 0.0005
"""How long a thread that computes, to write a record for instance, keeps the interpreter from the event loop each time
that this has waited for a socket. By default it is 5 ms: the packets of all calls would be so late, several times a
second at a hundred calls."""
ARENAS: Final = 2
"""Threads are few here, and compute little: by default, glibc gives eight heaps a core to those that allocate at the
same time, and none of them shrinks."""
COLLECT: Final = (700, 10, 200)
"""For :func:`gc.set_threshold`: all is looked at after some thousand calls without a pause. Calls that are over leave
nothing to collect, and to look at those that run keeps their packets: for 25 ms, where there are a hundred."""
PAUSE_AFTER: Final = 100
"""So many calls, all is looked at when none runs."""
_M_ARENA_MAX: Final = -8


def prepare() -> None:
    """To be called first of all, before there are threads."""
    sys.setswitchinterval(SWITCH_S)
    with contextlib.suppress(AttributeError):  # not glibc
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, ARENAS)


def settle() -> None:
    """All is there that lives as long as the process, and is left out of collections, which would delay the media
    clock."""
    garbage.settle(COLLECT)


class Pauses:
    """Collects garbage where no packet waits for it. ``running()``: how many calls there are."""

    def __init__(self, running: Callable[[], int]) -> None:
        self._running = running
        self._over = 0

    def call_ended(self, _record: Mapping[str, Any]) -> None:
        """A call is over."""
        self._over += 1
        if self._over >= PAUSE_AFTER and not self._running():
            self._over = 0
            asyncio.get_running_loop().call_soon(gc.collect)
