"""How the playing of the bot's utterances goes."""

from __future__ import annotations

from dataclasses import dataclass

from voicebot.events.event import Event


@dataclass(frozen=True, slots=True)
class PlaybackStarted(Event):
    """The first packet of the utterance was sent."""

    utterance: int


@dataclass(frozen=True, slots=True)
class PlaybackEnded(Event):
    """Nothing more of the utterance will be sent. ``heard_s``: seconds that were sent; ``complete``: this was all.

    ``whole_s``: how long all of it is; None while it is not yet synthesised to its end.
    """

    utterance: int
    heard_s: float
    complete: bool
    whole_s: float | None = None


@dataclass(frozen=True, slots=True)
class PlaybackFailed(Event):
    """The utterance could not be rendered. ``heard_s``: seconds of it that had been sent by then."""

    utterance: int
    heard_s: float
    reason: str
