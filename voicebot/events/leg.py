"""What a leg reports: the call as signalling has it, keys, hold, transfers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from voicebot.events.event import Event


@dataclass(frozen=True, slots=True)
class CallAnswered(Event):
    """The call is answered, by us or by whom we called: media flows both ways."""


@dataclass(frozen=True, slots=True)
class CallRinging(Event):
    """The phone that we call is ringing. ``status``: the SIP response that said so (180, 182, 183 without media)."""

    status: int


@dataclass(frozen=True, slots=True)
class EarlyMediaReceived(Event):
    """Audio comes from where we call before anybody has answered: a ringing tone, or an announcement.

    ``status``: of the SIP response that announced it (183, or 180 with a session description).
    """

    status: int


class NotReached(StrEnum):
    """Why a call that we placed was not answered."""

    BUSY = "busy"
    NO_ANSWER = "no-answer"
    DECLINED = "declined"
    UNREACHABLE = "unreachable"
    """No such number, nobody there to ring, or no way to it."""
    REFUSED = "refused"
    """We may not call there: credentials missing or wrong, forbidden, or redirected to another address."""
    CANCELLED = "cancelled"
    """We gave up first: the operator did, or the service ended."""
    ERROR = "error"
    """Something on the way failed, or the answer cannot be used."""


@dataclass(frozen=True, slots=True)
class CallNotAnswered(Event):
    """A call that we placed was not answered. ``status``/``reason``: of the SIP response; 0 when none came."""

    outcome: NotReached
    status: int
    reason: str


@dataclass(frozen=True, slots=True)
class HoldStarted(Event):
    """The other side has put us on hold (RFC 3264, section 8.4): it does not hear what we say."""


@dataclass(frozen=True, slots=True)
class HoldEnded(Event):
    """The other side has taken us off hold."""


@dataclass(frozen=True, slots=True)
class EarlyMediaSent(Event):
    """The caller hears what we say from now on, though we have not answered yet (183 with a session description)."""


@dataclass(frozen=True, slots=True)
class KeyPressed(Event):
    """One press of a keypad key, ``0-9 * # A-D``: by RFC 4733, SIP INFO or as a tone in the audio."""

    key: str


@dataclass(frozen=True, slots=True)
class LegEnded(Event):
    """The leg is gone. ``reason``: ``caller`` (the other side), ``bot``, ``transfer``, ``media-timeout``, ``error``...

    Of a call that we placed and nobody answered: the value of a :class:`NotReached`.
    """

    reason: str


@dataclass(frozen=True, slots=True)
class TransferEnded(Event):
    """A transfer has succeeded or failed. ``status``/``message``: the target's last SIP status (0: none), and why."""

    accepted: bool
    status: int
    message: str
