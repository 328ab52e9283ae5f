"""What is asked of the index, and how SQLite is asked. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from voicebot.archive.digest import microseconds, number_letters

MOST_ROWS: Final = 200
USUAL_ROWS: Final = 50
MOST_LETTERS: Final = 200
"""Of one value that is asked for."""
_EXACT: Final = ("outcome", "bot", "trunk", "direction", "kind")
"""Columns that are asked for as they are."""
NAMES: Final = ("words", "number", "since", "until", *_EXACT, "step", "before", "limit")
_WORDS: Final = re.compile(r'"([^"]*)"|([^\s"]+)')


@dataclass(frozen=True, slots=True)
class Query:
    """What the calls must have; what is empty may be anything. ``number``: a part of the caller's or called number or
    address, or a SIP Call-ID. ``words``: all of them, or their beginnings; those in quotation marks, one after the
    other. ``since``, ``until``: when they began, in microseconds since 1970. ``before``: of a longer answer, the part
    after this (:attr:`Found.next`). ``exact``: by column."""

    words: str = ""
    number: str = ""
    since: int | None = None
    until: int | None = None
    step: str = ""
    exact: tuple[tuple[str, str], ...] = ()
    before: int | None = None
    limit: int = USUAL_ROWS


def query_of(given: Mapping[str, str]) -> Query:
    """From the values of an HTTP query or a command line. Raises ValueError, whose text names what is wrong."""
    for name, value in given.items():
        if name not in NAMES:
            raise ValueError(f"{name}: there is no such field; there are {', '.join(NAMES)}")
        if len(value) > MOST_LETTERS:
            raise ValueError(f"{name}: at most {MOST_LETTERS} letters")
    return Query(
        words=_words(given.get("words", "")),
        number=number_letters(given.get("number", "")),
        since=_moment("since", given),
        until=_moment("until", given),
        step=given.get("step", ""),
        exact=tuple((name, given[name]) for name in _EXACT if given.get(name)),
        before=_number("before", given, 0, 1 << 62),
        limit=_number("limit", given, 1, MOST_ROWS) or USUAL_ROWS,
    )


def statement(query: Query) -> tuple[str, list[str | int]]:
    """The SELECT for ``query`` and its values: the latest calls first, one more than ``limit``.

    Calls are numbered by the moment at which they began, in both tables, so that they are found in the order in which
    they are shown, and nothing is sorted.
    """
    began = "words.rowid" if query.words else "calls.began"
    tests: list[str] = []
    values: list[str | int] = []

    def test(text: str, value: str | int) -> None:
        tests.append(text)
        values.append(value)

    if query.words:
        test("words MATCH ?", query.words)
    if query.before is not None:
        test(f"{began} < ?", query.before)
    if query.since is not None:
        test(f"{began} >= ?", query.since)
    if query.until is not None:
        test(f"{began} < ?", query.until)
    for column, value in query.exact:
        test(f"calls.{column} = ?", value)
    if query.number:
        test("instr(calls.numbers, ?)", query.number)
    if query.step:
        test("instr(calls.steps, ?)", f"\n{query.step}\n")
    shown = "snippet(words, -1, char(1), char(2), '…', 16)" if query.words else "''"
    source = "words CROSS JOIN calls ON calls.began = words.rowid" if query.words else "calls"
    where = f"WHERE {' AND '.join(tests)} " if tests else ""
    return f"SELECT calls.*, {shown} FROM {source} {where}ORDER BY {began} DESC LIMIT ?", [*values, query.limit + 1]


def _words(text: str) -> str:
    """In the language of FTS5. Whatever has neither letter nor digit is left out, as nothing is found by it."""
    phrases = [f'"{phrase}"' for phrase, _ in _WORDS.findall(text) if _found_by(phrase)]
    begun = [f'"{word}"*' for _, word in _WORDS.findall(text) if _found_by(word)]
    return " ".join([*phrases, *begun])


def _found_by(word: str) -> bool:
    return any(letter.isalnum() for letter in word)


def _moment(name: str, given: Mapping[str, str]) -> int | None:
    if not given.get(name):
        return None
    try:
        return microseconds(given[name])
    except (ValueError, OverflowError) as wrong:
        raise ValueError(f"{name}: write a time such as 2026-11-29 or 2026-11-29T14:05:00Z") from wrong


def _number(name: str, given: Mapping[str, str], least: int, most: int) -> int | None:
    text = given.get(name)
    if not text:
        return None
    if not text.isascii() or not text.isdecimal() or not least <= int(text) <= most:
        raise ValueError(f"{name}: a number from {least} to {most}")
    return int(text)
