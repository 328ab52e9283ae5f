"""How often somebody may come: a token bucket for each source. Pure; the time is passed in."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

MOST_SOURCES = 10_000
"""How many are remembered, for each purpose; who was heard least recently is forgotten."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A token bucket: it holds ``burst`` tokens and is refilled with ``per_s`` a second; a request takes one."""

    per_s: float
    burst: float


class RateLimiter:
    """A token bucket for each source and kind of request, in a bounded table: the least recently used is forgotten.

    ``rates``: by kind; that of ``other`` is for all kinds that it does not name.
    """

    def __init__(self, rates: Mapping[str, Rate], *, sources: int = MOST_SOURCES) -> None:
        self._rates = rates
        self._bound = sources
        self._buckets: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, source: str, kind: str, now: float, factor: float = 1.0) -> bool:
        """Take a token. False: there is none left."""
        key, tokens = self._tokens(source, kind, now, factor)
        taken = tokens >= 1.0
        self._buckets[key] = (tokens - taken, now)
        self._buckets.move_to_end(key)
        if len(self._buckets) > self._bound:
            self._buckets.popitem(last=False)
        return taken

    def is_empty(self, source: str, kind: str, now: float, factor: float = 1.0) -> bool:
        """Whether there is no token left."""
        return self._tokens(source, kind, now, factor)[1] < 1.0

    def _tokens(self, source: str, kind: str, now: float, factor: float) -> tuple[tuple[str, str], float]:
        kind = kind if kind in self._rates else "other"
        full = self._rates[kind].burst * factor
        tokens, at = self._buckets.get((source, kind), (full, now))
        return (source, kind), min(full, tokens + (now - at) * self._rates[kind].per_s * factor)
