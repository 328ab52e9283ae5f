"""Opening hours: a week, holidays and days with other hours, in a time zone of their own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo, available_timezones

from voicebot.authoring.model import Schedule
from voicebot.authoring.problems import did_you_mean

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CLOSED = "closed"
ALWAYS = "all day"

_HOURS = re.compile(r"(\d{1,2}):(\d{2}) ?- ?(\d{1,2}):(\d{2})\Z")
_YEARLY = re.compile(r"(\d{2})-(\d{2})\Z")

MinuteRange = tuple[int, int]
"""Minutes of a day, from and to (exclusive)."""


class ScheduleError(ValueError):
    """What is wrong; ``path``: where in the schedule."""

    def __init__(self, message: str, path: tuple[str | int, ...], mend: str = "") -> None:
        super().__init__(message)
        self.path = path
        self.mend = mend


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """A schedule that is ready."""

    zone: ZoneInfo
    week: tuple[tuple[MinuteRange, ...], ...]
    holidays: frozenset[date]
    yearly: frozenset[tuple[int, int]]
    special: dict[date, tuple[MinuteRange, ...]]

    def is_open(self, moment: datetime) -> bool:
        """Whether it is open at ``moment`` (with its time zone)."""
        there = moment.astimezone(self.zone)
        day = there.date()
        if day in self.special:
            spans = self.special[day]
        elif day in self.holidays or (day.month, day.day) in self.yearly:
            return False
        else:
            spans = self.week[day.weekday()]
        minute = there.hour * 60 + there.minute
        return any(start <= minute < end for start, end in spans)


def compile_schedule(schedule: Schedule) -> OpeningHours:
    """Raises :class:`ScheduleError`."""
    try:
        zone = ZoneInfo(schedule.zone)
    except (OSError, ValueError, KeyError) as error:
        named = (zone for zone in sorted(available_timezones()) if _of_zone(zone) == _of_zone(schedule.zone))
        mend = f"such as {next(named, 'Europe/Berlin or America/New_York')}"
        raise ScheduleError(f"{schedule.zone!r} is no time zone", ("zone",), mend) from error
    week: list[tuple[MinuteRange, ...]] = [()] * 7
    for days, hours in schedule.week.items():
        for day in _days(days):
            week[day] = _spans(hours, ("week", days))
    holidays: set[date] = set()
    yearly: set[tuple[int, int]] = set()
    for index, text in enumerate(schedule.holidays):
        found = _YEARLY.match(text)
        if found is not None:
            day_of_year = _day(f"2000-{text}", ("holidays", index))
            yearly.add((day_of_year.month, day_of_year.day))
        else:
            holidays.add(_day(text, ("holidays", index)))
    special = {_day(day, ("special", day)): _spans(hours, ("special", day)) for day, hours in schedule.special.items()}
    return OpeningHours(zone, tuple(week), frozenset(holidays), frozenset(yearly), special)


def _of_zone(name: str) -> str:
    """By what people know it: the place."""
    return name.rpartition("/")[2].lower().replace(" ", "_")


def _days(text: str) -> list[int]:
    first, _, last = text.lower().replace(" ", "").partition("-")
    if not {first, last or first} <= set(DAYS):
        short = "-".join(name[:3] for name in (first, last) if name)
        meant = f"write {short}" if set(short.split("-")) <= set(DAYS) else did_you_mean(text.lower(), DAYS)
        known = f"days are {', '.join(DAYS)}, or a range such as mon-fri"
        raise ScheduleError(f"{text!r} is no day", ("week", text), meant or known)
    start, end = DAYS.index(first), DAYS.index(last or first)
    return list(range(start, end + 1)) if start <= end else [*range(start, 7), *range(end + 1)]


def _spans(hours: list[str], path: tuple[str | int, ...]) -> tuple[MinuteRange, ...]:
    spans = []
    for text in hours:
        if text.strip().lower() == CLOSED:
            continue
        if text.strip().lower() == ALWAYS:
            spans.append((0, 24 * 60))
            continue
        found = _HOURS.match(text.strip())
        if found is None:
            raise ScheduleError(f"{text!r} are no hours", path, "such as 08:00-18:00, all day or closed")
        start, end = int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])
        if not (int(found[2]) < 60 and int(found[4]) < 60 and 0 <= start < end <= 24 * 60):
            raise ScheduleError(f"{text!r} does not end after it begins", path, "hours past midnight are two spans")
        spans.append((start, end))
    return tuple(spans)


def _day(text: str, path: tuple[str | int, ...]) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ScheduleError(f"{text!r} is no day", path, "such as 2026-12-24, or 12-25 for every year") from error
