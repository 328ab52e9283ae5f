"""Our own way of writing and reading activities gives what the SDK's gives."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from voicebot.bots import CallFacts, activities
from voicebot.host import sdk_botbuilder
from voicebot.host.sdk import activity_from_json, activity_to_json

NOW = datetime(2026, 11, 30, 22, 59, 1, 123456, UTC)
ENVELOPE: dict[str, Any] = {
    "id": "1", "timestamp": "2026-01-01T00:00:00.123+00:00", "channelId": "telephony", "serviceUrl": "urn:x",
    "locale": "en-US", "conversation": {"id": "c"}, "from": {"id": "x", "role": "user", "name": "A"},
    "recipient": {"id": "bot", "role": "bot"},
}  # fmt: skip
ACTIVITIES: list[dict[str, Any]] = [
    {"type": "conversationUpdate", "membersAdded": [{"id": "x"}], "channelData": {"a": [1, {"b": None}]}},
    {"type": "message", "text": "hi", "channelData": {"confidence": 0.5}},
    {"type": "message", "text": "1", "entities": [{"type": "DTMF"}]},
    {"type": "message", "text": "1", "entities": [{"type": "DTMF", "more": 1}]},
    {"type": "event", "name": "noUserInput", "value": 2},
    {"type": "event", "name": "x", "value": {"state": "failed", "status": 486}},
    {"type": "message", "text": "x", "attachments": [{"contentType": "a", "content": {"b": [1]}}]},
    {"type": "message", "text": "x", "suggestedActions": {"actions": [{"title": "a", "value": "b"}]}},
    {"type": "endOfConversation", "code": "completedSuccessfully", "unknown": {"a": 1}},
    {"type": "message", "text": 5},
]


def plain(value: Any) -> Any:
    if isinstance(value, list):
        return [plain(item) for item in value]
    return {name: plain(one) for name, one in vars(value).items()} if hasattr(value, "_attribute_map") else value


@pytest.mark.parametrize("activity", ACTIVITIES)
def test_what_is_read_and_written_is_what_the_sdk_reads_and_writes(activity: dict[str, Any]) -> None:
    data = ENVELOPE | activity
    theirs = sdk_botbuilder._deserializer("Activity", data)
    assert plain(activity_from_json(data)) == plain(theirs)
    written = sdk_botbuilder._serializer._serialize(theirs)
    for model, entity in zip(theirs.entities or [], written.get("entities", []), strict=True):
        entity.update(model.additional_properties or {})  # which the SDK leaves out
    assert activity_to_json(theirs) == {**(theirs.additional_properties or {}), **written}


@pytest.mark.parametrize("name", sorted(sdk_botbuilder._by_key))
def test_a_model_that_is_made_at_once_is_what_its_constructor_makes(name: str) -> None:
    kind = sdk_botbuilder.schema_models[name]
    fields = [field for field, _ in sdk_botbuilder._by_key[name].values()]
    for values in ({}, {field: f"a {field}" for field in fields}):
        made = sdk_botbuilder._made(name, values)
        assert type(made) is kind and vars(made) == vars(kind(**values))
        made.additional_properties["new"] = 1
        assert kind().additional_properties == {} == sdk_botbuilder._made(name, {}).additional_properties


CITED = {"type": "https://schema.org/Message", "citation": [{"@type": "Claim", "position": 1}]}


def test_what_the_sdk_has_no_fields_for_is_written_wherever_it_stands() -> None:
    sent = {"type": "message", "text": "x", "new": {"a": [1]}, "entities": [CITED, {"type": "streaminfo", "n": 1}]}
    written = activity_to_json(activity_from_json(ENVELOPE | sent))
    assert {name: written[name] for name in sent} == sent
    assert written["timestamp"] == "2026-01-01T00:00:00.123Z"


@pytest.mark.parametrize("fraction", ["", ".123", ".123456", ".1", ".1234567"])
@pytest.mark.parametrize("zone", ["Z", "+00:00", "+02:00", ""])
def test_a_time_is_what_the_sdk_reads(fraction: str, zone: str) -> None:
    data = ENVELOPE | {"type": "message", "timestamp": f"2026-11-30T22:59:01{fraction}{zone}"}
    ours, theirs = activity_from_json(data).timestamp, sdk_botbuilder._deserializer("Activity", data).timestamp
    assert ours == theirs and ours.utcoffset() == theirs.utcoffset()


def test_the_times_of_calls_are_read_without_the_sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sdk_botbuilder, "_deserializer", None)
    sent = activities.addressed({"type": "message", "text": "x"}, CallFacts("c1", "+1", "+2"), 1, NOW)
    assert activity_from_json(sent).timestamp == NOW


@pytest.mark.parametrize("change", [{"timestamp": "yesterday"}, {"from": 5}, {"membersAdded": {"id": 1}}])
def test_what_is_no_activity_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="not a valid Activity"):
        activity_from_json(ENVELOPE | {"type": "message"} | change)
