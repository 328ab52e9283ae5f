"""Answers that were reported to be misunderstood (README.md)."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "authoring" / "understanding"))

from spoken_cases import Case, cases, read  # noqa: E402

TABLES = sorted(HERE.glob("understanding_*.yaml"))


def reported(table: Path) -> Iterator[tuple[Case, dict[str, Any]]]:
    entries = [entry for group in read(table)["questions"].values() for entry in group]
    yield from zip(cases(table), entries, strict=True)


def marked(case: Case, entry: dict[str, Any]) -> Any:
    why = entry.get("wrong") if case.there else f"dialogs have no {case.kind.split()[0]} yet"
    marks = [pytest.mark.xfail(reason=why, strict=True)] if why else []
    return pytest.param(case, marks=marks, id=f"{case.language}-{case.kind}-{case.said}")


@pytest.mark.parametrize("case", [marked(case, entry) for table in TABLES for case, entry in reported(table)])
def test_what_was_reported_is_understood(case: Case) -> None:
    assert case.got == case.meant


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.stem)
def test_every_report_has_its_source(table: Path) -> None:
    for _, entry in reported(table):
        assert entry["source"].startswith("http")
        assert set(entry) <= {"say", "means", "source", "wrong"}
