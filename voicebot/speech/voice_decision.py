"""Decides when the caller begins and stops to speak, from the detector's probabilities, levels and the time.

Pure: windows of audio in, events out. First the window is classified:

    voiced      p > 0.5, and (while quiet) loud enough for the gate
    unvoiced    p < 0.35, or (while quiet) below the gate
    undecided   in between: continues speech or a run of voiced windows, but does not begin one

    state       window                                    what happens
    quiet       voiced or undecided run of `start_ms`     SpeechStarted, onset = one window before the run began
    quiet       unvoiced                                  the run is forgotten
    speaking    voiced                                    remembered as the last voiced window
    speaking    `hangover_ms` since the last voiced or    SpeechStopped, offset = `TRAIL_S` before the end of that
                undecided window                          window

The gate (`gate_dbfs`, set at run time) keeps the bot's own echo and a distant television from starting speech while the
bot talks. It is not applied once speech has begun, because quiet word endings would end it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from voicebot.events import SpeechStarted, SpeechStopped

VOICED: Final = 0.5
UNVOICED: Final = 0.35
LEAD_S: Final = 0.032
"""How long after the voice begins the detector is sure of it (median over 99 recordings: 26 to 44 ms)."""
TRAIL_S: Final = 0.05
"""How long after the voice ends the detector is still sure of it (median over 61 clean recordings: 58 ms)."""


@dataclass(slots=True)
class VoiceDecision:
    """``start_ms``: voice needed for a start; ``hangover_ms``: quiet needed for a stop. Times are in ``loop.time()``
    seconds."""

    start_ms: float = 64.0
    hangover_ms: float = 200.0
    gate_dbfs: float | None = None
    onset: float | None = None
    """The begin of the run of voiced windows that may become speech."""
    last_voice: float | None = None
    """The end of the last window with speech; None while nobody speaks."""

    @property
    def speaking(self) -> bool:
        return self.last_voice is not None

    def window(self, begin: float, end: float, probability: float, level_dbfs: float) -> list[SpeechEvent]:
        """Add the window from ``begin`` to ``end``. Returns the resulting events."""
        if self.last_voice is not None:
            return self._while_speaking(end, probability, self.last_voice)
        gated = self.gate_dbfs is not None and level_dbfs < self.gate_dbfs
        if gated or probability < UNVOICED or (self.onset is None and probability <= VOICED):
            self.onset = None
            return []
        return self._in_a_run(begin if self.onset is None else self.onset, end)

    def _in_a_run(self, onset: float, end: float) -> list[SpeechEvent]:
        if (end - onset) * 1000.0 < self.start_ms - 0.5:
            self.onset = onset
            return []
        self.onset, self.last_voice = None, end
        return [SpeechStarted(end, onset=onset - LEAD_S)]

    def _while_speaking(self, end: float, probability: float, last_voice: float) -> list[SpeechEvent]:
        if probability >= UNVOICED:
            self.last_voice = end
        elif (end - last_voice) * 1000.0 >= self.hangover_ms - 0.5:
            self.last_voice = None
            return [SpeechStopped(end, offset=last_voice - TRAIL_S)]
        return []


SpeechEvent = SpeechStarted | SpeechStopped
