"""What the model says of each beginning of a text (*prefix*) that it has read, for the length of one decode.

The decoder reads several tokens in one run in little more time than one, so a run is given a guess of what will follow
behind what is asked for. Where the guess was right, the next steps need no run; where not, it has cost little, and
nothing that is decoded hangs on it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from voicebot.localspeech.decoder import Floats, Row, Written
from voicebot.localspeech.decoding import Steps
from voicebot.localspeech.logits import log_sum

Tokens = tuple[int, ...]


@dataclass(slots=True)
class _Place:
    """``at``: after how many of the tokens that were ``written`` in one run."""

    written: Written
    at: int
    log_sum: float = math.nan


class Prefixes:
    """``read``: the first token of all texts, with what was guessed behind it (:meth:`learn`). Prefixes are tokens
    without that first one."""

    def __init__(self, read: Written, guessed: Sequence[int]) -> None:
        self._places: dict[Tokens, _Place] = {}
        self._learn((), read, guessed)

    def __contains__(self, prefix: Tokens) -> bool:
        return prefix in self._places

    def logits(self, prefix: Tokens) -> Floats:
        """What may follow ``prefix``, which is known. Not to be changed."""
        place = self._places[prefix]
        logits: Floats = place.written.logits[place.at]
        return logits

    def log_sum(self, prefix: Tokens) -> float:
        """The logarithm of the sum of the exponentials of :meth:`logits`."""
        place = self._places[prefix]
        if math.isnan(place.log_sum):
            place.log_sum = log_sum(place.written.logits[place.at])
        return place.log_sum

    def read(self, wanted: Sequence[tuple[Tokens, Sequence[int]]]) -> Steps[None]:
        """Have read, in one run, prefixes that are not known, but without their last token are, each with the guess
        behind it."""
        rows = [self._row(prefix, guess) for prefix, guess in wanted]
        for (prefix, guess), written in zip(wanted, (yield rows), strict=True):
            self._learn(prefix, written, guess)

    def _row(self, prefix: Tokens, guess: Sequence[int]) -> Row:
        before = self._places[prefix[:-1]]
        return before.written.after(before.at + 1, (prefix[-1], *guess))

    def _learn(self, prefix: Tokens, written: Written, guess: Sequence[int]) -> None:
        for at in range(len(guess) + 1):
            self._places.setdefault((*prefix, *guess[:at]), _Place(written, at))
