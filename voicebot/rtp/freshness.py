"""Which RTP packets under one SRTP key can be no replay: those whose timestamp was never seen. Pure.

The replay window of RFC 3711 goes by sequence number. Some phones and servers begin with another number after a hold,
while key and SSRC stay the same; to the window, all that they send then is old. Their timestamps tell: a packet whose
timestamp lies outside of all that was seen, and which is authentic, was made after it.
"""

from __future__ import annotations

from typing import Final

_CIRCLE: Final = 1 << 32
_NEAR: Final = 60 * 48_000
"""A jump of the timestamp by more than this, a minute of Opus, begins a new range."""
_BEFORE: Final = _NEAR
"""How much before the first timestamp of a range counts as seen: what was sent before anything was received."""
_MAX_RANGES: Final = 32


class SeenTimestamps:
    """The ranges of timestamps that were seen, each of one SSRC. With too many of them, nothing is fresh any more."""

    __slots__ = ("_first", "_last", "_past", "_ssrc", "_used")

    def __init__(self) -> None:
        self._ssrc: int | None = None  # of the current range
        self._first = self._last = 0
        self._past: list[tuple[int, int, int]] = []  # SSRC, first timestamp, length
        self._used = 0  # how many of the past ranges were closed before the last restart

    @property
    def restarted(self) -> bool:
        return self._used > 0

    def note(self, ssrc: int, timestamp: int) -> None:
        """An authentic packet has come."""
        if ssrc == self._ssrc:
            length = (self._last - self._first) % _CIRCLE
            offset = (timestamp - self._first) % _CIRCLE
            if offset <= length:
                return
            if offset - length <= _NEAR:
                self._last = timestamp
                return
        self._close()
        self._ssrc, self._first, self._last = ssrc, (timestamp - _BEFORE) % _CIRCLE, timestamp

    def is_fresh(self, ssrc: int, timestamp: int) -> bool:
        """Whether no packet with this timestamp was seen, but others of this SSRC were."""
        ranges = [*self._past, self._current()]
        known = any(ssrc == other for other, _, _ in ranges)
        return known and len(ranges) < _MAX_RANGES and not _within(ranges, ssrc, timestamp)

    def restart(self) -> None:
        """The sequence numbers begin anew: from now on, all that was seen so far :meth:`is_used`."""
        self._close()
        self._ssrc = None
        self._used = len(self._past)

    def is_used(self, ssrc: int, timestamp: int) -> bool:
        """Whether a packet with this timestamp may have been seen before the last restart."""
        return _within(self._past[: self._used], ssrc, timestamp)

    def _current(self) -> tuple[int, int, int]:
        return (self._ssrc if self._ssrc is not None else -1, self._first, (self._last - self._first) % _CIRCLE)

    def _close(self) -> None:
        if self._ssrc is not None and len(self._past) < _MAX_RANGES:
            self._past.append(self._current())


def _within(ranges: list[tuple[int, int, int]], ssrc: int, timestamp: int) -> bool:
    return any(ssrc == other and (timestamp - first) % _CIRCLE <= length for other, first, length in ranges)
