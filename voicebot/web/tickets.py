"""Tickets that are good for one visit: for what a browser can show no token for, as the opening of a websocket."""

from __future__ import annotations

import secrets
from collections import Counter, OrderedDict


class Tickets:
    """``life_s``: how long a ticket is good. At most ``most`` of one token are good at a time. Times are seconds of a
    clock that the caller chooses."""

    def __init__(self, life_s: float, most: int) -> None:
        self.life_s = life_s
        self._most = most
        self._good: OrderedDict[str, tuple[str, float]] = OrderedDict()
        self._of = Counter[str]()

    def __len__(self) -> int:
        return len(self._good)

    def issue(self, token: str, now: float) -> str | None:
        """A new ticket for who has ``token``, in letters that a URL may have. None: so many are unused that there is no
        other one until one of them expires; whoever has another token does not feel it."""
        self._expire(now)
        if self._of[token] >= self._most:
            return None
        ticket = secrets.token_urlsafe(24)
        self._good[ticket] = (token, now + self.life_s)
        self._of[token] += 1
        return ticket

    def take(self, ticket: str, now: float) -> str | None:
        """For whose token ``ticket`` is good. It is not afterwards. None: it is not."""
        self._expire(now)
        return self._remove(ticket) if ticket in self._good else None

    def _expire(self, now: float) -> None:
        while self._good:
            ticket, (_, until) = next(iter(self._good.items()))
            if now < until:
                return
            self._remove(ticket)

    def _remove(self, ticket: str) -> str:
        token, _ = self._good.pop(ticket)
        self._of[token] -= 1
        if not self._of[token]:
            del self._of[token]
        return token
