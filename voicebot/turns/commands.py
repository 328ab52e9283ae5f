"""What the turn machine asks of the call: the only ways in which it acts."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class AskKind(StrEnum):
    """Why the bot is asked."""

    START = "start"
    SPEECH = "speech"
    KEY = "key"
    NO_INPUT = "no-input"
    NO_MATCH = "no-match"
    INTERRUPTED = "interrupted"
    TRANSFER_RESULT = "transfer-result"
    RESUME = "resume"


class Canned(StrEnum):
    """Prompts that need neither bot nor speech service: they are shipped as audio."""

    SPEECH_SERVICE = "speech-service"
    TRANSFER = "transfer"
    BOT = "bot"
    WAIT = "wait"
    GOODBYE = "goodbye"


@dataclass(frozen=True, slots=True)
class Ask:
    """Tell the bot something, as its ``request``-th activity in this call (from 1, in order).

    ``text`` is the words (SPEECH), the key (KEY) or what was heard of an interrupted turn (INTERRUPTED); ``count`` the
    consecutive no-inputs or no-matches; ``status``/``accepted`` belong to TRANSFER_RESULT; ``heard_s`` to INTERRUPTED.
    """

    request: int
    kind: AskKind
    text: str = ""
    confidence: float | None = None
    count: int = 0
    heard_s: float = 0.0
    accepted: bool = False
    status: int = 0


@dataclass(frozen=True, slots=True)
class Play:
    """Render ``speak`` (SSML or text) and queue it behind what is playing. ``canned`` replaces it where it is given."""

    utterance: int
    request: int
    text: str
    speak: str
    locale: str = ""
    canned: Canned | None = None


@dataclass(frozen=True, slots=True)
class Pause:
    """Stop sending within one frame; what was queued stays queued."""


@dataclass(frozen=True, slots=True)
class Resume:
    """Go on where :class:`Pause` stopped."""


@dataclass(frozen=True, slots=True)
class Drop:
    """Stop sending within one frame and forget what was queued; every utterance ends with ``PlaybackEnded``."""


@dataclass(frozen=True, slots=True)
class Expect:
    """Bias the recogniser towards ``phrases`` for what comes next."""

    phrases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Transfer:
    """Hand the caller on; ``TransferEnded`` follows."""

    target: str
    context: dict[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class HangUp:
    """End the call; ``LegEnded`` follows."""

    reason: str


Command = Ask | Play | Pause | Resume | Drop | Expect | Transfer | HangUp
