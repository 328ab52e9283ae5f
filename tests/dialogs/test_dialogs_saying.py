"""How the values in the sample's sentences sound."""

from __future__ import annotations

from datetime import date, time, timedelta
from decimal import Decimal

import pytest

from voicebot.authoring.speaking import spoken


@pytest.mark.parametrize(
    ("cents", "aloud"),
    [
        (8437, "84 dollars and 37 cents"),
        (12900, "129 dollars"),
        (101, "1 dollar and 1 cent"),
        (50, "50 cents"),
        (0, "0 dollars"),
        (123456, "1,234 dollars and 56 cents"),
    ],
)
def test_money(cents: int, aloud: str) -> None:
    assert spoken(Decimal(cents) / 100, "money", "en-US") == aloud


@pytest.mark.parametrize(
    ("day", "aloud"),
    [
        (date(2026, 12, 1), "Tuesday, December 1"),
        (date(2026, 12, 20), "Sunday, December 20"),
        (date(2027, 1, 22), "Friday, January 22"),
        (date(2027, 3, 30), "Tuesday, March 30"),
        (date(2027, 5, 31), "Monday, May 31"),
    ],
)
def test_dates(day: date, aloud: str) -> None:
    assert spoken(day, "date:short", "en-US") == aloud


def test_every_day_of_a_year_sounds_different() -> None:
    days = [date(2028, 1, 1) + timedelta(days=number) for number in range(366)]
    assert len({spoken(day, "date:short", "en-US") for day in days}) == 366


@pytest.mark.parametrize(
    ("moment", "aloud"),
    [
        (time(18, 30), "6:30 PM"),
        (time(9), "9 AM"),
        (time(12, 5), "12:05 PM"),
        (time(0), "midnight"),
    ],
)
def test_times(moment: time, aloud: str) -> None:
    assert spoken(moment, "time", "en-US") == aloud


def test_digits_are_said_in_groups() -> None:
    assert spoken("204815", "digits", "en-US") == "two zero four, eight one five"
    assert spoken("98052", "digits", "en-US") == "nine eight zero, five two"
