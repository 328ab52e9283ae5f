from __future__ import annotations

from datetime import UTC, datetime

import pytest

from voicebot.authoring.model import Schedule
from voicebot.authoring.schedule import ScheduleError, compile_schedule

OFFICE = {
    "zone": "America/Los_Angeles",
    "week": {"mon-fri": "08:00-18:00", "sat": ["09:00-12:00", "13:00-15:00"], "sun": "closed"},
    "holidays": ["2026-11-26", "12-25"],
    "special": {"2026-12-31": "08:00-12:00"},
}


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        (datetime(2026, 12, 1, 16, 0, tzinfo=UTC), True),  # Tuesday, 8:00 there
        (datetime(2026, 12, 1, 15, 59, tzinfo=UTC), False),
        (datetime(2026, 12, 2, 1, 59, tzinfo=UTC), True),  # still Tuesday there
        (datetime(2026, 12, 2, 2, 0, tzinfo=UTC), False),
        (datetime(2026, 7, 1, 15, 0, tzinfo=UTC), True),  # summer time
        (datetime(2026, 12, 5, 20, 30, tzinfo=UTC), False),  # Saturday's lunch
        (datetime(2026, 12, 5, 21, 0, tzinfo=UTC), True),
        (datetime(2026, 12, 6, 20, 0, tzinfo=UTC), False),
        (datetime(2026, 11, 26, 20, 0, tzinfo=UTC), False),  # a holiday
        (datetime(2027, 12, 25, 20, 0, tzinfo=UTC), False),  # every year's
        (datetime(2026, 12, 31, 19, 0, tzinfo=UTC), True),
        (datetime(2026, 12, 31, 21, 0, tzinfo=UTC), False),
    ],
)
def test_it_is_open_when_the_schedule_says_so(moment: datetime, is_open: bool) -> None:
    assert compile_schedule(Schedule.model_validate(OFFICE)).is_open(moment) is is_open


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"zone": "Europe/Berln"}, ("zone",)),
        ({"week": {"mon-fry": "08:00-18:00"}}, ("week", "mon-fry")),
        ({"week": {"mon": "8 to 6"}}, ("week", "mon")),
        ({"week": {"mon": "18:00-08:00"}}, ("week", "mon")),
        ({"holidays": ["2026-02-30"]}, ("holidays", 0)),
        ({"special": {"tomorrow": "closed"}}, ("special", "tomorrow")),
    ],
)
def test_what_is_wrong_with_it_is_told_with_its_place(change: dict[str, object], path: tuple[object, ...]) -> None:
    with pytest.raises(ScheduleError) as raised:
        compile_schedule(Schedule.model_validate({**OFFICE, **change}))
    assert raised.value.path == path
