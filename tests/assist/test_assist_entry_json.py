from __future__ import annotations

import json
from typing import Any, get_args

import pytest

from voicebot.address import Address
from voicebot.assist.entries import (
    ChecklistItem,
    Ended,
    Entry,
    KeyPhrases,
    ListeningChanged,
    Mood,
    PartiesChanged,
    Sentiment,
    Suggestion,
    Summary,
    Trouble,
    Utterance,
    Withheld,
)
from voicebot.assist.entry_json import encode, entry_json
from voicebot.events.parties import Party, Role

ADA = Party("p1", Role.CALLER, "Ada", Address.parse("+15550100"))
CALLER = {"ParticipantId": "p1", "ParticipantRole": "CUSTOMER"}

SHAPES: list[tuple[Entry, dict[str, Any]]] = [
    (
        PartiesChanged(5, (ADA, Party("p2", Role.AGENT))),
        {
            "EventType": "Participants",
            "OffsetMillis": 5,
            "Participants": [
                {**CALLER, "DisplayName": "Ada", "Address": "+15550100"},
                {"ParticipantId": "p2", "ParticipantRole": "AGENT", "DisplayName": "", "Address": ""},
            ],
        },
    ),
    (
        Utterance("u1", "p1", "it is [card number]", 100, 2_100, True, (Withheld("card number", 6, 19),), "en-US"),
        {
            "EventType": "Utterance",
            "UtteranceId": "u1",
            **CALLER,
            "IsPartial": True,
            "BeginOffsetMillis": 100,
            "EndOffsetMillis": 2_100,
            "Content": "it is [card number]",
            "LanguageCode": "en-US",
            "Redaction": {"CharacterOffsets": [{"BeginOffsetChar": 6, "EndOffsetChar": 19, "Category": "card number"}]},
        },
    ),
    (
        Mood("u1", Sentiment.NEGATIVE, -0.51239, -0.25),
        {"EventType": "Sentiment", "UtteranceId": "u1", **CALLER}
        | {"Sentiment": "NEGATIVE", "Score": -0.512, "Trend": -0.25},
    ),
    (
        KeyPhrases("u1", ("late delivery",)),
        {"EventType": "KeyPhrases", "UtteranceId": "u1", **CALLER, "KeyPhrases": ["late delivery"]},
    ),
    (
        Suggestion("s1", "Refunds", "Within 14 days.", "refunds.md: Refunds", "u1", 7.1234),
        {"EventType": "Suggestion", "SuggestionId": "s1", "Title": "Refunds", "Content": "Within 14 days."}
        | {"Source": "refunds.md: Refunds", "UtteranceId": "u1", "Score": 7.123},
    ),
    (
        ChecklistItem("greet", "Greet", "agent"),
        {"EventType": "ChecklistItem", "ItemId": "greet", "Content": "Greet", "DoneBy": "agent"},
    ),
    (
        ListeningChanged(9, False, "rule", at_source=True),
        {"EventType": "Listening", "OffsetMillis": 9, "IsListening": False, "Why": "rule", "AtSource": True},
    ),
    (
        Trouble(9, "analysis", over=True),
        {"EventType": "Trouble", "OffsetMillis": 9, "What": "analysis", "IsOver": True, "ParticipantId": ""},
    ),
    (
        Summary("a late parcel", ("a call tomorrow",), ()),
        {"EventType": "Summary", "Reason": "a late parcel", "Promised": ["a call tomorrow"], "OpenPoints": []},
    ),
    (Ended(9, "client"), {"EventType": "Ended", "OffsetMillis": 9, "Reason": "client"}),
]


@pytest.mark.parametrize(("entry", "shape"), SHAPES, ids=lambda value: type(value).__name__)
def test_each_entry_has_its_shape(entry: Entry, shape: dict[str, Any]) -> None:
    assert entry_json(entry, ADA) == shape


def test_no_kind_of_entry_is_left_out() -> None:
    assert {type(entry) for entry, _ in SHAPES} == set(get_args(Entry))


def test_of_a_party_that_nobody_knows_its_key_is_told() -> None:
    told = entry_json(Utterance("u1", "p7", "hello", 0, 1, False))
    assert (told["ParticipantId"], told["ParticipantRole"]) == ("p7", "OTHER")


@pytest.mark.parametrize("text", ["plain", "Grüße", "two\nlines\r\n", "\u2028", "half \ud83d of it", "\x00"])
def test_any_text_becomes_one_line_that_can_be_sent(text: str) -> None:
    line = encode({"Content": text})
    assert b"\n" not in line and b"\r" not in line
    assert json.loads(line)["Content"] == text.replace("\ud83d", "?")
