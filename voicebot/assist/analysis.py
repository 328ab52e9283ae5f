"""The analysis of a call, as the call sees it: what each utterance means for the agent, and the summary at the end.

Two speeds. What rules find (:meth:`CallAnalyst.heard`) is pure and there at once, because a rule may have to stop the
listening before a card number is said. Mood, key phrases, articles and a bot's suggestions may come from a service that
is slow, throttled or away: the call awaits them in the background, and goes on without them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from voicebot.assist.entries import ChecklistItem, KeyPhrases, Mood, Suggestion, Summary
from voicebot.events.parties import Party, Role


class AnalysisUnavailable(Exception):
    """The analysis is away, too slow, or refuses us. The text says which service, and why."""


@dataclass(frozen=True, slots=True)
class SpokenLine:
    """One final utterance, after redaction. ``party``: its key. ``language``: its tag (BCP 47), empty if unknown."""

    utterance_id: str
    party: str
    role: Role
    text: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class PauseAsked:
    """A rule wants the listening paused. ``rule``: its name."""

    rule: str


class CallAnalyst(Protocol):
    """What analyses one call. Texts have passed redaction."""

    def begin(self, parties: Sequence[Party]) -> Sequence[ChecklistItem]:
        """The call has begun with these parties: the checklist, with nothing done. Again when the parties change: the
        items as they are by now."""

    def heard(self, line: SpokenLine, *, partial: bool) -> Sequence[Suggestion | ChecklistItem | PauseAsked]:
        """What the rules make of an utterance: at once, and once for each utterance and rule. Pure."""

    def tick(self, item_id: str) -> ChecklistItem | None:
        """The agent has ticked an item. None: there is no such item, or it is done already."""

    async def analyse(self, line: SpokenLine) -> Sequence[Mood | KeyPhrases]:
        """Mood and key phrases of a final utterance, within a deadline. Raises :class:`AnalysisUnavailable`."""

    async def suggest(self, line: SpokenLine) -> Sequence[Suggestion]:
        """What articles, or the bot, suggest after a final utterance, within a deadline. Utterances of one call are
        given in order, one after the other. Raises :class:`AnalysisUnavailable`."""

    async def summary(self, lines: Sequence[SpokenLine]) -> Summary:
        """The summary of the call, within a deadline. Raises :class:`AnalysisUnavailable`."""

    async def close(self) -> None:
        """The call is over. Harmless when repeated."""


class Analysis(Protocol):
    """The analysis of all calls."""

    async def start(self) -> None:
        """Read the knowledge and the rules, and get ready. Raises ValueError with each fault's file, line and mend."""

    def of_call(self, call_id: str, on_suggestion: Callable[[Suggestion], None]) -> CallAnalyst:
        """The analyst of a new call. ``on_suggestion``: for what a bot suggests on its own initiative."""

    def search(self, words: str) -> Sequence[Suggestion]:
        """The articles that fit what somebody has typed, best first. Takes less than a millisecond."""
