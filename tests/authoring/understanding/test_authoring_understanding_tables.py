"""The tables are well-formed: also those that nothing demands to be understood (``first_seen``)."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from spoken_cases import cases, first_seen, question, read, rows, tables

from voicebot.authoring.understanding import languages

WRITTEN = {
    "yesno": "yes|no", "digits": r"\d+", "number": r"-?\d+(\.\d+)?", "money": r"\d+\.\d\d", "date": r"\d{4}-\d\d-\d\d",
    "month": r"\d{4}-(0[1-9]|1[0-2])", "duration": r"\d+", "time": r"([01]\d|2[0-3]):[0-5]\d",
    "email": r"[a-z0-9._+-]+@[a-z0-9-]+(\.[a-z]+)+", "phone": r"\+[1-9]\d{6,14}", "spelled": "[A-Z0-9]+",
    "pattern": "[A-Z0-9-]+", "name": ".+", "text": ".+", "confirm": r"yes|no|\d+",
    "global": "agent|start_over|repeat|slower|help|wait|goodbye",
}  # fmt: skip
"""How a value of each kind is written. What cannot be taken is "-"."""

QUESTIONS = [table for table in [*tables(), *first_seen()] if "questions" in read(table)]


def test_three_hundred_answers_were_written_before_the_code() -> None:
    languages_of: Counter[str] = Counter()
    asked_again = 0
    for table in first_seen():
        data = read(table)
        for entries in data["questions"].values():
            languages_of[data["language"][:2]] += len(entries)
            asked_again += sum(meant == "-" for _, meant, _ in rows(entries))
    assert languages_of == {"en": 120, "de": 60, "es": 60, "fr": 60}
    assert asked_again * 4 >= 300


@pytest.mark.parametrize("table", QUESTIONS, ids=lambda table: table.stem)
def test_every_answer_is_written_as_its_kind_is(table: Path) -> None:
    data = read(table)
    date.fromisoformat(data["today"])
    for kind, entries in data["questions"].items():
        written = WRITTEN.get(kind.split()[0], "|".join(data.get("options", ())))
        for said, meant, _ in rows(entries):
            assert said.strip() and (meant == "-" or re.fullmatch(written, meant)), (kind, said, meant)


@pytest.mark.parametrize("table", QUESTIONS, ids=lambda table: table.stem)
def test_nothing_is_said_twice_to_a_question_and_not_in_two_tables(table: Path) -> None:
    said = [(kind, said) for kind, entries in read(table)["questions"].items() for said, _, _ in rows(entries)]
    assert len(said) == len(set(said))
    others = [other for other in QUESTIONS if other.stem[-2:] == table.stem[-2:] and other != table]
    elsewhere = {
        (kind, said) for other in others for kind, entries in read(other)["questions"].items()
        for said, _, _ in rows(entries)
    }  # fmt: skip
    assert not set(said) & elsewhere


@pytest.mark.parametrize("table", first_seen(), ids=lambda table: table.stem)
def test_what_was_written_before_the_code_runs(table: Path) -> None:
    assert all(isinstance(case.got, str) for case in cases(table))


def test_every_language_has_questions() -> None:
    assert {read(table)["language"][:2] for table in QUESTIONS} == set(languages())


def test_a_kind_that_dialogs_do_not_have_is_told_from_one_that_is_not_understood() -> None:
    assert question("no_such_kind {unit: nights}", {}) is None
    assert question("digits {length: 4}", {}) is not None
