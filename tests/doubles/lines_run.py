"""How much work something is, in lines of Python executed: the same figure on every machine, however busy it is."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType


def lines_run(work: Callable[[], object], *expected: type[Exception]) -> int:
    """The lines that ``work`` runs through, in all functions, until it returns or raises what is ``expected``.

    What C code does within one line (a regular expression, an XML parser) is not seen.
    """
    count = 0

    def trace(frame: FrameType, event: str, _argument: object) -> object:
        return line if event == "call" else None

    def line(frame: FrameType, event: str, _argument: object) -> None:  # None: it goes on for this frame
        nonlocal count
        if event == "line":
            count += 1

    before = sys.gettrace()
    sys.settrace(trace)  # type: ignore[arg-type]
    try:
        work()
    except expected:
        pass
    finally:
        sys.settrace(before)
    return count
