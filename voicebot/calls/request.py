"""A wish to call somebody: what is asked for, why it cannot be, and who wants to know what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from voicebot.address import Address

Refused = Literal["invalid", "forbidden", "full"]
"""The wish makes no sense; it is not allowed; there is no room now."""


class CannotCall(Exception):
    """A call cannot be placed. The text says why, and what would help."""

    def __init__(self, why: Refused, text: str) -> None:
        super().__init__(text)
        self.why: Refused = why


@dataclass(frozen=True, slots=True)
class CallRequest:
    """Call ``to`` for ``bot``.

    ``sender``: the number or name that we show, None for the line's own. ``trunk``: the trunk or account by which,
    ``""`` for the usual one, or for none where ``to`` has a domain. ``bot``: ``""`` for the one that takes calls to
    ``sender``. ``context`` is told to the bot, ``headers`` (``User-to-User`` and ``X-...``) to whom we call.
    ``ring_timeout_s``: 0 for the usual time.
    """

    to: Address
    sender: Address | None = None
    trunk: str = ""
    bot: str = ""
    context: Mapping[str, Any] = field(default_factory=dict, hash=False)
    headers: Mapping[str, str] = field(default_factory=dict, hash=False)
    ring_timeout_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Placed:
    """What a call of ours was placed for.

    ``observer(state, status, reason)`` is told ``answered`` and then ``ended``, or why it was not answered
    (:class:`~voicebot.events.NotReached`).
    """

    bot: str = ""
    context: Mapping[str, Any] = field(default_factory=dict, hash=False)
    observer: Callable[[str, int, str], None] = lambda _state, _status, _reason: None
