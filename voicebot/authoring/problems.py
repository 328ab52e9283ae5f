"""What is wrong with a folder of dialogs, in words with which its author can mend it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from pathlib import Path


class Severity(StrEnum):
    ERROR = "error"
    """The folder cannot be used."""
    WARNING = "warning"
    """It can be used, but probably not as callers would like."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One fault at one place. ``line`` and ``column`` count from 1; ``code`` is stable, for tools."""

    file: Path
    line: int
    column: int
    code: str
    message: str
    mend: str = ""
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        said = f"{self.file}:{self.line}:{self.column}: {self.message}"
        return f"{said} ({self.mend})" if self.mend else said


MOST_NAMES = 1000
"""So many are looked at for one that is written like another: each takes some 50 µs."""
MOST_SUGGESTIONS = 20
"""For one file, of names that it has itself. Who has more to mend comes again."""


class Suggestions:
    """:func:`did_you_mean` for names of one file, of which there may be tens of thousands, all misspelt."""

    def __init__(self) -> None:
        self._left = MOST_SUGGESTIONS

    def __call__(self, word: str, known: Iterable[str]) -> str:
        self._left -= 1
        return did_you_mean(word, known) if self._left >= 0 else ""


def did_you_mean(word: str, known: Iterable[str], alike: float = 0.6) -> str:
    """``did you mean 'choice'?`` when one of ``known`` is written much like ``word``, else ``""``. ``alike``: how much,
    from 0 to 1."""
    by_folded = {name.lower(): name for name in islice(known, MOST_NAMES)}
    close = difflib.get_close_matches(word.lower(), by_folded, n=1, cutoff=alike)
    return f"did you mean {by_folded[close[0]]!r}?" if close else ""
