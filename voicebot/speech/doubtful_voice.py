"""A voice over the bot's: is it the caller's, or that of somebody else near the telephone, or of a television? Pure.

Such voices are fainter than the caller's, whose level and pitch are learnt in the call. Any voice has loud moments, so
this is told by half a second of it, or by all of it if it is shorter. It depends on how far below the caller's level it
is, and on its pitch:

    level                     much higher or lower than the caller    otherwise
    up to 4 dB                caller's                                caller's
    up to the margin          unsure                                  caller's
    up to 4 dB more           other                                   unsure
    below                     other                                   other

The margin is that of :class:`~voicebot.speech.caller_level.CallerLevel`.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Final

from voicebot.speech.caller_level import UNSURE_DB, CallerLevel, level_of
from voicebot.speech.pitch import CallerPitch, clear, pitch_of

_LEAST_WINDOWS: Final = 4
_MOST_WINDOWS: Final = 16
"""Windows of 32 ms. A voice that is as loud as the caller's is told from the least, all others from the most."""
_LOUD_DB: Final = 1.0
AS_LOUD_DB: Final = 4.0
_OTHER_OCTAVES: Final = 0.4
"""So much higher or lower than the caller's is 1 in 20 half seconds of their own, and 2 in 3 of somebody else's."""


class Speaker(Enum):
    """Who speaks over the bot."""

    CALLER = "the caller"
    UNSURE = "the caller, or somebody else"
    OTHER = "somebody else"


class DoubtfulVoice:
    """One voice, from when it was detected. ``level`` and ``pitch``: the caller's, as far as they were learnt;
    ``levels_dbfs``: those of its windows until then; ``since``: when it began."""

    def __init__(
        self, level: CallerLevel, pitch: CallerPitch, levels_dbfs: Iterable[float] = (), since: float = 0.0
    ) -> None:
        self.since = since
        self._level, self._pitch = level, pitch
        self._levels = list(levels_dbfs)
        self._pitches: list[float | None] = [None] * len(self._levels)

    def heard(self, level_dbfs: float, pitch: float | None) -> Speaker | None:
        """Add a voiced window. Returns who speaks; None: more of the voice will tell."""
        self._levels.append(level_dbfs)
        self._pitches.append(pitch)
        if len(self._levels) >= _MOST_WINDOWS:
            return self.speaker()
        loud = len(self._levels) >= _LEAST_WINDOWS and self._below_caller_db() <= _LOUD_DB
        return Speaker.CALLER if loud else None

    def speaker(self) -> Speaker:
        """Who speaks, by what was heard so far."""
        below, margin = self._below_caller_db(), self._level.margin_db
        if below <= AS_LOUD_DB:
            return Speaker.CALLER
        if self._is_other_pitch():
            return Speaker.UNSURE if below <= margin else Speaker.OTHER
        if below <= margin:
            return Speaker.CALLER
        return Speaker.UNSURE if below <= margin + UNSURE_DB else Speaker.OTHER

    def _below_caller_db(self) -> float:
        if self._level.dbfs is None or not self._levels:
            return 0.0
        return self._level.dbfs - level_of(self._levels)

    def _is_other_pitch(self) -> bool:
        if not self._levels:
            return False
        callers, this = self._pitch.octaves, pitch_of(clear(self._pitches, self._levels))
        return callers is not None and this is not None and abs(this - callers) > _OTHER_OCTAVES
