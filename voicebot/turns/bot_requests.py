"""The requests to the bot: numbered, and noted until the bot has finished with them."""

from __future__ import annotations

from typing import Any

from voicebot.turns.commands import Ask, AskKind

_UNANSWERED = (AskKind.INTERRUPTED, AskKind.COMMAND_RESULT, AskKind.AUDIO_FAILED)
"""Requests that tell the bot something about which it says nothing to the caller."""


class BotRequests:
    """The requests of one call, numbered from 1 in order."""

    def __init__(self) -> None:
        self.count = 0
        """How many there have been, so also the number of the last one."""
        self._owed: set[int] = set()
        self._answers_owed: set[int] = set()
        self._hypothesis = 0

    @property
    def owed(self) -> bool:
        """Whether the bot has not finished with all requests."""
        return bool(self._owed)

    @property
    def answer_owed(self) -> bool:
        """Whether the bot may still answer the caller: then its next message is to something said before."""
        return bool(self._answers_owed)

    @property
    def hypothesis_open(self) -> bool:
        """Whether the bot has not finished with the last hypothesis. It gets the next one only then, so that for a slow
        bot the caller's turn does not have to wait behind many hypotheses."""
        return self._hypothesis > 0

    def ask(self, kind: AskKind, text: str = "", **facts: Any) -> Ask:
        """Make a request that the bot has to finish; ``facts`` are fields of :class:`Ask`."""
        self.count += 1
        self._owed.add(self.count)
        if kind not in _UNANSWERED:
            self._answers_owed.add(self.count)
        return Ask(self.count, kind, text, **facts)

    def ask_hypothesis(self, text: str) -> Ask:
        """Make a request with a hypothesis, for which the conversation does not wait."""
        self.count += 1
        self._hypothesis = self.count
        return Ask(self.count, AskKind.HYPOTHESIS, text)

    def finished(self, request: int) -> bool:
        """The bot has finished with ``request``, or failed. False: the conversation does not wait for this request."""
        if 0 < request == self._hypothesis:
            self._hypothesis = 0
            return False
        self._owed.discard(request)
        self._answers_owed.discard(request)
        return True
