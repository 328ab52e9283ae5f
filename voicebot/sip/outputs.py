"""The outputs of the user agent core: messages to send, names to resolve, and events of calls."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from voicebot.sip.hop import Hop
from voicebot.sip.sdp import SessionDescription

EndCause = Literal["bye", "local", "cancelled", "rejected", "no-ack", "timeout", "expired", "error", "taken"]
"""Why a call ended. ``bye``: the other side's BYE. ``local``: our BYE or CANCEL. ``cancelled``: their CANCEL.
``rejected``: a final refusal, theirs or ours. ``no-ack``: our 200 was never acknowledged. ``timeout``: our INVITE got
no final response. ``expired``: the session was not refreshed, or the other side no longer knows the call. ``error``:
the other side broke the protocol (no answer in its ACK, ...). ``taken``: another process has the call."""


@dataclass(frozen=True, slots=True)
class Transmit:
    """Send one message. ``hop.host`` may be a name. ``repr`` hides the message, because it may contain media keys."""

    data: bytes = field(repr=False)
    hop: Hop


@dataclass(frozen=True, slots=True)
class Locate:
    """Resolve the name in ``hop`` (RFC 3263), and call ``located`` with the addresses, best first, and the time."""

    hop: Hop
    located: Callable[[Sequence[Hop], float], None]


@dataclass(frozen=True, slots=True)
class CallProgress:
    """A provisional response to our INVITE. ``early``: the session description in it, if any."""

    status: int
    reason: str
    early: SessionDescription | None


@dataclass(frozen=True, slots=True)
class EarlyMediaAcknowledged:
    """The PRACK of our session description in a provisional response came: the caller has it."""


@dataclass(frozen=True, slots=True)
class CallConfirmed:
    """The call is up: our 200 was acknowledged, or our INVITE accepted.

    ``answer``: the other side's answer if the offer was ours, else None.
    """

    answer: SessionDescription | None


@dataclass(frozen=True, slots=True)
class CallEnded:
    """The last event of a call. ``status``/``reason``: of the final response that ended it; 0 if none did."""

    cause: EndCause
    status: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SessionOffered:
    """A re-INVITE or an UPDATE came; call ``call.accept_session`` or ``call.refuse_session`` at once.

    ``offer``: None if the other side wants us to offer.
    """

    offer: SessionDescription | None


@dataclass(frozen=True, slots=True)
class MetadataReceived:
    """The metadata of a recording session came (RFC 7865), before the offer in the same request, if there is one."""

    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class SessionAnswered:
    """The answer to our offer came: in the ACK for their re-INVITE, or in the 200 to ours."""

    answer: SessionDescription


@dataclass(frozen=True, slots=True)
class SessionRefused:
    """Our offer in a re-INVITE was refused, or its 200 had no answer: the session stays as it was."""

    status: int
    reason: str


@dataclass(frozen=True, slots=True)
class KeyReceived:
    """A keypad key came in an INFO."""

    key: str


@dataclass(frozen=True, slots=True)
class ReferReceived:
    """The other side asks us to call ``target``; call ``call.referral.accept`` or ``refuse`` at once."""

    target: str
    referred_by: str


@dataclass(frozen=True, slots=True)
class ReferProgress:
    """Progress of our REFER. ``status``: of the response to it, or of the target's response as reported by NOTIFY.

    ``final``: nothing more will come, and ``accepted`` says whether the transfer succeeded.
    """

    status: int
    reason: str
    accepted: bool
    final: bool


CallEvent = (
    CallProgress
    | EarlyMediaAcknowledged
    | CallConfirmed
    | CallEnded
    | SessionOffered
    | MetadataReceived
    | SessionAnswered
    | SessionRefused
    | KeyReceived
    | ReferReceived
    | ReferProgress
)


@dataclass(slots=True)
class SipCounters:
    """Counts since the start. ``dropped``: well-formed messages that belong to no transaction and no dialog."""

    received: int = 0
    sent: int = 0
    keepalives: int = 0
    malformed: int = 0
    strangers: int = 0
    """Requests dropped without an answer: their source may not talk to us, or exceeds its rate."""
    dropped: int = 0
    repeated: int = 0
    """Retransmissions received."""
    retransmitted: int = 0
    """Retransmissions sent."""
    requests_by_method: Counter[str] = field(default_factory=Counter)
    """Unknown methods are counted under ``other``."""
    rejected_by_status: Counter[int] = field(default_factory=Counter)
    calls_in: int = 0
    calls_out: int = 0
    unresolved: int = 0
    """Failed attempts to resolve the name of a destination."""
    send_errors: int = 0
    """Messages that could not be sent."""
