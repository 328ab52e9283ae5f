"""The record of a call between people: one JSON document with its whole transcript and what was found in it.

It is made of the entries that were told (`entries.py`), in their JSON (`entry_json.py`), of each utterance its last
version. Times are milliseconds since the call began; ``started`` and ``ended`` are times of day (ISO 8601, UTC)::

    {"schema": 1, "kind": "assist", "id", "call_id", "session_id", "trunk", "front_end", "remote_address",
     "earlier_call", "started", "ended", "duration_ms", "end": {"reason"},
     "parties": [...],              everybody who has taken part
     "transcript": [...],           the utterances, by their beginning
     "sentiment": [...], "key_phrases": [...], "suggestions": [...], "checklist": [...],
     "listening": [...],            when it was paused, and by whom
     "trouble": [...], "summary": {...} or null,
     "withheld": {"card number": 2},
     "dropped": {...},              entries that found no room, by what they are
     "quality": [...]}              of each stream, and "recording_dropped_frames"
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from voicebot.assist.entries import (
    ChecklistItem,
    Ended,
    Entry,
    KeyPhrases,
    ListeningChanged,
    Mood,
    PartiesChanged,
    Suggestion,
    Summary,
    Trouble,
    Utterance,
)
from voicebot.assist.entry_json import entry_json, party_json, summary_json
from voicebot.assist.redaction import HELD
from voicebot.events.parties import Party
from voicebot.legs.recorded import RecordedInfo

SCHEMA: Final = 1
MOST: Final = 20_000
"""Entries of each kind."""
MOST_PARTIES: Final = 200

_LISTS: Final[dict[type[Entry], str]] = {
    Utterance: "transcript",
    Mood: "sentiment",
    KeyPhrases: "key_phrases",
    Suggestion: "suggestions",
    ChecklistItem: "checklist",
    ListeningChanged: "listening",
    Trouble: "trouble",
}


class AssistRecord:
    """Of one call. :meth:`build` gives the document at any time. ``began_at``: with a time zone."""

    def __init__(self, call: str, began_at: datetime) -> None:
        self._call = call
        self._began_at = began_at
        self._kept: dict[str, dict[str, Entry]] = {name: {} for name in _LISTS.values()}
        self._dropped: Counter[str] = Counter()
        self._parties: dict[str, Party] = {}
        self._summary: Summary | None = None
        self._ended: Ended | None = None
        self.earlier_call = ""

    @property
    def parties(self) -> list[Party]:
        """Everybody who has taken part."""
        return list(self._parties.values())

    def note(self, entry: Entry) -> None:
        """Take what was told."""
        match entry:
            case PartiesChanged():
                for party in entry.parties:
                    if party.key in self._parties or len(self._parties) < MOST_PARTIES:
                        self._parties[party.key] = party
            case Summary():
                self._summary = entry
            case Ended():
                self._ended = entry
            case Utterance(partial=True):
                pass
            case Utterance(text="") if entry.utterance_id not in self._kept["transcript"]:
                pass  # it was nothing
            case _:
                name = _LISTS[type(entry)]
                kept = self._kept[name]
                key = _key(entry) or str(len(kept))
                if key in kept or len(kept) < MOST:
                    kept[key] = entry
                else:
                    self._dropped[name] += 1

    def build(self, info: RecordedInfo, quality: list[dict[str, Any]], recording_dropped: int) -> dict[str, Any]:
        """The record as values for ``json.dumps``."""
        said = [entry for entry in self._kept["transcript"].values() if isinstance(entry, Utterance)]
        self._kept["transcript"] = {one.utterance_id: one for one in sorted(said, key=lambda one: one.begin_ms)}
        withheld = Counter(mark.category for one in said for mark in one.withheld if mark.category != HELD)
        by_utterance = {one.utterance_id: one.party for one in said}
        lists: dict[str, Any] = {
            name: [entry_json(entry, self._party_of(entry, by_utterance)) for entry in kept.values()]
            for name, kept in self._kept.items()
        }
        return {
            "schema": SCHEMA,
            "kind": "assist",
            "id": self._call,
            "call_id": info.call_id,
            "session_id": info.session_id,
            "trunk": info.trunk,
            "front_end": info.front_end,
            "remote_address": info.remote_address,
            "earlier_call": self.earlier_call,
            "started": _iso(self._began_at),
            "ended": _iso(self._began_at + timedelta(milliseconds=self._ended.at_ms)) if self._ended else None,
            "duration_ms": self._ended.at_ms if self._ended else None,
            "end": {"reason": self._ended.reason if self._ended else ""},
            "parties": [party_json(party) for party in self._parties.values()],
            **lists,
            "summary": summary_json(self._summary) if self._summary is not None else None,
            "withheld": dict(withheld),
            "dropped": dict(self._dropped),
            "quality": quality,
            "recording_dropped_frames": recording_dropped,
        }

    def _party_of(self, entry: Entry, by_utterance: dict[str, str]) -> Party | None:
        key = getattr(entry, "party", "") or by_utterance.get(getattr(entry, "utterance_id", ""), "")
        return self._parties.get(key) or (Party(key) if key else None)


def _key(entry: Entry) -> str:
    """Under which an entry replaces an earlier one; empty: it replaces none."""
    match entry:
        case Utterance() | Mood() | KeyPhrases():
            return entry.utterance_id
        case Suggestion():
            return entry.suggestion_id
        case ChecklistItem():
            return entry.item_id
        case _:
            return ""


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
