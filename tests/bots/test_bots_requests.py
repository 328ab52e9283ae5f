"""The bookkeeping of requests, on passed-in time."""

from __future__ import annotations

from voicebot.bots.activities import interrupted
from voicebot.bots.requests import MAX_OUTSTANDING, Requests
from voicebot.bots.settling import Patience
from voicebot.events import BotDone, BotFailed, BotMessage, BotRecovered, HangUpAsked

SPOKEN = {"type": "message", "text": "my bill"}


def asked(requests: Requests, now: float = 0.0) -> int:
    request = requests.last + 1
    requests.ask(request, {}, now)
    return request


def test_the_last_number_is_known_also_of_what_was_refused() -> None:
    requests = Requests(10, ours=True)
    assert asked(requests) == 1
    refused = 2
    assert requests.refused(refused, "away", 1.0) == [BotFailed(1.0, 2, "away")]
    assert asked(requests) == 3


def test_messages_belong_to_their_request_and_end_with_it() -> None:
    requests = Requests(10, ours=True)
    request = asked(requests)
    hello = {"type": "message", "text": "hello"}
    assert [type(event) for event in requests.activity(request, hello, 1.0)] == [BotMessage]
    assert requests.done(request, 2.0) == [BotDone(2.0, 1)]
    assert requests.activity(request, hello, 3.0) == []


def test_the_bots_own_initiative_is_request_zero() -> None:
    event = Requests(10, ours=True).activity(0, {"type": "message", "text": "hello"}, 1.0)[0]
    assert isinstance(event, BotMessage)
    assert event.request == 0


def test_one_deadline_runs_that_of_the_oldest_since_it_is_the_oldest() -> None:
    requests = Requests(10, ours=True)
    assert requests.deadline() is None
    first, second = asked(requests, 0.0), asked(requests, 4.0)
    assert requests.deadline() == 10.0
    requests.done(first, 6.0)
    assert requests.deadline() == 16.0
    assert requests.due(15.9) == []
    failed = requests.due(16.0)
    assert [(type(event), event.request) for event in failed if isinstance(event, BotFailed)] == [(BotFailed, second)]
    assert requests.deadline() is None


def test_a_bot_that_answers_late_has_recovered_but_its_late_words_are_dropped() -> None:
    requests = Requests(10, ours=True)
    request = asked(requests)
    requests.due(10.0)
    assert requests.activity(request, {"type": "message", "text": "late"}, 11.0) == []
    assert requests.done(request, 11.0) == [BotRecovered(11.0)]
    assert requests.done(request, 12.0) == []


def test_when_the_connection_is_lost_all_that_is_outstanding_fails_and_recovers_once() -> None:
    requests = Requests(10, ours=True)
    asked(requests), asked(requests)
    assert requests.lost("gone", 1.0) == [BotFailed(1.0, 1, "gone"), BotFailed(1.0, 2, "gone")]
    assert requests.back(2.0) == [BotRecovered(2.0)]
    assert requests.back(3.0) == []


def test_a_call_that_lost_nothing_does_not_notice() -> None:
    requests = Requests(10, ours=True)
    requests.done(asked(requests), 1.0)
    assert requests.lost("gone", 2.0) == []
    assert requests.back(3.0) == []


def test_a_call_that_was_refused_meanwhile_is_told() -> None:
    requests = Requests(10, ours=True)
    requests.refused(1, "away", 1.0)
    assert requests.back(2.0) == [BotRecovered(2.0)]


def test_a_dialog_that_fails_is_asked_again_once_not_for_ever() -> None:
    requests = Requests(10, ours=True)
    assert requests.failed(asked(requests), "boom", 1.0) == [BotFailed(1.0, 1, "boom"), BotRecovered(1.0)]
    assert requests.failed(asked(requests), "boom", 2.0) == [BotFailed(2.0, 2, "boom")]
    assert requests.failed(asked(requests), "boom", 3.0) == [BotFailed(3.0, 3, "boom")]
    assert requests.done(asked(requests), 4.0) == [BotDone(4.0, 4), BotRecovered(4.0)]
    assert requests.failed(asked(requests), "boom", 5.0)[1:] == [BotRecovered(5.0)]


def test_it_is_full_at_its_bound() -> None:
    requests = Requests(10, ours=True)
    for _ in range(MAX_OUTSTANDING):
        assert not requests.full
        asked(requests)
    assert requests.full


def test_words_that_come_late_are_the_bots_own_unless_the_caller_has_interrupted_since() -> None:
    requests = Requests(10)
    late = {"type": "message", "text": "late"}
    given_up = asked(requests)
    requests.due(10.0)
    assert [getattr(event, "request", None) for event in requests.activity(given_up, late, 11.0)] == [0]
    requests.ask(requests.last + 1, interrupted("Your", 0.5), 12.0)
    assert requests.activity(given_up, late, 13.0) == []
    assert requests.activity(given_up, {"type": "endOfConversation"}, 13.0) == [HangUpAsked(13.0, "completed")]


def test_a_bot_of_others_does_not_recover_it_would_not_know_how_to_ask_again() -> None:
    requests = Requests(10)
    requests.failed(asked(requests), "boom", 1.0)
    assert requests.done(asked(requests), 2.0) == [BotDone(2.0, 2)]
    assert requests.back(3.0) == []


def test_a_request_ends_when_it_was_taken_or_with_patience_when_it_was_answered() -> None:
    at_once, patient = Requests(10), Requests(10, patience=Patience(quiet_s=1.0, typing_s=5.0, silent_s=2.0))
    for requests in (at_once, patient):
        requests.handing_over(asked(requests), SPOKEN)
    assert at_once.accepted(1, "a1", 1.0) == [BotDone(1.0, 1)]
    assert patient.accepted(1, "a1", 1.0) == []
    answer = {"type": "message", "text": "hello", "replyToId": "a1"}
    assert patient.belongs_to(answer) == 1
    patient.activity(1, answer, 1.5)
    assert patient.deadline() == 2.5
    assert patient.due(2.4) == []
    assert patient.due(2.5) == [BotDone(2.5, 1)]
    assert patient.deadline() is None
