"""The appointment book. Here a file of patients and what is booked meanwhile; in real life your practice's system.

Each function is called by a dialog with ``call: appointments.name``; the words under ``with`` are its arguments. What is
booked is kept until the bot is started anew.
"""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

TIMES = ("08:30", "09:15", "10:00", "11:30", "14:00", "15:30")
FRIDAY_TIMES = TIMES[:4]

# Read once, when the dialogs are loaded: a look-up must never wait for a disk.
_PATIENTS: list[dict[str, Any]] = json.loads((Path(__file__).parent / "data" / "patients.json").read_text("utf-8"))
_booked: dict[str, dict[str, Any]] = {}
for _patient in _PATIENTS:
    if (_days := _patient.get("appointment_in_days")) is not None:
        _day = date.today() + timedelta(days=_days)
        _day += timedelta(days=max(0, 7 - _day.weekday()) if _day.weekday() > 4 else 0)  # not on a weekend
        _booked[_patient["number"]] = {"day": _day.isoformat(), "time": "10:00"}


async def patient(born: date, phone: str) -> dict[str, str] | None:
    """The patient with this date of birth and these last digits of the telephone number."""
    for found in _PATIENTS:
        if found["born"] == born.isoformat() and found["phone"].endswith(phone):
            return {"number": found["number"], "name": found["name"]}
    return None


async def free(day: date, after: str = "") -> dict[str, str] | None:
    """The first free time on a day, later than ``after``."""
    for time in _times(day):
        if time > after and not _taken(day.isoformat(), time):
            return {"day": day.isoformat(), "time": time}
    return None


async def upcoming(number: str) -> dict[str, str] | None:
    """The appointment that a patient has."""
    return _booked.get(number)


async def book(number: str, day: str, time: str, reason: str) -> bool:
    """Books it; False when somebody else was faster."""
    if _taken(day, time):
        return False
    _booked[number] = {"day": day, "time": time, "reason": reason}
    return True


async def move(number: str, day: str, time: str) -> bool:
    """Moves it; False when somebody else was faster."""
    return await book(number, day, time, _booked.get(number, {}).get("reason", "other"))


async def cancel(number: str) -> None:
    """Cancels what the patient has."""
    _booked.pop(number, None)


def _times(day: date) -> tuple[str, ...]:
    return () if day.weekday() > 4 else FRIDAY_TIMES if day.weekday() == 4 else TIMES


def _taken(day: str, time: str) -> bool:
    return any(entry["day"] == day and entry["time"] == time for entry in _booked.values())
