"""One voice activity detector for all calls: their windows are scored together, which costs a third of one by one.

Windows come at any time. One that is due waits for those of other calls, but not for longer than 2 ms, and not at all
where nobody else's has come just before, because then none is likely to come: few calls have no delay. The scores are
made on the event loop's thread, 0.02 ms each. A thread of their own would have to be told of them, and to wait for the
interpreter's lock with its results: that costs more than it takes off (100 calls: 10 to 17 % more time).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from itertools import groupby
from typing import Final

from voicebot.audio.silero import SileroStream, score_together
from voicebot.speech.voice_activity import VoiceActivity, VoiceEvent

log = logging.getLogger(__name__)

WAIT_S: Final = 0.002
"""How long a window waits for others. 100 talking calls have one every 0.3 ms."""
RECENT_S: Final = 0.004
"""Where another call had a window so recently, more are likely to come: sockets are polled every two to three ms."""
MOST: Final = 32
"""So many do not wait any longer: they take half a millisecond."""

Told = Callable[[float], None]
"""Gets the probability, 0 to 1, that somebody speaks in a window."""


class DueWindows:
    """Which windows are due, and how long they may wait. Pure."""

    def __init__(self) -> None:
        self._due: dict[SileroStream, Told] = {}
        self._latest: SileroStream | None = None
        self._latest_at = float("-inf")

    def add(self, stream: SileroStream, told: Told, at: float) -> float:
        """The window of ``stream`` is due at ``at``. Returns for how long from now all that are due may wait."""
        others = bool(self._due) or (self._latest is not stream and at - self._latest_at <= RECENT_S)
        self._latest, self._latest_at = stream, at
        self._due[stream] = told
        return WAIT_S if others and len(self._due) < MOST else 0.0

    def take(self) -> list[tuple[SileroStream, Told]]:
        """All that are due, those of the same rate side by side; none is any more."""
        due = sorted(self._due.items(), key=lambda window: window[0].rate)
        self._due.clear()
        return due

    def drop(self, stream: SileroStream) -> None:
        """The stream has ended."""
        self._due.pop(stream, None)
        if self._latest is stream:
            self._latest, self._latest_at = None, float("-inf")


class SharedDetector:
    """Of a process; used on the event loop's thread."""

    def __init__(self) -> None:
        self._windows = DueWindows()
        self._timer: asyncio.TimerHandle | None = None

    def score(self, stream: SileroStream, told: Told, at: float) -> None:
        """Score the window of ``stream``, which was complete at ``at``. ``told`` gets the result: at once, or within
        2 ms. Until then, nothing else may be done with the stream, except that it ends (:meth:`drop`)."""
        wait_s = self._windows.add(stream, told, at)
        if not wait_s:
            self.run()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(wait_s, self.run)

    def run(self) -> None:
        """Score the windows that wait, without waiting any longer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for _, group in groupby(self._windows.take(), key=lambda window: window[0].rate):
            streams, listeners = zip(*group, strict=True)
            for told, probability in zip(listeners, score_together(streams), strict=True):
                try:
                    told(probability)
                except Exception:  # a defect in one call must not make the others deaf
                    log.exception("a call failed with the score of its window")

    def drop(self, stream: SileroStream) -> None:
        """``stream`` has ended: what waits of it is not scored, and nobody is told."""
        self._windows.drop(stream)


class DetectedFrames:
    """The frames of one stream, in order, each with the events that follow from it."""

    def __init__(self, activity: VoiceActivity, detector: SharedDetector) -> None:
        self._activity = activity
        self._detector = detector
        self._unscored: Callable[[list[VoiceEvent]], None] | None = None  # of the frame whose window is being scored

    def settle(self) -> None:
        """Pass on what waits: what happens next follows it. To be called before each frame."""
        if self._unscored is not None:
            self._detector.run()

    def hear(self, payload: bytes, at: float, pass_on: Callable[[list[VoiceEvent]], None]) -> None:
        """``payload``, whose last sample was spoken at ``at``, goes to voice activity detection. ``pass_on`` gets the
        events that follow: at once, or when the window that the frame completes has been scored."""
        events = self._activity.hear(payload, at)
        if events is None:
            self._unscored = pass_on
            self._detector.score(self._activity.stream, self._scored, at)
        else:
            pass_on(events)

    def end(self) -> None:
        """The stream has ended; what waits is not passed on."""
        self._detector.drop(self._activity.stream)
        self._unscored = None

    def _scored(self, probability: float) -> None:
        pass_on, self._unscored = self._unscored, None
        if pass_on is not None:
            pass_on(self._activity.scored(probability))
