"""The tables of what callers say (``cases_*.yaml`` and others), and whether each is understood.

A table holds ``[said, meant]`` by kind; "-" means that nothing should be understood. What is misunderstood and known to
be stays in the table as ``{say, means, known: wrong}`` and counts as wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from voicebot.authoring.understanding import Understanding, for_language

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Case:
    table: str
    language: str
    kind: str
    said: str
    meant: str
    known_wrong: bool
    got: str

    @property
    def right(self) -> bool:
        return self.got == self.meant


def tables(pattern: str = "*.yaml") -> list[Path]:
    return sorted(HERE.glob(pattern))


def first_run(table: Path) -> tuple[int, int] | None:
    """How many of a held-out table were right, of how many, before anything was mended because of it."""
    data = yaml.load(table.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    right, _, of = data.get("first_run", "").partition(" of ")
    return (int(right), int(of)) if of else None


def cases(table: Path) -> Iterator[Case]:
    data = yaml.load(table.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    understanding = for_language(data["language"])
    for kind, entries in data["cases"].items():
        for entry in entries:
            said, meant = entry if isinstance(entry, list) else (entry["say"], entry["means"])
            known_wrong = isinstance(entry, dict) and entry.get("known") == "wrong"
            got = _written(_understood(understanding, kind, said, data))
            yield Case(table.stem, data["language"], kind, said, meant, known_wrong, got)


def _understood(understanding: Understanding, kind: str, said: str, data: dict[str, Any]) -> object:
    name, *parameter = kind.split(" of ")
    match name:
        case "digits":
            return understanding.digits(said, int(parameter[0]) if parameter else None)
        case "choice":
            return understanding.choice(said, data["options"], data.get("keys"))
        case "money":
            return understanding.money(said, data.get("currency", "USD"))
        case "date":
            return understanding.date(said, date.fromisoformat(data["today"]))
        case "birthday":
            return understanding.date(said, date.fromisoformat(data["today"]), past=True)
        case "time_of_day":
            time = understanding.time_of_day(said)
            return None if time is None else time.strftime("%H:%M")
        case "global":
            return understanding.asks_for(said)
        case _:
            return getattr(understanding, name)(said)


def _written(value: object) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case Decimal():
            return format(value, "f")
        case date():
            return value.isoformat()
        case _:
            return str(value)
