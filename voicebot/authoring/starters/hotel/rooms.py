"""The rooms and bookings. Here a file of rooms and what is booked meanwhile; in real life your hotel's system.

Each function is called by a dialog with ``call: rooms.name``; the words under ``with`` are its arguments. What is
booked is kept until the bot is started anew.
"""

from __future__ import annotations

import itertools
import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

MOST_OFFERED = 3
"""More than that nobody keeps in mind."""
FEE_DAYS = 2

# Read once, when the dialogs are loaded: a look-up must never wait for a disk.
_ROOMS: list[dict[str, Any]] = json.loads((Path(__file__).parent / "data" / "rooms.json").read_text("utf-8"))
_booked: dict[str, dict[str, Any]] = {
    "HB204": {"room": "double", "arrival": date.today() + timedelta(days=20), "nights": 2, "price": 120},
}
_numbers = itertools.count(300)


async def free(arrival: date, nights: int, guests: int) -> list[dict[str, Any]]:
    """The rooms that are free for so many guests, the cheapest first: none when there are none."""
    fit = [room for room in _ROOMS if room["guests"] >= guests and _is_free(room, arrival, nights)]
    return fit[:MOST_OFFERED]


async def book(room: str, arrival: date, nights: int, guest: dict[str, str]) -> str | None:
    """Books it, and gives the booking code; None when somebody else was faster."""
    wanted = _room(room)
    if not _is_free(wanted, arrival, nights):
        return None
    code = f"HB{next(_numbers)}"
    price = wanted["price"]
    _booked[code] = {"room": room, "arrival": arrival, "nights": nights, "price": price, "guest": guest}
    return code


async def booking(code: str) -> dict[str, Any] | None:
    """The booking with this code."""
    return _booked.get(code)


async def move(code: str, arrival: date) -> bool:
    """Moves it to another day; False when the room is not free then."""
    moved = _booked.pop(code)
    if not _is_free(_room(moved["room"]), arrival, moved["nights"]):
        _booked[code] = moved
        return False
    _booked[code] = {**moved, "arrival": arrival}
    return True


async def fee(code: str) -> int:
    """What it costs to cancel it: the first night, from two days before the arrival on."""
    found = _booked[code]
    return int(found["price"]) if found["arrival"] - date.today() < timedelta(days=FEE_DAYS) else 0


async def cancel(code: str) -> None:
    """Cancels it."""
    _booked.pop(code, None)


def _room(name: str) -> dict[str, Any]:
    return next(room for room in _ROOMS if room["id"] == name)


def _is_free(room: dict[str, Any], arrival: date, nights: int) -> bool:
    leaves = arrival + timedelta(days=nights)
    taken = [one for one in _booked.values() if one["room"] == room["id"]
             and one["arrival"] < leaves and arrival < one["arrival"] + timedelta(days=one["nights"])]  # fmt: skip
    return len(taken) < int(room["count"])
