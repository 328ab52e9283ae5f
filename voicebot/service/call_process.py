"""How the interpreter and the heap of the process that carries calls are set: for packets that leave in time, and for
little memory."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import sys
from typing import Final

SWITCH_S: Final = 0.0005
"""How long a thread that computes, to write a record for instance, keeps the interpreter from the event loop each time
that this has waited for a socket. By default it is 5 ms: the packets of all calls would be so late, several times a
second at a hundred calls."""
ARENAS: Final = 2
"""Threads are few here, and compute little: by default, glibc gives eight heaps a core to those that allocate at the
same time, and none of them shrinks."""
COLLECT: Final = (700, 10, 4)
"""For :func:`gc.set_threshold`: by default, all is looked at when what some 250 calls have left is there, 60 MB, which
keeps the packets of a hundred calls for a quarter of a second. So it is after 110 calls."""
_M_ARENA_MAX: Final = -8


def prepare() -> None:
    """To be called first of all, before there are threads."""
    sys.setswitchinterval(SWITCH_S)
    with contextlib.suppress(AttributeError):  # not glibc
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, ARENAS)


def settle() -> None:
    """All is there that lives as long as the process. It is left out of collections, which would delay the media
    clock, and what only the start has needed goes back to the system.

    Objects of calls refer to each other, so that only full collections find those of calls that have ended. There is
    one when a quarter more objects have lasted than the last one has left: the second one here leaves none, so that
    they come with the calls, often and short, instead of when a quarter of the whole process more is to be looked at.
    """
    gc.collect()
    gc.freeze()
    gc.collect()
    gc.set_threshold(*COLLECT)
    with contextlib.suppress(AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
