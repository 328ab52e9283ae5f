"""What only a collection of garbage would free."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from weakref import ProxyTypes


@contextmanager
def uncollected() -> Iterator[Counter[str]]:
    """Collects nothing in the block. At its end, it has counted the objects of ours that have been left in circles."""
    found: Counter[str] = Counter()
    gc.collect()
    gc.disable()
    try:
        yield found
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        found.update(name for name in map(_name, gc.garbage) if name.startswith("voicebot."))
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


def _name(found: object) -> str:
    """Of a function, a frame or a class."""
    if isinstance(found, ProxyTypes):  # what it stands for may be gone
        return "weakref.proxy"
    if isinstance(found, FrameType):
        return f"{found.f_globals['__name__']}.{found.f_code.co_name}:{found.f_lineno}"
    named = found if hasattr(found, "__qualname__") and hasattr(found, "__module__") else type(found)
    return f"{named.__module__}.{named.__qualname__}"  # type: ignore[attr-defined]
