"""Jobs: what is asked for now and fetched later. They are done when they are made; the results are kept a while."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

KEPT_S = 600.0
MAX_JOBS = 256
"""Finished ones that are kept; the oldest makes room."""


@dataclass(frozen=True, slots=True)
class _Job:
    until: float
    body: dict[str, Any]


class Jobs:
    """The time in seconds is passed in."""

    def __init__(self) -> None:
        self._jobs: OrderedDict[str, _Job] = OrderedDict()

    def __len__(self) -> int:
        return len(self._jobs)

    def add(self, name: str, items: list[dict[str, Any]], now: float) -> str:
        """Keep a job of finished tasks; returns its id."""
        self._forget(now)
        while len(self._jobs) >= MAX_JOBS:
            self._jobs.popitem(last=False)
        identity = str(uuid4())
        made = datetime.now(UTC)
        stamp = _stamp(made)
        tasks = {"completed": len(items), "failed": 0, "inProgress": 0, "total": len(items)}
        body = {
            "jobId": identity,
            "createdDateTime": stamp,
            "lastUpdatedDateTime": stamp,
            "expirationDateTime": _stamp(made + timedelta(seconds=KEPT_S)),
            "status": "succeeded",
            "errors": [],
            "displayName": name,
            "tasks": tasks | {"items": [{"lastUpdateDateTime": stamp, "status": "succeeded"} | item for item in items]},
        }
        self._jobs[identity] = _Job(now + KEPT_S, body)
        return identity

    def find(self, identity: str, now: float) -> dict[str, Any] | None:
        self._forget(now)
        job = self._jobs.get(identity)
        return job.body if job is not None else None

    def _forget(self, now: float) -> None:
        while self._jobs and next(iter(self._jobs.values())).until <= now:
            self._jobs.popitem(last=False)


def _stamp(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")
