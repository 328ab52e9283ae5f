"""When a request is answered on a channel that does not say: each rule on passed-in time."""

from __future__ import annotations

from typing import Any

import pytest

from voicebot.bots import events_from_activity
from voicebot.bots.settling import MAX_REMEMBERED, Patience, Settling

PATIENCE = Patience(quiet_s=1.0, typing_s=5.0, silent_s=2.0)
SPOKEN = {"type": "message", "text": "my bill"}
KEY = {"type": "message", "text": "5", "entities": [{"type": "DTMF"}]}


def asked(activity: dict[str, Any], accepted_at: float | None = 0.0) -> Settling:
    settling = Settling(PATIENCE)
    settling.asked(1, activity)
    if accepted_at is not None:
        settling.accepted(1, "a1", accepted_at)
    return settling


def came(settling: Settling, request: int, activity: dict[str, Any], now: float) -> None:
    settling.came(request, activity, events_from_activity(activity, request, now), now)


def test_an_answer_that_expects_input_ends_the_request_at_once() -> None:
    settling = asked(SPOKEN)
    came(settling, 1, {"type": "message", "inputHint": "expectingInput"}, 0.3)
    assert settling.settled(0.3) == [1]
    assert settling.settled(9.0) == []


def test_another_answer_ends_it_after_quiet_and_a_second_one_begins_the_quiet_anew() -> None:
    settling = asked(SPOKEN)
    came(settling, 1, {"type": "message"}, 0.3)
    assert settling.deadline() == 1.3
    came(settling, 1, {"type": "message"}, 1.0)
    assert settling.settled(1.9) == []
    assert settling.settled(2.0) == [1]


def test_nothing_ends_before_the_service_has_accepted_it() -> None:
    settling = asked(SPOKEN, accepted_at=None)
    came(settling, 1, {"type": "message", "inputHint": "expectingInput"}, 0.1)
    assert settling.deadline() is None
    settling.accepted(1, "a1", 4.0)
    assert settling.settled(4.0) == [1]


def test_typing_and_streamed_text_promise_more() -> None:
    settling = asked(SPOKEN)
    came(settling, 1, {"type": "message"}, 0.1)
    came(settling, 1, {"type": "typing"}, 0.2)
    assert settling.deadline() == 5.2
    partial = {"type": "typing", "text": "Well", "entities": [{"type": "streaminfo", "streamType": "streaming"}]}
    came(settling, 1, partial, 5.0)
    assert settling.settled(9.0) == []
    came(settling, 1, {"type": "message", "entities": [{"type": "streaminfo", "streamType": "final"}]}, 9.5)
    assert settling.settled(10.5) == [1]


def test_words_wait_for_an_answer_and_keys_and_events_do_not_need_one() -> None:
    assert asked(SPOKEN).deadline() is None
    assert asked(KEY).deadline() == 2.0
    assert asked({"type": "event", "name": "noUserInput"}).deadline() == 2.0


def test_a_hand_off_and_the_end_of_the_conversation_are_last_words() -> None:
    for last in ({"type": "endOfConversation"}, {"type": "event", "name": "handoff.initiate"}):
        settling = asked(SPOKEN)
        came(settling, 1, last, 0.5)
        assert settling.settled(0.5) == [1]


@pytest.mark.parametrize(
    "answer",
    [
        {"type": "event", "name": "playUrl", "value": {"activityParams": {"playUrlUrl": "https://x.example/a.wav"}}},
        {"type": "event", "name": "sendDtmf", "value": {"activityParams": {"dtmfDigits": "1#"}}},
        {"type": "event", "name": "call.place", "value": {"to": "+14255550123"}},
        {"type": "event", "name": "expectAnotherBotMessage"},
    ],
    ids=lambda answer: answer["name"],
)
def test_what_is_done_in_the_call_is_an_answer_as_words_are(answer: dict[str, Any]) -> None:
    settling = asked(SPOKEN)
    came(settling, 1, answer, 0.5)
    assert settling.deadline() == 1.5


