"""What the processor can do."""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from pathlib import Path


@cache
def multiplies_bytes() -> bool:
    """Whether it sums products of unsigned with signed bytes as they are (VNNI). Others add two in 16 bits, where large
    ones do not fit, so that bytes have to be turned to larger numbers first."""
    with suppress(OSError):
        return "_vnni" in Path("/proc/cpuinfo").read_text(encoding="utf-8")
    return False
