"""What the bot has been asked: each thing numbered, and whether it still owes an answer."""

from __future__ import annotations

from typing import Any

from voicebot.turns.commands import Ask, AskKind


class BotRequests:
    """One call's. Requests are numbered from 1, in their order."""

    def __init__(self) -> None:
        self.count = 0
        """How many there were: the number of the last one."""
        self._owed: set[int] = set()
        self._hypothesis = 0

    @property
    def owed(self) -> bool:
        """Whether the bot has not finished with everything that it was asked."""
        return bool(self._owed)

    @property
    def hypothesis_open(self) -> bool:
        """Whether the bot is still busy with a hypothesis. It is told one at a time: a bot that is slow must not find
        the caller's turn behind a queue of them."""
        return self._hypothesis > 0

    def ask(self, kind: AskKind, text: str = "", **facts: Any) -> Ask:
        """Number a request that the bot has to finish; ``facts`` as in :class:`Ask`."""
        self.count += 1
        self._owed.add(self.count)
        return Ask(self.count, kind, text, **facts)

    def ask_hypothesis(self, text: str) -> Ask:
        """Number a request whose outcome nobody waits for."""
        self.count += 1
        self._hypothesis = self.count
        return Ask(self.count, AskKind.HYPOTHESIS, text)

    def finished(self, request: int) -> bool:
        """The bot has finished with ``request``, or failed at it; False when nobody waits for that."""
        if 0 < request == self._hypothesis:
            self._hypothesis = 0
            return False
        self._owed.discard(request)
        return True
