"""One turn of a call's record: what the caller did, what the bot said, and when. Times are the loop's, in seconds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

Milliseconds = Callable[[float | None], float | None]
"""From a loop time to milliseconds since the call's start."""


@dataclass(slots=True)
class UtteranceEntry:
    """Something that the bot said, at ``said``, when its synthesis begins. ``heard_s``: how many seconds of it were
    sent to the caller."""

    number: int
    text: str = ""
    prepared: bool = False
    said: float | None = None
    first_audio: float | None = None
    started: float | None = None
    ended: float | None = None
    heard_s: float | None = None
    complete: bool | None = None
    failed: str | None = None

    @property
    def cut(self) -> bool:
        """Whether it was interrupted, and not by a failure."""
        return self.complete is False and self.failed is None


@dataclass(slots=True)
class CallerEntry:
    """What the caller said and pressed. ``text``: what the bot was sent of it."""

    text: str = ""
    speech_start: float | None = None
    speech_end: float | None = None
    first_hypothesis: float | None = None
    final: float | None = None
    final_text: str = ""
    confidence: float | None = None
    keys: list[tuple[str, float]] = field(default_factory=list)


@dataclass(slots=True)
class TurnEntry:
    """One question to the bot. ``ended``: why the caller's turn was over. ``heard_text``: how much of an interrupted
    answer the caller has heard."""

    request: int
    kind: str
    asked: float
    caller: CallerEntry
    ended: str | None = None
    first_message: float | None = None
    done: float | None = None
    failed: str | None = None
    failed_at: float | None = None
    heard_text: str | None = None
    texts: list[str] = field(default_factory=list)
    utterances: dict[int, UtteranceEntry] = field(default_factory=dict)

    def as_json(self, index: int, ms: Milliseconds) -> dict[str, Any]:
        """The turn as it is in the record: :mod:`voicebot.calls.record`."""
        side = self.caller
        utterances = list(self.utterances.values())
        first_packet = _least(u.started for u in utterances)
        cut = next((u for u in utterances if u.cut), None)
        spoke_last = side.speech_end
        if side.keys and (spoke_last is None or side.keys[-1][1] > spoke_last):
            spoke_last = side.keys[-1][1]
        return {
            "index": index,
            "request": self.request,
            "kind": self.kind,
            "ended": self.ended,
            "caller": {
                "text": side.text,
                "speech_start_ms": ms(side.speech_start),
                "speech_end_ms": ms(side.speech_end),
                "first_hypothesis_ms": ms(side.first_hypothesis),
                "final_ms": ms(side.final),
                "final_text": side.final_text,
                "confidence": side.confidence,
                "keys": "".join(key for key, _ in side.keys),
                "keys_ms": [ms(at) for _, at in side.keys],
            },
            "bot": {
                "asked_ms": ms(self.asked),
                "first_message_ms": ms(self.first_message),
                "done_ms": ms(self.done),
                "failed": self.failed,
                "failed_ms": ms(self.failed_at),
                "first_audio_ms": ms(_least(u.first_audio for u in utterances)),
                "first_packet_ms": ms(first_packet),
                "playback_end_ms": ms(_most(u.ended for u in utterances)),
                "text": " ".join(self.texts) or " ".join(u.text for u in utterances if u.text),
                "utterances": [
                    {
                        "utterance": u.number,
                        "text": u.text,
                        "prepared": u.prepared,
                        "said_ms": ms(u.said),
                        "first_audio_ms": ms(u.first_audio),
                        "first_packet_ms": ms(u.started),
                        "playback_end_ms": ms(u.ended),
                        "heard_s": None if u.heard_s is None else round(u.heard_s, 3),
                        "complete": u.complete,
                        "failed": u.failed,
                    }
                    for u in utterances
                ],
                "interrupted": None
                if cut is None
                else {
                    "utterance": cut.number,
                    "at_ms": ms(cut.ended),
                    "heard_s": None if cut.heard_s is None else round(cut.heard_s, 3),
                    "heard_text": self.heard_text,
                },
            },
            "gap_ms": apart(spoke_last, first_packet),
        }


def apart(earlier: float | None, later: float | None) -> float | None:
    """Milliseconds from one loop time to another; None if either is unknown."""
    return None if earlier is None or later is None else round((later - earlier) * 1000, 1)


def _least(values: Iterable[float | None]) -> float | None:
    return min((value for value in values if value is not None), default=None)


def _most(values: Iterable[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)
