"""What the user agent core gives back: messages to send, names to look up, and what happened in a call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from voicebot.sip.hop import Hop
from voicebot.sip.sdp import SessionDescription

EndCause = Literal["bye", "local", "cancelled", "rejected", "no-ack", "timeout", "expired", "error"]
"""Why a call ended: the other side's BYE; our BYE or CANCEL; their CANCEL; a final refusal, theirs or ours; our 200 was
never acknowledged; our INVITE was never answered; the session was not refreshed, or the other side knows no such call;
the other side broke the protocol (no answer in its ACK, ...)."""


@dataclass(frozen=True, slots=True)
class Transmit:
    """One message. ``hop.host`` may be a name. The message may hold keys of media: ``repr`` does not show it."""

    data: bytes = field(repr=False)
    hop: Hop


@dataclass(frozen=True, slots=True)
class Locate:
    """``hop`` is a name: look it up (RFC 3263) and tell ``located`` the addresses, best first, and the time."""

    hop: Hop
    located: Callable[[Sequence[Hop], float], None]


@dataclass(frozen=True, slots=True)
class CallProgress:
    """A provisional response to our INVITE. ``early``: its session description, if any."""

    status: int
    reason: str
    early: SessionDescription | None


@dataclass(frozen=True, slots=True)
class CallConfirmed:
    """The call is up: our 200 was acknowledged, or our INVITE accepted.

    ``answer``: the other side's answer when the offer was ours, else None.
    """

    answer: SessionDescription | None


@dataclass(frozen=True, slots=True)
class CallEnded:
    """The last event of a call. ``status``/``reason``: the final response that ended it, 0 when none did."""

    cause: EndCause
    status: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SessionOffered:
    """A re-INVITE or an UPDATE: to be answered at once with ``call.accept_session`` or ``call.refuse_session``.

    ``offer`` is None when the other side wants us to offer.
    """

    offer: SessionDescription | None


@dataclass(frozen=True, slots=True)
class SessionAnswered:
    """The answer to our offer: in the ACK of their re-INVITE, or in the 200 to ours."""

    answer: SessionDescription


@dataclass(frozen=True, slots=True)
class SessionRefused:
    """Our offer in a re-INVITE was refused, or not answered: the session is as it was."""

    status: int
    reason: str


@dataclass(frozen=True, slots=True)
class KeyReceived:
    """A keypad key by INFO (application/dtmf-relay or application/dtmf)."""

    key: str


@dataclass(frozen=True, slots=True)
class ReferReceived:
    """The other side asks us to call ``target``: to be answered at once with ``call.referral.accept`` or ``refuse``."""

    target: str
    referred_by: str


@dataclass(frozen=True, slots=True)
class ReferProgress:
    """What became of our REFER so far. ``status``: the response to it, or the target's as reported by NOTIFY.

    ``final``: nothing more will come; ``accepted`` tells how it ended.
    """

    status: int
    reason: str
    accepted: bool
    final: bool


CallEvent = (
    CallProgress
    | CallConfirmed
    | CallEnded
    | SessionOffered
    | SessionAnswered
    | SessionRefused
    | KeyReceived
    | ReferReceived
    | ReferProgress
)


@dataclass(slots=True)
class SipCounters:
    """Counts since the start. ``dropped``: well-formed but for nobody (no transaction, no dialog, over a bound)."""

    received: int = 0
    sent: int = 0
    keepalives: int = 0
    malformed: int = 0
    strangers: int = 0
    """Dropped without an answer: from a source that may not talk to us, or that talks too much."""
    dropped: int = 0
    repeated: int = 0
    """Retransmissions that came in."""
    retransmitted: int = 0
    """Retransmissions that we sent."""
    requests_by_method: Counter[str] = field(default_factory=Counter)
    """Known methods by name, all others under ``other``."""
    rejected_by_status: Counter[int] = field(default_factory=Counter)
    calls_in: int = 0
    calls_out: int = 0
    unresolved: int = 0
    """Datagrams dropped because the name of their destination did not resolve."""
    send_errors: int = 0
