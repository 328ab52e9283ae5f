"""The timeline of a call's record, with every event in the order in which it happened, and the record's clock."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from voicebot.address import Address
from voicebot.events import Alternative, Event

MAX_TIMELINE = 5_000
MAX_TEXT = 4_000
MAX_PARTS = 100
"""How many items of an event's list are recorded."""
_BY_NAME = frozenset({"variables"})
"""Fields with texts by name."""
_TIME_FIELDS = frozenset({"onset", "offset", "start", "end"})


class RecordClock:
    """Converts times on the loop's clock to those of the record, which begins with the call.

    ``started_at_wall`` (with a time zone) and ``started_at`` (on the loop's clock) are the same moment. Raises
    ValueError without a time zone.
    """

    def __init__(self, started_at_wall: datetime, started_at: float) -> None:
        if started_at_wall.tzinfo is None:
            raise ValueError("started_at_wall must have a time zone")
        self.start = started_at
        self._wall = started_at_wall

    def ms(self, at: float | None) -> float | None:
        """Milliseconds since the start."""
        return None if at is None else round((at - self.start) * 1000, 1)

    def iso(self, at: float | None) -> str | None:
        """The time of day (ISO 8601, UTC)."""
        if at is None:
            return None
        wall = self._wall + timedelta(seconds=at - self.start)
        return wall.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Timeline:
    """Lines of ``{"at_ms", "event", ...}``. Beyond :data:`MAX_TIMELINE` lines, events are only counted, by name.

    ``on_line`` is called after each line that is added.
    """

    def __init__(self, clock: RecordClock) -> None:
        self.on_line: Callable[[], None] = lambda: None
        self._clock = clock
        self.lines: list[dict[str, Any]] = []
        self.dropped: Counter[str] = Counter()

    def note(self, event: Event) -> None:
        """Add a line for ``event``, with all its fields."""
        self.add(event.at, _snake(type(event).__name__), self._fields(event))

    def add(self, at: float, name: str, fields: dict[str, Any]) -> None:
        """Add a line for something that is not an event."""
        if len(self.lines) >= MAX_TIMELINE:
            self.dropped[name] += 1
            return
        self.lines.append({"at_ms": self._clock.ms(at), "event": name, **fields})
        self.on_line()

    def _fields(self, event: Event) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for item in dataclasses.fields(event):
            value = getattr(event, item.name)
            if item.name == "at":
                continue
            if item.name in _TIME_FIELDS:
                out[f"{item.name}_ms"] = self._clock.ms(value)
            elif isinstance(value, str | Address):
                out[item.name] = clip(str(value))
            elif isinstance(value, bool | int | float) or value is None:
                out[item.name] = value
            elif item.name in _BY_NAME:
                out[item.name] = {name: text if text is None else clip(text) for name, text in value.items()}
            elif isinstance(value, tuple):
                out[item.name] = [clip(_shown(part)) for part in value[:MAX_PARTS]]
        return out


def _shown(part: object) -> str:
    return part.text if isinstance(part, Alternative) else str(part)


def clip(text: str) -> str:
    """``text``, shortened to :data:`MAX_TEXT` characters with an ellipsis at the end."""
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
