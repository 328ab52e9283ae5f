"""The entries of one call, numbered, for any number of readers, of whom none is ever waited for.

A reader has no queue. It knows the number of the last entry that it has, and asks for what has come since, page by
page; who is slow gets more at a time. What is said again replaces what was said before: of an utterance, partial or
final, only the last version is kept, so that a correction (a number that two utterances together turned out to be)
leaves nothing behind, and the history is as long as what was really said. Beyond its bounds the oldest entries are
dropped, and readers who have not had them are told.

All readers of an entry share its text, which is made once. They are woken a few at a time (`readers.py`).
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

from voicebot.assist.entries import (
    ChecklistItem,
    Entry,
    KeyPhrases,
    Mood,
    PartiesChanged,
    Suggestion,
    Summary,
    Utterance,
)
from voicebot.assist.entry_json import encode, entry_json
from voicebot.assist.readers import Readers
from voicebot.events.parties import Party

MOST_ENTRIES: Final = 20_000
"""More than an hour of two people who never stop makes, with all that is found in it."""
PAGE: Final = 100
"""Entries that a reader gets at a time: a millisecond, if nobody has read them before."""


@dataclass(frozen=True)
class Numbered:
    """``number``: from 1; numbers grow, but some are left out. ``first``: the number of the first version of what is
    said again, so that a list of such entries keeps its order. ``party``: whom the entry is about, as known then."""

    call_id: str
    number: int
    first: int
    entry: Entry
    party: Party | None

    @cached_property
    def json(self) -> bytes:
        """In one line, with the call and the number."""
        numbers = {"CallId": self.call_id, "EventNumber": self.number, "FirstEventNumber": self.first}
        return encode(numbers | entry_json(self.entry, self.party))


class News(NamedTuple):
    """At most a page of entries. ``dropped``: the number up to which some are missing that the reader has not had, or
    0."""

    entries: list[Numbered]
    dropped: int = 0


class Feed:
    """The entries of the call ``call_id``. On the event loop only.

    ``on_parties`` is called when the parties are different.
    """

    def __init__(self, call_id: str, *, most: int = MOST_ENTRIES) -> None:
        self.call_id = call_id
        self.closed = False
        self.on_parties: Callable[[], None] = lambda: None
        self._most = most
        self._last = 0
        self._dropped = 0
        self._kept: list[Numbered] = []
        self._versions: dict[tuple[str, ...], int] = {}
        self._parties: dict[str, Party] = {}
        self._readers = Readers()

    def add(self, entry: Entry) -> int:
        """Its number. What comes after :meth:`close` is nobody's news, and gets 0."""
        if self.closed:
            return 0
        party = self._party_of(entry)
        self._last += 1
        first = self._replace(entry)
        if len(self._kept) == self._most:
            self._drop_oldest()
        self._kept.append(Numbered(self.call_id, self._last, first, entry, party))
        self._readers.wake()
        if isinstance(entry, PartiesChanged):
            self._parties = {party.key: party for party in entry.parties}
            self.on_parties()
        return self._last

    def since(self, number: int) -> News:
        """The first page of what has come after the entry ``number``; 0: of everything."""
        begin = self._index(number + 1)
        return News(self._kept[begin : begin + PAGE], self._dropped if number < self._dropped else 0)

    async def news(self, number: int, within_s: float) -> News:
        """The same, when there is any; without entries after ``within_s``, and when no more will come."""
        newer = len(self._kept) - self._index(number + 1)
        if newer > PAGE or (newer and not self._readers.resting) or (self.closed and not newer):
            await asyncio.sleep(0)
        else:
            await self._readers.wait(within_s, news=newer > 0)
        return self.since(number)

    @property
    def last(self) -> int:
        """The number of the latest entry; 0: there is none."""
        return self._last

    @property
    def parties(self) -> tuple[Party, ...]:
        """Who takes part now."""
        return tuple(self._parties.values())

    def close(self) -> None:
        """Nothing more will come. Readers read to the end."""
        self.closed = True
        self._readers.wake()

    def _index(self, number: int) -> int:
        """Of the first entry that has this number or a later one."""
        return bisect_left(self._kept, number, key=lambda numbered: numbered.number)

    def _party_of(self, entry: Entry) -> Party | None:
        key = getattr(entry, "party", "")
        if not key and (number := self._versions.get(("utterance", getattr(entry, "utterance_id", "")))):
            return self._kept[self._index(number)].party
        return self._parties.get(key) or (Party(key) if key else None)

    def _replace(self, entry: Entry) -> int:
        """Drop the earlier version of ``entry``, which becomes the last entry. The number of the first version."""
        name = _name_of(entry)
        if not name:
            return self._last
        earlier, self._versions[name] = self._versions.get(name), self._last
        return self._last if earlier is None else self._kept.pop(self._index(earlier)).first

    def _drop_oldest(self) -> None:
        oldest = self._kept.pop(0)
        self._dropped = oldest.number
        if name := _name_of(oldest.entry):
            self._versions.pop(name, None)


def _name_of(entry: Entry) -> tuple[str, ...]:
    """Under which an entry replaces an earlier one; empty: it replaces none."""
    match entry:
        case Utterance():
            return "utterance", entry.utterance_id
        case Mood():
            return "mood", entry.utterance_id
        case KeyPhrases():
            return "key phrases", entry.utterance_id
        case Suggestion():
            return "suggestion", entry.suggestion_id
        case ChecklistItem():
            return "checklist item", entry.item_id
        case PartiesChanged() | Summary():
            return (type(entry).__name__,)
        case _:
            return ()
