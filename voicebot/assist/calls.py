"""All calls between people that are listened to, and what is counted of them."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from voicebot.assist.call import AssistCall
from voicebot.assist.entries import Entry, Utterance
from voicebot.assist.redaction import HELD
from voicebot.assist.roster import Roster
from voicebot.assist.services import AssistServices
from voicebot.events.parties import Party, Role
from voicebot.legs.recorded import RecordedCall
from voicebot.tasks import BackgroundTasks

logger = logging.getLogger(__name__)

END_S: Final = 60.0
"""How long calls may take to end after they were hung up: the last words, the summary, the recording."""


class AssistCalls:
    """``services``: for all calls. ``roster``: where they are seen. ``on_line``: gets how long after the end of what
    was said each line was told, in seconds.

    ``ended``: calls by the reason of their end; ``utterances``: final ones, by the role of who has said them;
    ``withheld``: by category, counted when a call is over.
    """

    def __init__(self, services: AssistServices, roster: Roster) -> None:
        self.services = services
        self.roster = roster
        self.on_line: Callable[[float], None] = lambda _: None
        self.ended: Counter[str] = Counter()
        self.utterances: Counter[str] = Counter({role.value: 0 for role in Role})
        self.withheld: Counter[str] = Counter()
        self._running: list[AssistCall] = []
        self._tasks = BackgroundTasks(logger)

    def __len__(self) -> int:
        return len(self._running)

    def accept(self, recorded: RecordedCall) -> AssistCall:
        """Listen to ``recorded``."""
        call = AssistCall(recorded, self.services, self)
        call.begin()
        self._running.append(call)
        self.roster.began(call)
        self._tasks.spawn(self._run(call), f"assist call {call.id}")
        return call

    def running(self) -> list[AssistCall]:
        """The calls that have not ended, the oldest first."""
        return list(self._running)

    @property
    def parties(self) -> int:
        """How many people take part in the running calls."""
        return sum(len(call.parties) for call in self._running)

    @property
    def recognisers(self) -> int:
        """How many recognisers they have now."""
        return sum(call.recognising for call in self._running)

    async def drain(self, limit_s: float) -> None:
        """Wait until all calls have ended. After ``limit_s``, end their recording sessions; the people go on."""
        if not await self._tasks.join(limit_s):
            logger.warning("ending %d recording sessions", len(self._running))
            await asyncio.gather(*(call.hang_up() for call in self._running), return_exceptions=True)
            await self._tasks.join(END_S)

    async def close(self) -> None:
        """End everything; what is not over yet is broken off."""
        await self._tasks.close()

    # --- the calls' watcher ------------------------------------------------------------------------------------------

    def told(self, entry: Entry, party: Party | None) -> None:
        """Count ``entry``."""
        if isinstance(entry, Utterance) and not entry.partial and entry.text:
            self.utterances[(party.role if party is not None else Role.OTHER).value] += 1

    def line(self, late_s: float) -> None:
        """A line was told."""
        self.on_line(late_s)

    def over(self, call: AssistCall) -> None:
        """``call`` has ended."""
        self.roster.ended(call)

    async def _run(self, call: AssistCall) -> None:
        try:
            await call.run()
        finally:
            self._running.remove(call)
            self.roster.ended(call)
        record: dict[str, Any] | None = call.record
        if record is not None:
            self.ended[record["end"]["reason"]] += 1
            self.withheld.update({name: count for name, count in record["withheld"].items() if name != HELD})
