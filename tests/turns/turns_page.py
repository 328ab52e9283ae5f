"""docs/turns.md: its tables are made from the code. ``python tests/turns/turns_page.py`` writes them anew."""

from __future__ import annotations

import re
from pathlib import Path

from voicebot.turns import FloorState, TurnPolicy
from voicebot.turns.end_of_turn import RULES
from voicebot.turns.table import SECTIONS, TIMER_OF, Row

PAGE = Path(__file__).parents[2] / "docs" / "turns.md"

_MARKED = re.compile(r"(<!-- made from the code: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def made(page: str) -> str:
    """``page`` with the tables as the code has them now."""
    tables = {"floor": _floor(), "timers": _timers(), "end": _end()}
    return _MARKED.sub(lambda found: found[1] + tables[found[2]] + found[3], page)


def _floor() -> str:
    out = ""
    for title, rows in SECTIONS.items():
        out += f"**{title}**\n\n| in | when | if | then | and |\n|---|---|---|---|---|\n"
        out += "".join(_row(row) for row in rows) + "\n"
    return out


def _timers() -> str:
    lines = [_line(_name(state), timer.removeprefix("timer: ")) for state, timer in TIMER_OF.items()]
    return "| in | runs out as |\n|---|---|\n" + "".join(lines)


def _end() -> str:
    policy = TurnPolicy()
    lines = [_line(rule.says, f"{rule.quiet_ms(policy)} ms") for rule in RULES]
    return "| what is known | quiet needed |\n|---|---|\n" + "".join(lines)


def _row(row: Row) -> str:
    return _line(_states(row), row.what, row.guard, "" if row.next is None else _name(row.next), "; ".join(row.moves))


def _states(row: Row) -> str:
    left_out = [state for state in FloorState if state not in row.states and state is not FloorState.ENDED]
    if len(left_out) > 2:
        return ", ".join(_name(state) for state in row.states)
    return "any" + (" but " if left_out else "") + ", ".join(_name(state) for state in left_out)


def _name(state: FloorState) -> str:
    return f"`{state.name}`"


def _line(*cells: str | None) -> str:
    return "| " + " | ".join(cell or "" for cell in cells) + " |\n"


if __name__ == "__main__":
    PAGE.write_text(made(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
