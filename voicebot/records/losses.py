"""What of calls could not be kept, for whoever runs the service: a full disk ends no call, but must be noticed."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Iterator


class Losses:
    """``counts``: by what it was (``record``, ``recording``). ``now``: why, as long as the last try has failed."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter({"record": 0, "recording": 0})
        self.now: dict[str, str] = {}

    @contextlib.contextmanager
    def watch(self, what: str) -> Iterator[None]:
        """Around the writing of ``what``: notes how that ended, and raises what it raises."""
        try:
            yield
        except (OSError, asyncio.CancelledError) as error:
            self.counts[what] += 1
            self.now[what] = str(error) or "the disk does not answer"
            raise
        self.now.pop(what, None)
