"""Requests for outbound calls: what is asked for, why it is refused, and who is told how the call proceeds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from voicebot.address import Address

Refused = Literal["invalid", "forbidden", "full"]
"""The request is faulty; the target is not allowed; no line can take a call now."""


class CannotCall(Exception):
    """A call cannot be placed. The text says why, and what to do about it."""

    def __init__(self, why: Refused, text: str) -> None:
        super().__init__(text)
        self.why: Refused = why


@dataclass(frozen=True, slots=True)
class CallRequest:
    """Call ``to`` for ``bot``.

    ``sender``: the calling number or user name; None: the line's own. ``trunk``: the trunk or account to use; ``""``:
    the usual one, or none if ``to`` has a domain. ``bot``: ``""`` for the one that takes calls to ``sender``.
    ``context`` is for the bot, ``headers`` (``User-to-User`` and ``X-...``) are sent to the called side.
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
    """What is known of an outbound call: its bot and the context for the bot.

    ``observer(state, status, reason)`` is called with ``answered`` and then ``ended``, or with why it was not answered
    (:class:`~voicebot.events.NotReached`); ``status`` is SIP's, 0 for none.
    """

    bot: str = ""
    context: Mapping[str, Any] = field(default_factory=dict, hash=False)
    observer: Callable[[str, int, str], None] = lambda _state, _status, _reason: None
