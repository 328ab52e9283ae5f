"""What may go wrong at the platform, to be set by tests before it happens."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass
class Faults:
    """``refuse``: statuses with which the next requests are refused, and for how long to wait (Retry-After).

    ``media``: the websocket is connected; or it never is, and nothing is told of that; or it fails, and that is told.
    """

    refuse: list[int] = field(default_factory=list)
    retry_after_s: int | None = None
    event_before_response: bool = False
    """CallConnected comes before the response to the request to answer."""
    hangs_up_unanswered: bool = False
    """The caller hangs up while the request to answer is on its way."""
    hangs_up_answered: bool = False
    """The caller hangs up when the request to answer has come, before anything else is told of the call."""
    media: Literal["connects", "never", "fails"] = "connects"
    media_before_connected: bool = False
    """The websocket and its first message come before CallConnected."""
    events_times: int = 1
    """How often each call event is delivered."""
    ends_by_failed_transfer: bool = False
    """A transfer that fails leaves no call, as some have reported."""
    call_after_transfer: bool = False
    """After CallTransferAccepted, the call is not ended by the platform."""
    end_before_accepted: bool = False
    """CallDisconnected comes before CallTransferAccepted."""
    forgets_to_stream_again: bool = False
    """A request for media streaming in mid-call is accepted, and nothing follows."""
    forgets_operations: bool = False
    """A request to play or recognise is accepted, and nothing follows."""
    cannot_recognise: bool = False
    """The speech service that listens is away."""
    cannot_speak: bool = False
    """The speech service that speaks refuses all texts; files are played."""
    cannot_move: bool = False
    """Nobody can be moved from one call to another."""
