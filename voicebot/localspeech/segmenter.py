"""Where phrases begin and end: a small state machine over voice-activity scores, one for each 32 ms of the stream.

    state     on            goes to    and says
    ------    ----------    -------    ----------------------------------------------------------
    QUIET     voice 2x      VOICE      Started (onset: the first of the voiced frames)
    VOICE     silence q     PAUSE      Paused: long enough to guess that the phrase has ended
    VOICE     too long      QUIET      Ended (cut): a phrase has a maximal length
    PAUSE     voice 2x      VOICE      Resumed: the guess was wrong
    PAUSE     silence s     QUIET      Ended
    PAUSE     committed     QUIET      Ended: the client knows that the speaker has finished

"Voice" and "silence" have a hysteresis between them (scores of 0.5 and 0.35). Two frames are asked for where voice
begins, so that a click of 32 ms is none. Time is counted in frames; ``now`` is the number of frames that were fed.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

FRAME_S = 0.032
"""Length of a frame: 256 samples at 8 kHz, 512 at 16 kHz, which is what Silero VAD was trained on."""

_COMMIT_SLACK = 2
"""Frames by which the client may hear the end of speech before this does."""


@dataclass(frozen=True, slots=True)
class Started:
    """Speech has begun in frame ``onset``."""

    onset: int


@dataclass(frozen=True, slots=True)
class Paused:
    """There is no speech since frame ``offset``; the phrase may have ended."""

    offset: int


@dataclass(frozen=True, slots=True)
class Resumed:
    """There is speech again: the phrase continues."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A phrase, from frame ``onset`` to ``offset``. ``cut``: the speaker continues, in another phrase."""

    onset: int
    offset: int
    cut: bool


Edge = Started | Paused | Resumed | Ended


class _State(Enum):
    QUIET = "quiet"
    VOICE = "voice"
    PAUSE = "pause"


@dataclass(frozen=True, slots=True)
class Timing:
    """The silence that makes an end; how long a phrase may be (soft: cut at the next dip); scores."""

    end_s: float = 0.35
    soft_limit_s: float = 14.0
    hard_limit_s: float = 18.0
    enter: float = 0.5
    leave: float = 0.35
    confirm: int = 2


class Segmenter:
    """See the table above. ``pause_s``: the silence that makes a pause; it may be changed at any time."""

    def __init__(self, timing: Timing, pause_s: float = 0.2) -> None:
        self._timing = timing
        self.pause_s = pause_s
        self._state = _State.QUIET
        self._run = 0  # voiced frames in a row where voice is not established
        self._onset = 0
        self._voice_end = 0  # the frame after the last voiced one
        self._committed: int | None = None  # when the client asked for the end of this phrase
        self.now = 0

    @property
    def speaking(self) -> bool:
        """Whether a phrase is open."""
        return self._state is not _State.QUIET

    @property
    def voiced_s(self) -> float:
        """The length of the open phrase so far, without the silence at its end."""
        return (self._voice_end - self._onset) * FRAME_S if self.speaking else 0.0

    @property
    def quiet_s(self) -> float:
        """The silence since the last speech."""
        return (self.now - self._voice_end) * FRAME_S

    def feed(self, score: float) -> list[Edge]:
        """Take the score of the next frame. Returns what it has changed."""
        timing = self._timing
        self.now += 1
        if self._state is _State.QUIET:
            self._run = self._run + 1 if score >= timing.enter else 0
            if self._run < timing.confirm:
                return []
            self._state = _State.VOICE
            self._onset, self._voice_end = self.now - self._run, self.now
            self._run, self._committed = 0, None
            return [Started(self._onset)]
        if self._state is _State.VOICE:
            if score >= timing.leave:
                self._voice_end = self.now
            length = (self.now - self._onset) * FRAME_S
            if length >= timing.hard_limit_s or (length >= timing.soft_limit_s and score < timing.enter):
                return [self._end(cut=True)]
            if self.quiet_s >= min(self.pause_s, timing.end_s) - 1e-9:
                self._state, self._run = _State.PAUSE, 0
                edges: list[Edge] = [Paused(self._voice_end)]
                if self._over():
                    edges.append(self._end(cut=False))
                return edges
            return []
        self._run = self._run + 1 if score >= timing.enter else 0
        if self._run >= timing.confirm:
            self._state, self._voice_end, self._run = _State.VOICE, self.now, 0
            return [Resumed()]
        return [self._end(cut=False)] if self._over() else []

    def commit(self) -> list[Edge]:
        """The client says that the speaker has finished with the audio so far.

        That ends the phrase in its pause, or in the pause that begins now. Voice that goes on is not cut: for it, the
        client was wrong.
        """
        if self._state is _State.QUIET:
            return []
        self._committed = self.now
        return [self._end(cut=False)] if self._state is _State.PAUSE and self._over() else []

    def _over(self) -> bool:
        """Whether the silence ends the phrase."""
        committed = self._committed is not None and self._voice_end <= self._committed + _COMMIT_SLACK
        return self._run == 0 and (committed or self.quiet_s >= self._timing.end_s - 1e-9)

    def finish(self) -> list[Edge]:
        """The stream has ended, and with it an open phrase."""
        return [self._end(cut=False)] if self.speaking else []

    def _end(self, cut: bool) -> Ended:
        offset = self.now if cut else self._voice_end
        self._state, self._run = _State.QUIET, 0
        if cut:
            self._voice_end = self.now
        return Ended(self._onset, offset, cut)
