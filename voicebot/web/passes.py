"""Passes: each opens one thing, for some time, as often as it is shown. For what a browser fetches by itself."""

from __future__ import annotations

import secrets
from collections import OrderedDict


class Passes:
    """``life_s``: how long a pass is good. At most ``most`` are: a new one takes the place of the oldest. Times are
    seconds of a clock that the caller chooses."""

    def __init__(self, life_s: float, most: int) -> None:
        self.life_s = life_s
        self._most = most
        self._good: OrderedDict[str, tuple[str, str, float]] = OrderedDict()

    def issue(self, what: str, token: str, now: float) -> str:
        """A new pass for ``what``, for who has ``token``, in letters that a cookie may have."""
        if len(self._good) >= self._most:
            self._good.popitem(last=False)
        made = secrets.token_urlsafe(24)
        self._good[made] = (what, token, now + self.life_s)
        return made

    def opens(self, shown: str, what: str, now: float) -> str | None:
        """If ``shown`` is a pass for ``what``: for whose token it was made."""
        known, token, until = self._good.get(shown, ("", "", now))
        return token if now < until and known == what else None
