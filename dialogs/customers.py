"""What the company knows: accounts and outages. Here two files; in real life a service, hence ``async``."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any

ANSWER_AFTER_S = 0.3
"""How long a look-up takes, as a service in another building would."""


@dataclass(frozen=True)
class Account:
    number: str
    name: str
    zip_code: str
    balance_cents: int
    due: date


@dataclass(frozen=True)
class Outage:
    zip_code: str
    cause: str
    until: time


class Customers:
    """Reads its files once, when the dialogs are loaded: a look-up must never wait for a disk."""

    def __init__(self, folder: Path, latency_s: float = ANSWER_AFTER_S) -> None:
        self._accounts: dict[str, dict[str, Any]] = json.loads((folder / "accounts.json").read_text("utf-8"))
        self._outages: dict[str, dict[str, Any]] = json.loads((folder / "outages.json").read_text("utf-8"))
        self._latency_s = latency_s

    async def account(self, number: str, today: date) -> Account | None:
        """The account with this number. Due dates in the file count from ``today``, so that the sample does not age."""
        await asyncio.sleep(self._latency_s)
        found = self._accounts.get(number)
        if found is None:
            return None
        due = today + timedelta(days=found["due_in_days"])
        return Account(number, found["name"], found["zip"], found["balance_cents"], due)

    async def outage(self, zip_code: str) -> Outage | None:
        """The outage in this area, if there is one."""
        await asyncio.sleep(self._latency_s)
        found = self._outages.get(zip_code)
        return Outage(zip_code, found["cause"], time.fromisoformat(found["until"])) if found else None
