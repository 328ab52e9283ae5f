"""One press that is sent in two ways counts once. Pure.

Phones and gateways can be set to send keys as telephone events and also by INFO, or leave the tones in the audio. Which
of them comes first differs, by seconds if the INFO was sent again, or when the key was released. So each press takes
the place of an earlier one of the same key that came in other ways only.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final, Literal

WINDOW_S: Final = 5.0
"""The longest time between the first and the last report of one press."""

Way = Literal["media", "info", "events", "tones"]

_REMEMBERED: Final = 32


@dataclass(slots=True)
class _Press:
    key: str
    at: float
    ways: set[Way]


class DoubledKeys:
    """The latest presses of one call, and the ways in which they came."""

    __slots__ = ("_presses",)

    def __init__(self) -> None:
        self._presses: deque[_Press] = deque(maxlen=_REMEMBERED)

    def is_new(self, key: str, way: Way, at: float) -> bool:
        """Whether this is a press that was not reported before. ``at``: seconds."""
        presses = self._presses
        while presses and at - presses[0].at > WINDOW_S:
            presses.popleft()
        for press in presses:
            if press.key == key and way not in press.ways:
                press.ways.add(way)
                return False
        presses.append(_Press(key, at, {way}))
        return True
