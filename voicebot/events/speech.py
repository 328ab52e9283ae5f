"""What is detected and recognised of the caller's speech.

Voice activity is our own, on the raw frames; words are the recogniser's.
"""

from __future__ import annotations

from dataclasses import dataclass

from voicebot.events.event import Event


@dataclass(frozen=True, slots=True)
class SpeechStarted(Event):
    """The caller has begun to speak. ``onset``: estimated time of the first voiced sample (earlier than ``at``)."""

    onset: float


@dataclass(frozen=True, slots=True)
class SpeechStopped(Event):
    """The caller has been quiet for the detector's hang-over. ``offset``: the time of the last voiced sample."""

    offset: float


@dataclass(frozen=True, slots=True)
class Hypothesis(Event):
    """What the recogniser makes of the phrase being spoken, so far. ``start``/``end``: the audio that it covers."""

    text: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Final(Event):
    """The recogniser's final result for one phrase. ``confidence``: 0 to 1, or None where the service gives none."""

    text: str
    start: float
    end: float
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class NoMatch(Event):
    """The recogniser found speech in ``start``..``end`` but no words in it."""

    start: float
    end: float


@dataclass(frozen=True, slots=True)
class RecognitionLost(Event):
    """No recognition until :class:`RecognitionRestored`; the recogniser goes on trying by itself."""

    reason: str


@dataclass(frozen=True, slots=True)
class RecognitionRestored(Event):
    """Recognition works again; the audio since the last phrase was sent again where the service allows it."""
