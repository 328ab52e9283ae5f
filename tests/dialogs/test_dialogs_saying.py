from __future__ import annotations

from datetime import date, time, timedelta

import pytest
from phone_line import module

saying = module("saying")


@pytest.mark.parametrize(
    ("cents", "aloud"),
    [
        (8437, "eighty-four dollars and thirty-seven cents"),
        (12900, "one hundred twenty-nine dollars"),
        (101, "one dollar and one cent"),
        (50, "fifty cents"),
        (0, "zero dollars"),
        (123456, "one thousand two hundred thirty-four dollars and fifty-six cents"),
    ],
)
def test_money(cents: int, aloud: str) -> None:
    assert saying.money_aloud(cents) == aloud


@pytest.mark.parametrize(
    ("day", "aloud"),
    [
        (date(2026, 12, 1), "December first"),
        (date(2026, 12, 20), "December twentieth"),
        (date(2027, 1, 22), "January twenty-second"),
        (date(2027, 3, 30), "March thirtieth"),
        (date(2027, 5, 31), "May thirty-first"),
    ],
)
def test_dates(day: date, aloud: str) -> None:
    assert saying.date_aloud(day) == aloud


def test_every_day_of_a_year_sounds_different() -> None:
    days = [date(2028, 1, 1) + timedelta(days=number) for number in range(366)]
    assert len({saying.date_aloud(day) for day in days}) == 366


@pytest.mark.parametrize(
    ("moment", "aloud"),
    [
        (time(18, 30), "six thirty p.m."),
        (time(9), "nine a.m."),
        (time(12, 5), "twelve oh five p.m."),
        (time(0), "twelve a.m."),
    ],
)
def test_times(moment: time, aloud: str) -> None:
    assert saying.time_aloud(moment) == aloud


def test_digits_are_said_in_groups() -> None:
    assert saying.digits_aloud("204815") == "two zero four, eight one five"
    assert saying.digits_aloud("98052") == "nine eight zero, five two"
