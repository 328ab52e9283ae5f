"""What the service's results say: events with each phrase once, whichever session has reported it."""

from __future__ import annotations

import asyncio

from voicebot.events import Event, Final, Hypothesis, NoMatch
from voicebot.json_body import parse_json
from voicebot.speechsdk.drivers import MAX_TEXT, RecognitionReport, RecognitionSignal


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
        text, confidence = best_alternative(report.detail)
        text = report.text or text
        if text:
            self.last_end = end
            return Final(now, text, start, end, confidence)
        # `InitialSilenceTimeout` is reported after silence, with neither text nor duration: that was no phrase.
        if report.duration > 0 and not recognition_status(report.detail).endswith("SilenceTimeout"):
            self.last_end = end
            return NoMatch(now, start, end)
        return None


def best_alternative(detail: str) -> tuple[str, float | None]:
    """Text and confidence of the best entry of a result's ``NBest`` (Speech service, detailed output); ``("", None)``.

    What comes from the service is not trusted: anything of another shape counts as absent.
    """
    try:
        body = parse_json(detail) if detail else {}
    except ValueError:
        return "", None
    alternatives = body.get("NBest") if isinstance(body, dict) else None
    if not isinstance(alternatives, list) or not alternatives or not isinstance(alternatives[0], dict):
        return "", None
    text, confidence = alternatives[0].get("Display"), alternatives[0].get("Confidence")
    if isinstance(confidence, bool) or not isinstance(confidence, int | float) or not 0.0 <= confidence <= 1.0:
        confidence = None
    return text[:MAX_TEXT] if isinstance(text, str) else "", confidence


def recognition_status(detail: str) -> str:
    """The service's ``RecognitionStatus`` (``Success``, ``NoMatch``, ``InitialSilenceTimeout``, ...) or ``""``."""
    try:
        body = parse_json(detail) if detail else {}
    except ValueError:
        return ""
    status = body.get("RecognitionStatus") if isinstance(body, dict) else None
    return status if isinstance(status, str) else ""
