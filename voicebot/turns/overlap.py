"""A sound over a prompt, and what becomes of it, for the record of the call."""

from __future__ import annotations

from voicebot.turns.commands import Outcome, Overlapped
from voicebot.turns.interruption import Meaning

_OUTCOMES = {
    Meaning.NOTHING: Outcome.NOISE,
    Meaning.LISTENING: Outcome.BACK_CHANNEL,
    Meaning.UNSURE: Outcome.UNCONFIRMED,
    Meaning.LIKELY: Outcome.UNCONFIRMED,
    Meaning.INTERRUPTION: Outcome.UNCONFIRMED,
}
"""Of a prompt that goes on."""


class Overlap:
    """The one of now."""

    def __init__(self) -> None:
        self._began: float | None = None
        self._echo = False

    def begin(self, at: float) -> None:
        """It has paused the prompt."""
        self._began, self._echo = at, False

    def repeats(self) -> None:
        """The recogniser has heard the bot's own words in it."""
        self._echo = True

    def passed(self, meant: Meaning, text: str, now: float) -> Overlapped:
        """The prompt goes on."""
        echo = self._echo and not text
        return self._end(Outcome.ECHO if echo else _OUTCOMES[meant], text, now)

    def interrupted(self, text: str, now: float) -> Overlapped:
        """The prompt is dropped."""
        return self._end(Outcome.INTERRUPTION, text, now)

    def _end(self, outcome: Outcome, text: str, now: float) -> Overlapped:
        began, self._began = self._began, None
        return Overlapped(now if began is None else began, outcome, text)