@pytest.mark.parametrize(
    "preparation",
    [
        {"type": "event", "name": "config", "value": {"sessionParams": {"language": "de-DE"}}},
        {"type": "event", "name": "sendMetaData", "value": {"ticket": 7}},
        {"type": "event", "name": "startCallRecording"},
    ],
    ids=lambda preparation: preparation["name"],
)
def test_what_prepares_the_call_for_an_answer_promises_one_and_the_bot_has_not_failed_without_it(
    preparation: dict[str, Any],
) -> None:
    settling = asked(SPOKEN)
    came(settling, 1, preparation, 0.5)
    assert settling.deadline() == 5.5
    came(settling, 1, {"type": "message"}, 3.0)
    assert settling.deadline() == 4.0


def test_an_answer_belongs_to_what_it_names_else_to_the_newest_and_answers_what_was_before() -> None:
    settling = asked(SPOKEN)
    assert settling.belongs_to({"replyToId": "a1"}) == 1
    settling.asked(2, SPOKEN)
    assert settling.belongs_to({"replyToId": "a1"}) == 1
    assert settling.belongs_to({"replyToId": "not known yet"}) == 2
    assert settling.belongs_to({}) == 2
    settling.accepted(2, "a2", 0.5)
    came(settling, 2, {"type": "message"}, 1.0)
    assert settling.settled(2.0) == [1, 2]
    assert settling.belongs_to({"replyToId": "a1"}) == 1
    assert settling.belongs_to({}) == 0


def test_a_request_that_ended_some_other_way_is_waited_for_no_more() -> None:
    settling = asked(KEY)
    settling.closed(1)
    assert settling.deadline() is None and settling.settled(99.0) == []
    assert settling.belongs_to({}) == 0
    settling.closed(1)


def test_the_names_of_the_latest_requests_are_remembered_and_the_oldest_forgotten() -> None:
    settling = Settling(PATIENCE)
    for number in range(1, MAX_REMEMBERED + 2):
        settling.named(number, f"a{number}")
    found = [settling.belongs_to({"replyToId": f"a{number}"}) for number in range(1, MAX_REMEMBERED + 2)]
    assert found == [0, *range(2, MAX_REMEMBERED + 2)]


@pytest.mark.parametrize(
    "entities", [None, [], "DTMF", {"type": "DTMF"}, ["DTMF"], [None, {"type": "other"}], [{"name": "DTMF"}]]
)
def test_words_are_words_whatever_stands_where_a_key_would_be_marked(entities: object) -> None:
    assert asked({**SPOKEN, "entities": entities}).deadline() is None


def test_a_key_is_marked_by_any_of_its_entities() -> None:
    assert asked({**SPOKEN, "entities": [None, {"type": "other"}, {"type": "DTMF"}]}).deadline() == 2.0


def test_a_promise_of_more_holds_for_what_needs_no_answer_and_for_none_longer_than_it_says() -> None:
    settling = asked(KEY)
    came(settling, 1, {"type": "typing"}, 1.0)
    assert settling.deadline() == 6.0
    came(settling, 1, {"type": "event", "name": "anything"}, 1.5)
    assert settling.deadline() == 2.0, "what was promised has come"


def test_an_answer_before_the_request_is_accepted_has_its_quiet_from_the_answer_and_not_before_that() -> None:
    settling = asked(SPOKEN, accepted_at=None)
    came(settling, 1, {"type": "message"}, 0.5)
    settling.accepted(1, "a1", 0.6)
    assert settling.deadline() == 1.5
    settling = asked(SPOKEN, accepted_at=None)
    came(settling, 1, {"type": "message"}, 0.5)
    settling.accepted(1, "", 9.0)
    assert settling.deadline() == 9.0 and settling.belongs_to({"replyToId": ""}) == 1


def test_what_answers_an_older_request_says_nothing_of_a_newer_one() -> None:
    settling = asked(SPOKEN)
    settling.asked(2, SPOKEN)
    settling.accepted(2, "a2", 0.1)
    came(settling, 1, {"type": "message"}, 0.2)
    assert settling.settled(9.0) == [1] and settling.deadline() is None


def test_what_expected_input_once_is_finished_though_another_message_follows() -> None:
    settling = asked(SPOKEN, accepted_at=None)
    came(settling, 1, {"type": "message", "inputHint": "expectingInput"}, 0.1)
    came(settling, 1, {"type": "message"}, 0.2)
    settling.accepted(1, "a1", 0.3)
    assert settling.deadline() == 0.3
