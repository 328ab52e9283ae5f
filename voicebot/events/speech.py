"""What voice activity detection and the recogniser report of the caller's speech.

Start and stop come from our own detector, which works on the raw frames; words come from the recogniser.
"""

from __future__ import annotations

from dataclasses import dataclass

from voicebot.events.event import Event


@dataclass(frozen=True, slots=True)
class SpeechStarted(Event):
    """The caller has begun to speak. ``onset``: estimated time of the first voiced sample (earlier than ``at``)."""

    onset: float


@dataclass(frozen=True, slots=True)
class SpeechDoubted(Event):
    """It cannot be told by level and pitch whether the voice that has begun to speak over the bot's is the caller's."""


@dataclass(frozen=True, slots=True)
class SpeechMayStart(Event):
    """A voice has begun that is still too short to be speech: until the time ``until``, the caller may have gone on
    speaking. With ``until`` at ``at``: that voice has broken off."""

    until: float


@dataclass(frozen=True, slots=True)
class SpeechStopped(Event):
    """The caller has been quiet for the detector's hangover time. ``offset``: the time of the last voiced sample."""

    offset: float


@dataclass(frozen=True, slots=True)
class Hypothesis(Event):
    """The recogniser's preliminary result for the phrase being spoken. ``start``/``end``: the audio that it covers."""

    text: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Alternative:
    """What may have been said instead. ``confidence``: 0 to 1; None: the service gives none, or it is the same in other
    words."""

    text: str
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Final(Event):
    """The recogniser's final result for one phrase. ``confidence``: 0 to 1, or None if the service gives none.
    ``others``: the likeliest first."""

    text: str
    start: float
    end: float
    confidence: float | None = None
    others: tuple[Alternative, ...] = ()


@dataclass(frozen=True, slots=True)
class NoMatch(Event):
    """The recogniser found speech from ``start`` to ``end``, but no words in it."""

    start: float
    end: float


@dataclass(frozen=True, slots=True)
class TurnScored(Event):
    """How likely it is that the caller has finished, by the sound of the voice until ``offset``: ``probability`` from 0
    to 1. ``offset``: that of the :class:`SpeechStopped` that was asked about."""

    offset: float
    probability: float


@dataclass(frozen=True, slots=True)
class RecognitionLost(Event):
    """Recognition stopped working until :class:`RecognitionRestored`; the recogniser reconnects by itself."""

    reason: str


@dataclass(frozen=True, slots=True)
class RecognitionRestored(Event):
    """Recognition works again; the audio since the last phrase was sent to it again."""
