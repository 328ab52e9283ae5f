"""Analyses the audio from the bot frame by frame: when there is sound, when it is speech, and when that has ended.

Each received 20 ms frame gets one of three marks by its level:

* ``SILENT``: digital silence, or no louder than the noise of the line;
* ``SOUNDING``: some sound, such as the quiet ends of speech, a breath, or a synthesiser's noise floor;
* ``AUDIBLE``: a person on the phone hears it.

A *run* of speech begins with a sounding frame, has at least ``CONFIRM`` audible ones (a click is not speech), and ends
when nothing is audible for ``quiet_s``. Times are those of the packets' arrival: exact to one frame, and including the
delay of the network. The noise floor is the quietest of the last ``FLOOR_FRAMES`` frames, so that speech is also found
above comfort noise.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import numpy as np

from voicebot.audio import AudioFormat

SOUNDING_DBFS: Final = -66.0
AUDIBLE_DBFS: Final = -48.0
SOUNDING_OVER_FLOOR_DB: Final = 6.0
AUDIBLE_OVER_FLOOR_DB: Final = 12.0
MAX_FLOOR_DBFS: Final = -50.0
"""Louder sounds are never taken for noise of the line, even if they do not stop."""
FLOOR_FRAMES: Final = 150
CONFIRM: Final = 3
"""How many audible frames make a run speech."""
JOIN_S: Final = 0.1
"""Sounding frames closer than this to each other belong to the same run."""
MAX_FRAMES: Final = 50 * 3600 * 2
"""Marks are stored for two hours; later frames are followed, but not measured."""

_NOTHING_DBFS: Final = -100.0


class Mark(IntEnum):
    SILENT = 0
    SOUNDING = 1
    AUDIBLE = 2


@dataclass(frozen=True, slots=True)
class Run:
    """A run of speech. ``start``: its first packet that is not silence, ``audible``: its first audible one, ``end``:
    its last packet that is not silence, ``last_audible``: its last audible one. Arrival times on the loop's clock."""

    start: float
    audible: float
    end: float
    last_audible: float


def level_dbfs(payload: bytes, audio: AudioFormat) -> float:
    """The RMS level of a payload, in dB relative to full scale; -100 for digital silence and for an empty one."""
    if not payload:
        return _NOTHING_DBFS
    mean = float(np.square(audio.floats(payload), dtype=np.float64).mean())
    return max(_NOTHING_DBFS, 10 * float(np.log10(mean))) if mean > 0 else _NOTHING_DBFS


class Track:
    """The arrival times and marks of all frames, in order, from which the measurements are made."""

    __slots__ = ("marks", "times")

    def __init__(self) -> None:
        self.times: array[float] = array("d")
        self.marks = bytearray()

    def __len__(self) -> int:
        return len(self.marks)

    def add(self, at: float, mark: Mark) -> None:
        if len(self.marks) < MAX_FRAMES:
            self.times.append(at)
            self.marks.append(mark)

    def runs(self, hole_s: float) -> list[Run]:
        """The runs of speech, with at least ``hole_s`` seconds of silence between them."""
        return runs(self.times, self.marks, hole_s)


def runs(times: Sequence[float], marks: bytes | bytearray, hole_s: float) -> list[Run]:
    """The runs of speech in marked frames, with at least ``hole_s`` seconds of silence between them, without clicks.

    Vectorised, because it is called during calls, and must not delay others that are being measured.
    """
    at = np.array(times, dtype=np.float64)
    kinds = np.frombuffer(bytes(marks), np.uint8)
    sounding = np.flatnonzero(kinds)
    if not len(sounding):
        return []
    breaks = np.flatnonzero(np.diff(at[sounding]) >= hole_s - 1e-9) + 1
    found: list[Run] = []
    for group in np.split(sounding, breaks):
        audible = group[kinds[group] == Mark.AUDIBLE]
        if len(audible) >= CONFIRM:
            found.append(Run(*(float(at[i]) for i in (group[0], audible[0], group[-1], audible[-1]))))
    return found


class Ear:
    """Follows the audio of one call. ``quiet_s``: the bot has finished when nothing was audible for so long."""

    def __init__(self, audio: AudioFormat, *, quiet_s: float = 0.7) -> None:
        self.track = Track()
        self.quiet_s = quiet_s
        self.current: Run | None = None
        """The present run, from its confirmation until ``quiet_s`` after it; its ``end`` grows."""
        self.last: Run | None = None
        """The last run that has ended."""
        self._audio = audio
        self._floor: deque[float] = deque(maxlen=FLOOR_FRAMES)
        self._floor_db = _NOTHING_DBFS
        self._candidate: list[tuple[float, Mark]] = []

    @property
    def audible_until(self) -> float:
        """When speech was last heard; minus infinity before the first."""
        run = self.current or self.last
        return run.last_audible if run is not None else float("-inf")

    @property
    def speaking(self) -> bool:
        """Whether the bot speaks, or has paused for less than ``quiet_s``."""
        return self.current is not None

    def frame(self, payload: bytes, at: float) -> Mark:
        """Take one frame and update ``current`` and ``last``."""
        mark = self._mark(payload)
        self.track.add(at, mark)
        if self.current is not None:
            self._follow(self.current, mark, at)
        elif mark is not Mark.SILENT:
            self._consider(mark, at)
        return mark

    def tick(self, at: float) -> None:
        """Update ``current`` and ``last`` without a frame: the bot may have stopped sending."""
        if self.current is not None and at - self.current.last_audible >= self.quiet_s:
            self.last, self.current = self.current, None

    def _follow(self, run: Run, mark: Mark, at: float) -> None:
        if at - run.last_audible >= self.quiet_s:
            self.last, self.current = run, None
            if mark is not Mark.SILENT:
                self._consider(mark, at)
        elif mark is Mark.AUDIBLE:
            self.current = Run(run.start, run.audible, at, at)
        elif mark is Mark.SOUNDING:
            self.current = Run(run.start, run.audible, at, run.last_audible)

    def _consider(self, mark: Mark, at: float) -> None:
        """Collect sounding frames until ``CONFIRM`` of them are audible; drop them after a gap of ``JOIN_S``."""
        if self._candidate and at - self._candidate[-1][0] >= JOIN_S:
            self._candidate.clear()
        self._candidate.append((at, mark))
        audible = [t for t, m in self._candidate if m is Mark.AUDIBLE]
        if len(audible) >= CONFIRM:
            self.current = Run(self._candidate[0][0], audible[0], at, audible[-1])
            self._candidate.clear()
        elif len(self._candidate) > FLOOR_FRAMES:
            del self._candidate[0]

    def _mark(self, payload: bytes) -> Mark:
        level = level_dbfs(payload, self._audio)
        leaving = self._floor[0] if len(self._floor) == FLOOR_FRAMES else None
        self._floor.append(level)
        if level <= self._floor_db or leaving is None:
            self._floor_db = min(self._floor_db, level) if len(self._floor) > 1 else level
        elif leaving <= self._floor_db:
            self._floor_db = min(self._floor)
        floor = min(self._floor_db, MAX_FLOOR_DBFS)
        if level > max(AUDIBLE_DBFS, floor + AUDIBLE_OVER_FLOOR_DB):
            return Mark.AUDIBLE
        if level > max(SOUNDING_DBFS, floor + SOUNDING_OVER_FLOOR_DB):
            return Mark.SOUNDING
        return Mark.SILENT
