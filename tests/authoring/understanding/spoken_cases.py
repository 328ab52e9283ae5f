"""The tables of what callers say, and whether each is understood.

A table holds ``[said, meant]`` by kind; "-" means that nothing should be understood. Its ``cases`` go to the
understanding of the language. Its ``questions`` are answers to a question whose kind is written as authors write it:
``digits {length: 4}``, ``confirm {digits: {length: 4}}``; its ``options`` are those of ``choice``. There, " | " is a
pause after which the caller goes on, and "keys 12#" are pressed. What is misunderstood and known to be stays in the
table as ``{say, means, known: wrong}`` and counts as wrong.

``first_seen_*`` were written before the code. No test demands that they are understood: they tell what to expect of
callers, and are not to be tuned to. Some kinds in them, such as the commands "wait" and "goodbye", dialogs do not have:
authors add their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from voicebot.authoring.answers.answer import Answered, Reading, Slot
from voicebot.authoring.model import GlobalCommands
from voicebot.authoring.steps.ask import AskStep
from voicebot.authoring.understanding import Understanding, for_language

HERE = Path(__file__).parent
FIRST_SEEN = "first_seen"
NOT_THERE = "(dialogs have no such kind)"

Read = Callable[[str], object]


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

    @property
    def there(self) -> bool:
        """Whether dialogs have this kind of answer."""
        return self.got != NOT_THERE


def tables(pattern: str = "*.yaml") -> list[Path]:
    """Those that have to be understood."""
    return [table for table in sorted(HERE.glob(pattern)) if not table.stem.startswith(FIRST_SEEN)]


def first_seen() -> list[Path]:
    return sorted(HERE.glob(f"{FIRST_SEEN}_*.yaml"))


def first_run(table: Path) -> tuple[int, int] | None:
    """How many of a held-out table were right, of how many, before anything was mended because of it."""
    right, _, of = read(table).get("first_run", "").partition(" of ")
    return (int(right), int(of)) if of else None


def read(table: Path) -> dict[str, Any]:
    """The table as it is written: all values are texts."""
    return yaml.load(table.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)


def rows(entries: list[Any]) -> Iterator[tuple[str, str, bool]]:
    """What is said, what it means, and whether it is known to be misunderstood."""
    for entry in entries:
        said, meant = entry if isinstance(entry, list) else (entry["say"], entry["means"])
        yield said, meant, isinstance(entry, dict) and entry.get("known") == "wrong"


def cases(table: Path) -> Iterator[Case]:
    data = read(table)
    understanding = for_language(data["language"])
    for section, reader in (("cases", _understanding_reads), ("questions", _question_reads)):
        for kind, entries in data.get(section, {}).items():
            understood = reader(understanding, kind, data)
            for said, meant, known_wrong in rows(entries):
                got = _written(understood(said))
                if kind == "global" and got == "-" and meant not in ("-", *GlobalCommands.model_fields):
                    got = NOT_THERE
                yield Case(table.stem, data["language"], kind, said, meant, known_wrong, got)


def question(kind: str, options: dict[str, Any]) -> AskStep | None:
    """The question whose kind an author writes so; None when dialogs have no such kind."""
    word, _, limits = kind.partition(" ")
    written = yaml.safe_load(limits) if limits else True
    kinds = {"choice": options} if word == "choice" else written if word == "confirm" else {word: written}
    if not set(kinds) <= set(AskStep.model_fields):
        return None
    confirm = {"confirm": "Right?"} if word == "confirm" else {}
    return AskStep.model_validate({"id": "asked", "ask": "Well?", **kinds, **confirm})


def _question_reads(understanding: Understanding, kind: str, data: dict[str, Any]) -> Read:
    """As a question takes answers: what may be said at any time comes first where anything is an answer."""
    if kind == "global":
        return understanding.asks_for
    ask = question(kind, data.get("options", {}))
    today = date.fromisoformat(data["today"])

    def answer(said: str) -> object:
        if ask is None:
            return NOT_THERE
        if ask.confirm is not None:
            value = ask.wanted.instead(said, None, understanding, today)
            return understanding.yes_no(said) if value is None else value
        if ask.wanted.takes_anything and understanding.asks_for(said) is not None:
            return None
        slot: Slot = {}
        reading: Reading = None
        for piece in said.split(" | "):
            if piece.startswith("keys "):
                for key in piece.removeprefix("keys "):
                    reading = ask.wanted.read_key(key, slot, understanding, today)
            else:
                reading = ask.wanted.read_words(piece, slot, understanding, today)
        return reading.value if isinstance(reading, Answered) else None

    return answer


def _understanding_reads(understanding: Understanding, kind: str, data: dict[str, Any]) -> Read:
    name, *parameter = kind.split(" of ")

    def understood(said: str) -> object:
        match name:
            case "digits":
                return understanding.digits(said, int(parameter[0]) if parameter else None)
            case "choice":
                return understanding.choice(said, data["options"], data.get("keys"))
            case "money":
                return understanding.money(said, data.get("currency", "USD"))
            case "date":
                return understanding.date(said, date.fromisoformat(data["today"]))
            case "vague_days":
                days = understanding.vague_days(said, date.fromisoformat(data["today"]))
                return None if days is None else f"{days[0]} to {days[1]}"
            case "month":
                month = understanding.month(said, date.fromisoformat(data["today"]))
                return None if month is None else f"{month:%Y-%m}"
            case "duration":
                return understanding.duration(said, parameter[0])
            case "times":
                return " or ".join(f"{one:%H:%M}" for one in understanding.times(said)) or None
            case "birthday":
                return understanding.date(said, date.fromisoformat(data["today"]), past=True)
            case "time_of_day":
                return understanding.time_of_day(said)
            case "global":
                return understanding.asks_for(said)
            case _:
                return getattr(understanding, name)(said)

    return understood


def _written(value: object) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case Decimal():
            return format(value, "f")
        case time():
            return value.strftime("%H:%M")
        case date():
            return value.isoformat()
        case _:
            return str(value)
