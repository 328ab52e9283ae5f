"""What of the bot's turn left on the wire."""

from __future__ import annotations

from dataclasses import dataclass

from voicebot.events.event import Event


@dataclass(frozen=True, slots=True)
class PlaybackStarted(Event):
    """The first packet of the utterance has left."""

    utterance: int


@dataclass(frozen=True, slots=True)
class PlaybackEnded(Event):
    """No more of the utterance is sent. ``heard_s``: seconds of it that were; ``complete``: that was all of it."""

    utterance: int
    heard_s: float
    complete: bool


@dataclass(frozen=True, slots=True)
class PlaybackFailed(Event):
    """The utterance could not be rendered. ``heard_s``: seconds of it that had been sent by then."""

    utterance: int
    heard_s: float
    reason: str
