"""What the service's results say: events with each phrase once, whichever session has reported it."""

from __future__ import annotations

import asyncio
import re
from typing import Any
from typing import Final as Constant

from voicebot.events import Alternative, Event, Final, Hypothesis, NoMatch
from voicebot.json_body import parse_json
from voicebot.speechsdk.drivers import MAX_TEXT, RecognitionReport, RecognitionSignal

MOST: Constant = 6
"""Entries of a result that are looked at."""
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


class RecognitionResults:
    """Of one call. ``last_end``: when the last phrase ended (-inf: there was none); what comes from before that has
    been reported already, by a session that was replaced. ``quiet`` is set while no phrase is unfinished.
    """

    def __init__(self) -> None:
        self.last_end = float("-inf")
        self.quiet = asyncio.Event()
        self.quiet.set()

    def abandon_phrase(self) -> None:
        """The session is gone that has begun a phrase; the next one reports the phrase from its beginning."""
        self.quiet.set()

    def event(self, report: RecognitionReport, start: float, end: float, now: float) -> Event | None:
        """What ``report``, of speech from ``start`` to ``end``, says that is new."""
        match report.signal:
            case RecognitionSignal.HYPOTHESIS if report.text and end > self.last_end:
                self.quiet.clear()
                return Hypothesis(now, report.text, start, end)
            case RecognitionSignal.FINAL | RecognitionSignal.NO_MATCH:
                self.quiet.set()
                return self._phrase(report, start, end, now) if end > self.last_end else None
        return None

    def _phrase(self, report: RecognitionReport, start: float, end: float, now: float) -> Event | None:
        heard = alternatives(report.detail)
        best = heard[0] if heard else Alternative("")
        text = report.text or best.text
        if text:
            self.last_end = end
            return Final(now, text, start, end, best.confidence, tuple(heard[1:]))
        # `InitialSilenceTimeout` is reported after silence, with neither text nor duration: that was no phrase.
        if report.duration > 0 and not recognition_status(report.detail).endswith("SilenceTimeout"):
            self.last_end = end
            return NoMatch(now, start, end)
        return None


def alternatives(detail: str) -> list[Alternative]:
    """The entries of a result's ``NBest`` (Speech service, detailed output), the best first; behind it the same in
    words (its ``Lexical``) without a confidence, where that is written otherwise: "forty two fifty" for "4250".

    What comes from the service is not trusted: anything of another shape counts as absent.
    """
    try:
        body = parse_json(detail) if detail else {}
    except ValueError:
        return []
    entries = body.get("NBest") if isinstance(body, dict) else None
    if not isinstance(entries, list) or not entries or not isinstance(entries[0], dict):
        return []
    found = [_alternative(entries[0], "Display")]
    spoken = Alternative(_alternative(entries[0], "Lexical").text)
    listed = [spoken, *(_alternative(entry, "Display") for entry in entries[1:MOST] if isinstance(entry, dict))]
    for one in listed:
        if _words(one.text) and all(_words(one.text) != _words(other.text) for other in found):
            found.append(one)
    return found


def _alternative(entry: dict[str, Any], name: str) -> Alternative:
    text, confidence = entry.get(name), entry.get("Confidence")
    if isinstance(confidence, bool) or not isinstance(confidence, int | float) or not 0.0 <= confidence <= 1.0:
        confidence = None
    return Alternative(text[:MAX_TEXT] if isinstance(text, str) else "", confidence)


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def recognition_status(detail: str) -> str:
    """The service's ``RecognitionStatus`` (``Success``, ``NoMatch``, ``InitialSilenceTimeout``, ...) or ``""``."""
    try:
        body = parse_json(detail) if detail else {}
    except ValueError:
        return ""
    status = body.get("RecognitionStatus") if isinstance(body, dict) else None
    return status if isinstance(status, str) else ""
