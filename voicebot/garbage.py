"""When a process that serves for long collects garbage: seldom, and without looking at what it was started with.

A collection stops all threads for as long as it looks: a full one, over the modules and models of a process, for 50 ms
and more, in the midst of somebody's words.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
from typing import Final

SERVING: Final = (5_000, 10, 20)
"""For :func:`gc.set_threshold`: what is new is looked at after so many objects more than before, not after 700, which
is a message or two."""


def settle(thresholds: tuple[int, int, int] = SERVING) -> None:
    """All is there that lives as long as the process. It is left out of collections from now on, and what only the
    start has needed goes back to the system.

    The second collection leaves nothing, so that the next full ones come with what is made by serving, and not when a
    quarter of the whole process more is to be looked at.
    """
    gc.collect()
    gc.freeze()
    gc.collect()
    gc.set_threshold(*thresholds)
    with contextlib.suppress(AttributeError):  # not glibc
        ctypes.CDLL(None).malloc_trim(0)
