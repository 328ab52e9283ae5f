"""Tickets that are good for one visit: for what a browser can show no token for, as the opening of a websocket."""

from __future__ import annotations

import secrets
from collections import OrderedDict


class Tickets:
    """``life_s``: how long a ticket is good. At most ``most`` are: a new one takes the place of the oldest. Times are
    seconds of a clock that the caller chooses."""

    def __init__(self, life_s: float, most: int) -> None:
        self.life_s = life_s
        self._most = most
        self._until: OrderedDict[str, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._until)

    def issue(self, now: float) -> str:
        """A new ticket, in letters that a URL may have."""
        self._expire(now)
        if len(self._until) >= self._most:
            self._until.popitem(last=False)
        ticket = secrets.token_urlsafe(24)
        self._until[ticket] = now + self.life_s
        return ticket

    def take(self, ticket: str, now: float) -> bool:
        """Whether ``ticket`` is good. It is not afterwards."""
        self._expire(now)
        return self._until.pop(ticket, None) is not None

    def _expire(self, now: float) -> None:
        while self._until and next(iter(self._until.values())) <= now:
            self._until.popitem(last=False)
