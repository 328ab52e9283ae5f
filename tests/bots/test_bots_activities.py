from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from voicebot.bots import CallFacts, activities
from voicebot.events import TransferEnded

CALL = CallFacts("call-1", "+15550100", "+15550199", "Ada", "en-GB", {"X-Queue": "gold"})
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def test_the_start_says_who_calls_whom_and_how() -> None:
    activity = activities.addressed(activities.conversation_update(), CALL, 1, NOW)
    assert activity["type"] == "conversationUpdate"
    assert activity["membersAdded"] == [{"id": "+15550100", "role": "user", "name": "Ada"}]
    assert activity["channelData"]["sipHeaders"] == {"X-Queue": "gold"}
    assert activity["channelData"]["callee"] == "+15550199"


def test_each_activity_has_the_telephony_channels_envelope() -> None:
    activity = activities.addressed(activities.user_message("hello", 0.93, "de-DE"), CALL, 2, NOW)
    assert activity["id"] == "call-1|0000002"
    assert activity["channelId"] == "telephony"
    assert activity["timestamp"] == "2026-11-22T12:00:00+00:00"
    assert activity["from"] == {"id": "+15550100", "role": "user", "name": "Ada"}
    assert activity["recipient"] == {"id": "+15550199", "role": "bot"}
    assert activity["conversation"] == {"id": "call-1"}
    assert activity["locale"] == "de-DE", "what was recognised knows its language better than the call"
    assert activity["channelData"] == {"source": "speech", "confidence": 0.93}


def test_a_withheld_number_is_anonymous() -> None:
    activity = activities.addressed(activities.resume(), CallFacts("c", "", ""), 1, NOW)
    assert (activity["from"]["id"], activity["recipient"]["id"]) == ("anonymous", "bot")


def test_an_unknown_confidence_is_left_out() -> None:
    assert "confidence" not in activities.user_message("hello")["channelData"]


def test_what_may_have_been_said_instead_is_told_where_it_is_known() -> None:
    told = activities.user_message("4250", 0.9, others=[("forty two fifty", 0.9), ("4252", None)])["channelData"]
    assert told["alternatives"] == [
        {"text": "forty two fifty", "confidence": 0.9},
        {"text": "4252", "confidence": None},
    ]
    assert "alternatives" not in activities.user_message("4250", 0.9)["channelData"]


def test_how_much_was_heard_is_told_where_it_was_not_all() -> None:
    assert activities.user_message("yes", prompt_heard=0.333)["channelData"] == {
        "source": "speech",
        "promptHeard": 0.33,
    }
    assert activities.user_message("yes", prompt_heard=0)["channelData"] == {"source": "speech", "promptHeard": 0}
    assert "promptHeard" not in activities.user_message("yes")["channelData"]


def test_one_key_is_one_message_marked_as_dtmf() -> None:
    activity = activities.key_message("#")
    assert (activity["type"], activity["text"], activity["entities"]) == ("message", "#", [{"type": "DTMF"}])


@pytest.mark.parametrize(
    ("activity", "name", "value"),
    [
        (activities.no_input(2), "noUserInput", 2),
        (activities.speech_hypothesis("my bi"), "speechHypothesis", {"text": "my bi"}),
        (activities.no_match(1), "unrecognizedSpeech", 1),
        (activities.interrupted("Your", 1.2345), "voicebot.interrupted", {"heardText": "Your", "heardSeconds": 1.234}),
        (
            activities.handoff_status(TransferEnded(0.0, True, 200, "OK")),
            "handoff.status",
            {"state": "completed", "message": "OK", "status": 200},
        ),
        (
            activities.handoff_status(TransferEnded(0.0, False, 486, "Busy")),
            "handoff.status",
            {"state": "failed", "message": "Busy", "status": 486},
        ),
    ],
)
def test_events_are_named_as_bots_expect_them(activity: dict[str, object], name: str, value: object) -> None:
    assert (activity["type"], activity["name"], activity["value"]) == ("event", name, value)


def test_the_end_has_a_reason() -> None:
    assert activities.end_of_conversation("caller")["code"] == "completedSuccessfully"
    assert activities.end_of_conversation("media-timeout")["code"] == "channelFailed"


@pytest.mark.parametrize(
    ("uri", "host"),
    [
        ("sip:+15550100@pbx.example.com:5060;user=phone", "pbx.example.com"),
        ("sips:ada@[2001:db8::1]:5061", "[2001:db8::1]"),
        ("sip:10.0.0.1?Subject=x", "10.0.0.1"),
        ("tel:+15550100", ""),
        ("", ""),
    ],
)
def test_a_bot_is_told_the_hosts_of_both_sides(uri: str, host: str) -> None:
    call = CallFacts("c", "a", "b", caller_uri=uri, callee_uri="sip:b@here")
    data = activities.addressed(activities.conversation_update(), call, 1, NOW)["channelData"]
    assert (data["callerHost"], data["calleeHost"]) == (host, "here")


def test_what_the_network_sent_is_bounded() -> None:
    headers = {f"X-{number}": "v" * 100_000 for number in range(1000)}
    call = CallFacts("c", "a", "b", headers=headers)
    start = activities.addressed(activities.conversation_update(), call, 1, NOW)
    said = activities.addressed(activities.user_message("x" * 1_000_000), call, 2, NOW)
    assert len(json.dumps(start)) < 100_000
    diverted = CallFacts("c", "a", "b", headers={"History-Info": "<sip:a@b>;index=1, " * 150, "X-A": "1"})
    told = activities.start_facts(diverted)["sipHeaders"]
    assert told == diverted.headers, "one that was diverted often is told whole"
    assert len(json.dumps(said)) < 10_000


def test_a_bot_is_told_whether_transfers_have_a_fallback() -> None:
    assert activities.start_facts(CallFacts("c", "a", "b"))["fallbackTransfer"] is False
    assert activities.start_facts(CallFacts("c", "a", "b", fallback=True))["fallbackTransfer"] is True
