"""How loud this caller is, learnt in the call: other voices and a distant television are fainter.

The level of a stretch of speech is the 80th percentile of its voiced windows: all but its loudest moments. Those in
which the voice dies away do not count, because in a short word they are most of it. The level of the caller is a little
above the median of the last stretches in which the bot was silent: the last word of a saying is often faint. So a
cough, or a single turn of somebody else, changes little.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final

_STRETCHES: Final = 16
_LEAST_WINDOWS: Final = 5
"""160 ms of voice; shorter sounds say nothing."""
_PERCENTILE: Final = 0.8
_ACTIVE_DB: Final = 15.0
"""How far below the loudest window a voice is dying away."""
_RANK: Final = 0.6
_MARGIN_DB: Final = (9.0, 8.0, 7.0)
"""How far below their level callers usually may be: it is known from 1, 2, or 3 and more stretches."""
UNSURE_DB: Final = 4.0
"""How far below that a voice may still be theirs."""
_FAINT_DB: Final = 20.0
"""How far below their level nothing is the caller's, not even a word under the breath."""
_LEAST_DBFS: Final = -55.0


class CallerLevel:
    """Of one call. ``unknown_dbfs``: the gate over the bot's voice as long as nothing is known of the caller."""

    def __init__(self, unknown_dbfs: float) -> None:
        self.unknown_dbfs = unknown_dbfs
        self.dbfs: float | None = None
        """The caller's level; None if it is not known."""
        self._stretches: deque[float] = deque(maxlen=_STRETCHES)

    def heard(self, levels_dbfs: Sequence[float]) -> None:
        """Learn from the voiced windows of a stretch of speech, while the bot was silent."""
        if len(levels_dbfs) >= _LEAST_WINDOWS:
            self._stretches.append(level_of(levels_dbfs))
            self.dbfs = _ranked(self._stretches, _RANK)

    @property
    def margin_db(self) -> float:
        """How far below their level the caller's voice usually may be."""
        return _MARGIN_DB[min(max(1, len(self._stretches)), len(_MARGIN_DB)) - 1]

    @property
    def interrupts_dbfs(self) -> float:
        """What is fainter while the bot speaks is not the caller."""
        if (level := self.dbfs) is None:
            return self.unknown_dbfs
        return max(level - self.margin_db - UNSURE_DB, _LEAST_DBFS)

    @property
    def faint_dbfs(self) -> float | None:
        """What is fainter is never the caller; None if that is not known."""
        return None if (level := self.dbfs) is None else level - _FAINT_DB


def level_of(windows_dbfs: Sequence[float]) -> float:
    """The level of a stretch of speech, from those of its voiced windows."""
    least = least_active(windows_dbfs)
    return _ranked([level for level in windows_dbfs if level >= least], _PERCENTILE)


def least_active(windows_dbfs: Sequence[float]) -> float:
    """In windows below this level, of those of a stretch of speech, the voice is dying away."""
    return max(windows_dbfs) - _ACTIVE_DB


def _ranked(values: Sequence[float] | deque[float], rank: float) -> float:
    return sorted(values)[round(rank * (len(values) - 1))]
