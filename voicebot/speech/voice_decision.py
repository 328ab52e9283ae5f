"""Decides when the caller begins and stops to speak, from the detector's probabilities, levels and the time.

Pure: windows of audio in, events out. First the window is classified:

    voiced      p > 0.5
    unvoiced    p < 0.35
    undecided   in between: continues speech, or a run of voiced windows, but does not begin one

While somebody speaks, a window that is fainter than `fading_dbfs` is voiced only where p > 0.65, and never undecided;
one that is fainter than `faded_dbfs`, only where p > 0.85.

    state       window                                    what happens
    quiet       voiced or undecided run of `start_ms`,    SpeechStarted, onset = one window before the run began
                loud and sure enough, and no echo
    quiet       unvoiced                                  the run is forgotten
    speaking    voiced or undecided                       remembered as the last window with voice
    speaking    `hangover_ms` of other windows            SpeechStopped, offset = `TRAIL_S` before the end of the last
                                                          window with voice
    speaking    `FAINT_MS` since the last of them that    the same, for that window
                was not faint

The gate (`gate_dbfs`, set at run time) keeps other voices and a distant television from starting speech. It applies to
the mean power of the run's last 128 ms, because the beginnings of words are quiet, and loud moments are frequent in any
voice. `least_mean` is that of the probabilities in the same time: a kitchen or music is rarely much like a voice for
long. Once speech has begun, only what stays fainter than `faint_dbfs` ends it, because word endings are quiet.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, NamedTuple

from voicebot.events import SpeechStarted, SpeechStopped

VOICED: Final = 0.5
UNVOICED: Final = 0.35
FADING_VOICED: Final = 0.65
"""For what is much fainter than the voice: more of the noise behind it would pass for voice, and hardly a word ends so.
"""
FADED_VOICED: Final = 0.85
"""For what is hardly heard behind the voice: the detector goes on for some 200 ms after a short word. Not more, because
within words, too, it is quiet: "eight"."""
LEAD_S: Final = 0.032
"""How long after the voice begins the detector is sure of it (median over 99 recordings: 26 to 44 ms)."""
TRAIL_S: Final = 0.05
"""How long after the voice ends the detector is still sure of it (median over 61 clean recordings: 58 ms)."""
FAINT_MS: Final = 500.0
"""Longer than the end of a word is faint."""
_MEAN_OF: Final = 4
"""How many windows of a run must be loud and sure enough on average."""


class _Window(NamedTuple):
    begin: float
    power: float
    probability: float


class Whose(Enum):
    """Whose voice it is that begins."""

    CALLER = "caller"
    BOT = "bot"
    """An echo."""
    UNSURE = "unsure"
    """The next window may tell."""


def callers(_voice_s: float) -> Whose:
    """Every voice is the caller's, where nothing is sent."""
    return Whose.CALLER


@dataclass(slots=True)
class VoiceDecision:
    """``start_ms``: voice needed for a start; ``hangover_ms``: quiet needed for a stop. Times are in ``loop.time()``
    seconds. ``whose`` is asked where speech would start, about the last so many seconds: an echo ends the run."""

    start_ms: float = 64.0
    hangover_ms: float = 96.0
    whose: Callable[[float], Whose] = callers
    gate_dbfs: float | None = None
    least_mean: float = 0.0
    faint_dbfs: float | None = None
    fading_dbfs: float = -math.inf
    """In the noise behind a voice, the detector is sure of neither for long. Over the bot nobody waits for the end."""
    faded_dbfs: float = -math.inf
    """Not above ``fading_dbfs``."""
    onset: float | None = None
    """The begin of the run of voiced windows that may become speech."""
    last_voice: float | None = None
    """The end of the last window with speech; None while nobody speaks."""
    _last_loud: float = 0.0
    _run: deque[_Window] = field(default_factory=deque)

    @property
    def speaking(self) -> bool:
        return self.last_voice is not None

    def forget(self) -> None:
        """The run of voiced windows, if there is one, is nobody's speech."""
        self.onset = None
        self._run.clear()

    def continues(self, probability: float, level_dbfs: float) -> bool:
        """Whether a window continues speech."""
        if level_dbfs >= self.fading_dbfs:
            return probability >= UNVOICED
        return probability > (FADING_VOICED if level_dbfs >= self.faded_dbfs else FADED_VOICED)

    def end(self, at: float) -> SpeechStopped:
        """The voice that speaks is not the caller's."""
        self.last_voice = None
        return SpeechStopped(at, offset=at)

    def window(self, begin: float, end: float, probability: float, level_dbfs: float) -> list[SpeechEvent]:
        """Add the window from ``begin`` to ``end``. Returns the resulting events."""
        if self.last_voice is not None:
            return self._while_speaking(end, probability, level_dbfs, self.last_voice)
        if probability < UNVOICED or (self.onset is None and probability <= VOICED):
            self.forget()
            return []
        self._run.append(_Window(begin, 10.0 ** (level_dbfs / 10.0), probability))
        if len(self._run) > self._longest:
            self._run.popleft()
        return self._in_a_run(begin if self.onset is None else self.onset, end)

    def _in_a_run(self, onset: float, end: float) -> list[SpeechEvent]:
        self.onset = onset
        if (end - onset) * 1000.0 < self.start_ms - 0.5:
            return []
        if not self._enough():
            self.onset = self._run[0].begin  # what was too little for long is not the beginning of what follows
            return []
        whose = self.whose(end - onset)
        if whose is Whose.UNSURE:
            return []
        self.forget()
        if whose is Whose.BOT:
            return []
        self.last_voice = self._last_loud = end
        return [SpeechStarted(end, onset=onset - LEAD_S)]

    def _enough(self) -> bool:
        latest = list(self._run)[-_MEAN_OF:]
        if sum(window.probability for window in latest) < len(latest) * self.least_mean:
            return False
        least: float = 0.0 if self.gate_dbfs is None else 10.0 ** (self.gate_dbfs / 10.0)
        return sum(window.power for window in latest) >= len(latest) * least

    @property
    def _longest(self) -> int:
        return max(_MEAN_OF, math.ceil(self.start_ms / 32.0))

    def _while_speaking(
        self, end: float, probability: float, level_dbfs: float, last_voice: float
    ) -> list[SpeechEvent]:
        if self.continues(probability, level_dbfs):
            self.last_voice = last_voice = end
            if self.faint_dbfs is None or level_dbfs >= self.faint_dbfs:
                self._last_loud = end
        if (end - last_voice) * 1000.0 >= self.hangover_ms - 0.5:
            return self._stop(end, last_voice)
        if (end - self._last_loud) * 1000.0 >= FAINT_MS - 0.5:
            return self._stop(end, self._last_loud)
        return []

    def _stop(self, end: float, last_voice: float) -> list[SpeechEvent]:
        self.last_voice = None
        return [SpeechStopped(end, offset=last_voice - TRAIL_S)]


SpeechEvent = SpeechStarted | SpeechStopped
