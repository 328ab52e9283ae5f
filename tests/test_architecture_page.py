"""The table of rooms in docs/architecture.md says what is there, and what imports what."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import voicebot

PACKAGE = Path(voicebot.__file__).parent
PAGE = (Path(__file__).parent.parent / "docs" / "architecture.md").read_text()

Row = tuple[frozenset[str], frozenset[str]]


def rows() -> Iterator[Row]:
    """The rooms of each row, and what they import."""
    for line in PAGE.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 3 and re.match(r"`\w+(\.py|/)`", cells[0]):
            rooms = re.findall(r"`(\w+)(?:\.py|/)`", cells[0])
            yield frozenset(rooms), frozenset(re.findall(r"\w+", cells[2]))


def rooms_of_the_package() -> frozenset[str]:
    packages = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    return frozenset(packages | {path.stem for path in PACKAGE.glob("*.py")} - {"__init__"})


def imports_of(room: str) -> frozenset[str]:
    files = [PACKAGE / f"{room}.py"] if (PACKAGE / f"{room}.py").exists() else (PACKAGE / room).rglob("*.py")
    found = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module == "voicebot":
                found |= {f"voicebot.{alias.name}" for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                found.add(node.module or "")
    ours = {name.split(".")[1] for name in found if name.startswith("voicebot.")}
    return frozenset(ours & rooms_of_the_package()) - {room}


def test_every_room_has_a_row_and_every_row_a_room() -> None:
    named = [room for rooms, _ in rows() for room in rooms]
    assert sorted(named) == sorted(rooms_of_the_package())


@pytest.mark.parametrize("row", list(rows()), ids=lambda row: " ".join(sorted(row[0])))
def test_a_room_imports_what_the_page_says(row: Row) -> None:
    rooms, imports = row
    assert frozenset().union(*map(imports_of, rooms)) - rooms == imports


def test_a_room_imports_only_what_stands_above_it() -> None:
    above: set[str] = set()
    for rooms, imports in rows():
        assert imports <= above, f"{', '.join(rooms)}: {', '.join(imports - above)} stands below"
        above |= rooms
