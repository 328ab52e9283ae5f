"""Entries as JSON, for streams, webhooks and the API: with the field names and values of Amazon Connect's Contact Lens,
where it has them.

Every object has ``EventType``. ``ParticipantRole`` is ``CUSTOMER``, ``AGENT``, ``SYSTEM`` (our bot) or ``OTHER``;
offsets are milliseconds since the call began, negative before it; characters are counted as Python does: code points.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
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
from voicebot.events.parties import Party, Role

ROLES: Final = {Role.CALLER: "CUSTOMER", Role.AGENT: "AGENT", Role.BOT: "SYSTEM", Role.OTHER: "OTHER"}


def entry_json(entry: Entry, party: Party | None = None) -> dict[str, Any]:
    """``party``: whom an entry is about that names a party or an utterance of it, as far as that is known."""
    match entry:
        case PartiesChanged():
            return _event("Participants", entry.at_ms, Participants=[party_json(party) for party in entry.parties])
        case Utterance():
            return _utterance(entry, party)
        case Mood():
            return {
                "EventType": "Sentiment",
                "UtteranceId": entry.utterance_id,
                **_participant(party),
                "Sentiment": entry.sentiment.upper(),
                "Score": round(entry.score, 3),
                "Trend": round(entry.trend, 3),
            }
        case KeyPhrases():
            return {
                "EventType": "KeyPhrases",
                "UtteranceId": entry.utterance_id,
                **_participant(party),
                "KeyPhrases": list(entry.phrases),
            }
        case Suggestion():
            return {"EventType": "Suggestion", **suggestion_json(entry)}
        case ChecklistItem():
            return {
                "EventType": "ChecklistItem",
                "ItemId": entry.item_id,
                "Content": entry.text,
                "DoneBy": entry.done_by,
            }
        case ListeningChanged():
            return _event(
                "Listening", entry.at_ms, IsListening=entry.listening, Why=entry.why, AtSource=entry.at_source
            )
        case Trouble():
            return _event("Trouble", entry.at_ms, What=entry.what, IsOver=entry.over, ParticipantId=entry.party)
        case Summary():
            return {"EventType": "Summary", **summary_json(entry)}
        case Ended():
            return _event("Ended", entry.at_ms, Reason=entry.reason)


def suggestion_json(suggestion: Suggestion) -> dict[str, Any]:
    """Also for what a search finds."""
    return {
        "SuggestionId": suggestion.suggestion_id,
        "Title": suggestion.title,
        "Content": suggestion.text,
        "Source": suggestion.source,
        "UtteranceId": suggestion.utterance_id,
        "Score": None if suggestion.score is None else round(suggestion.score, 3),
    }


def summary_json(summary: Summary) -> dict[str, Any]:
    """Also for who asks for one."""
    return {"Reason": summary.reason, "Promised": list(summary.promised), "OpenPoints": list(summary.open_points)}


def party_json(party: Party) -> dict[str, Any]:
    """Also for the record."""
    return {
        **_participant(party),
        "DisplayName": party.name,
        "Address": "" if party.address is None else str(party.address),
    }


def encode(event: Mapping[str, Any]) -> bytes:
    """In one line. Half a surrogate pair, which cannot be written, becomes a question mark."""
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _utterance(utterance: Utterance, party: Party | None) -> dict[str, Any]:
    return {
        "EventType": "Utterance",
        "UtteranceId": utterance.utterance_id,
        **_participant(party or Party(utterance.party)),
        "IsPartial": utterance.partial,
        "BeginOffsetMillis": utterance.begin_ms,
        "EndOffsetMillis": utterance.end_ms,
        "Content": utterance.text,
        "LanguageCode": utterance.language,
        "Redaction": {
            "CharacterOffsets": [
                {"BeginOffsetChar": part.begin, "EndOffsetChar": part.end, "Category": part.category}
                for part in utterance.withheld
            ]
        },
    }


def _participant(party: Party | None) -> dict[str, str]:
    party = party or Party("")
    return {"ParticipantId": party.key, "ParticipantRole": ROLES[party.role]}


def _event(kind: str, at_ms: int, **fields: Any) -> dict[str, Any]:
    return {"EventType": kind, "OffsetMillis": at_ms, **fields}
