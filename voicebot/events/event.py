"""The base class of all events."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Event:
    """Base of all events. ``at``: when this process noticed it, in ``loop.time()`` seconds."""

    at: float
