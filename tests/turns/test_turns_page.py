"""docs/turns.md shows the tables as they are."""

from __future__ import annotations

from turns_page import PAGE, made


def test_the_page_shows_the_tables_of_the_code() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == made(page), "python tests/turns/turns_page.py"


def test_every_table_is_on_the_page() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert [name for name in ("floor", "timers", "end") if f"<!-- made from the code: {name} -->" in page] == [
        "floor",
        "timers",
        "end",
    ]
