"""A call that says what a test has it say: its feed is the real one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from voicebot.address import Address
from voicebot.assist.analysis import AnalysisUnavailable
from voicebot.assist.entries import ChecklistItem, Ended, ListeningChanged, PartiesChanged, Summary, Utterance
from voicebot.assist.feed import Feed
from voicebot.events.parties import Party, Role

CALLER = Party("p1", Role.CALLER, "Ada Miller", Address.parse("+15550100"))


def agent(extension: str = "7001") -> Party:
    return Party("p2", Role.AGENT, "Sam", Address.parse(f"sip:{extension}@pbx.example"))


class WatchedCallDouble:
    """A call of :data:`CALLER` and an agent. ``hangs``: what is asked of it never comes."""

    def __init__(self, call_id: str = "c1", extension: str = "7001") -> None:
        self.feed = Feed(call_id)
        self.began_at = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
        self.checklist = {"identity": ChecklistItem("identity", "Check who is calling")}
        self.listening = True
        self.summed_up: Summary | AnalysisUnavailable = Summary("a late parcel", ("a call tomorrow",), ("the refund",))
        self._said = 0
        self.taken_by(extension)

    def taken_by(self, extension: str) -> None:
        self.feed.add(PartiesChanged(self._said * 1000, (CALLER, agent(extension))))

    def say(self, text: str, *, party: str = "p1", partial: bool = False, name: str = "") -> str:
        """Returns the utterance's id."""
        if not name:
            self._said += 1
            name = f"u{self._said}"
        begin = int(name[1:]) * 1000
        self.feed.add(Utterance(name, party, text, begin, begin + 900, partial))
        return name

    async def pause(self, why: str) -> None:
        self._switch(False, why)

    async def resume(self, why: str) -> None:
        self._switch(True, why)

    def _switch(self, on: bool, why: str) -> None:
        if on != self.listening:
            self.listening = on
            self.feed.add(ListeningChanged(self._said * 1000, on, why))

    def tick(self, item_id: str) -> bool:
        if item_id not in self.checklist:
            return False
        self.feed.add(replace(self.checklist[item_id], done_by="agent"))
        return True

    async def summary(self) -> Summary:
        if isinstance(self.summed_up, AnalysisUnavailable):
            raise self.summed_up
        self.feed.add(self.summed_up)
        return self.summed_up

    def end(self) -> None:
        self.feed.add(Ended(self._said * 1000, "client"))
        self.feed.close()
