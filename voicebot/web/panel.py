"""A section of the page of operations (docs/operations.md): the state of one part of the service, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

MAX_LINES: Final = 50


@dataclass(frozen=True, slots=True)
class Panel:
    """``facts``: name and value; ``lines``: preformatted text. ``wrong``: it needs attention. It says how many calls
    there are, but nothing about single ones: viewers see it."""

    title: str
    facts: Sequence[tuple[str, str]] = ()
    lines: Sequence[str] = ()
    wrong: bool = False

    def as_json(self) -> dict[str, Any]:
        lines = list(self.lines[:MAX_LINES])
        if len(self.lines) > MAX_LINES:
            lines.append(f"and {len(self.lines) - MAX_LINES} more")
        return {"title": self.title, "facts": list(self.facts), "lines": lines, "wrong": self.wrong}
