"""What a leg reports: the progress of the call's signalling, keys, hold, transfers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from voicebot.events.event import Event


@dataclass(frozen=True, slots=True)
class CallAnswered(Event):
    """The call was answered, by us or by the side that we called: media flows both ways."""


@dataclass(frozen=True, slots=True)
class CallRinging(Event):
    """The phone that we call is ringing. ``status``: the SIP response that said so (180, 182, 183 without media)."""

    status: int


@dataclass(frozen=True, slots=True)
class EarlyMediaReceived(Event):
    """Audio comes from the side that we call before it has answered: a ringing tone, or an announcement.

    ``status``: of the SIP response that had the session description (183 or 180).
    """

    status: int


class NotReached(StrEnum):
    """Why a call that we placed was not answered."""

    BUSY = "busy"
    NO_ANSWER = "no-answer"
    DECLINED = "declined"
    UNREACHABLE = "unreachable"
    """No such number, no response at all, or no route to it."""
    REFUSED = "refused"
    """We may not call there: credentials are missing or wrong, it is forbidden, or we were redirected elsewhere."""
    CANCELLED = "cancelled"
    """We ended the attempt: an operator did, or the service was stopped."""
    ERROR = "error"
    """A server on the path failed, or the answer cannot be used."""


@dataclass(frozen=True, slots=True)
class CallNotAnswered(Event):
    """A call that we placed was not answered. ``status``/``reason``: of the SIP response; 0 and ``""`` if none came."""

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
    """From now on the caller hears us, though we have not answered yet (183 with a session description)."""


@dataclass(frozen=True, slots=True)
class KeyPressed(Event):
    """One press of a keypad key, ``0-9 * # A-D``: received by RFC 4733, SIP INFO or as a tone in the audio."""

    key: str


TAKEN: Final = "taken"
"""The reason of an end that is none: another process goes on with the call."""


@dataclass(frozen=True, slots=True)
class LegEnded(Event):
    """The leg has ended. ``reason``: who or what ended it: ``caller`` (the other side), ``bot``, ``transfer``,
    ``media-timeout``, ``error``, ..., :data:`TAKEN`; for a call of ours that nobody answered, the value of a
    :class:`NotReached`.
    """

    reason: str


@dataclass(frozen=True, slots=True)
class TransferEnded(Event):
    """A transfer has succeeded or failed. ``status``: the target's last SIP status, 0 if there was none. ``message``:
    the reason.
    """

    accepted: bool
    status: int
    message: str
