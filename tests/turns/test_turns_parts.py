"""The small parts: timers, numbered requests, what is deferred, what has failed, the policy of the call."""

from __future__ import annotations

import pytest

from voicebot.events import CallConfigured, Pace
from voicebot.turns import Ask, AskKind, Canned, Expect, Listen, SendKeys, TurnPolicy, UseVoice, numbers_of
from voicebot.turns.bot_requests import BotRequests
from voicebot.turns.call_policy import CallPolicy
from voicebot.turns.deferred import MAX_BOT_KEYS, MAX_KEPT_KEYS, Deferred
from voicebot.turns.failures import Failures
from voicebot.turns.table import Happening
from voicebot.turns.timers import Timers
from voicebot.turns.words import contains, ends_in_number, remainder, words

A, B = Happening.NO_INPUT, Happening.BOT_SLOW


# --- timers ----------------------------------------------------------------------------------------------------------


def test_a_timer_runs_out_at_its_time() -> None:
    timers = Timers()
    assert timers.next() is None
    timers.start(A, 2.0)
    timers.start(B, 3.0)
    assert timers.next() == 2.0
    assert [timers.run_out(now) for now in (1.9, 2.0, 3.0)] == [[], [A], [A, B]]
    timers.stop((A,))
    assert not timers.runs(A)
    assert timers.runs(B)
    assert timers.next() == 3.0
    timers.start(B, 1.0)
    assert timers.run_out(1.0) == [B]
    timers.clear()
    assert timers.next() is None


def test_on_hold_the_timers_stand_still_and_go_on_with_what_was_left() -> None:
    timers = Timers()
    timers.start(A, 5.0)
    timers.hold(3.0)
    timers.hold(4.0)
    assert timers.next() is None
    assert timers.run_out(9.0) == []
    timers.unhold(10.0)
    assert timers.next() == 12.0
    timers.unhold(11.0)
    assert timers.next() == 12.0


# --- requests --------------------------------------------------------------------------------------------------------


def test_requests_are_numbered_and_owed_until_they_are_finished() -> None:
    requests = BotRequests()
    assert not requests.owed
    assert requests.ask(AskKind.START) == Ask(1, AskKind.START)
    assert requests.ask(AskKind.NO_INPUT, count=2) == Ask(2, AskKind.NO_INPUT, count=2)
    assert requests.count == 2
    assert requests.finished(1)
    assert requests.owed
    assert requests.finished(2)
    assert not requests.owed


def test_nobody_waits_for_what_comes_of_a_hypothesis() -> None:
    requests = BotRequests()
    assert requests.finished(0), "the bot on its own initiative"
    assert not requests.hypothesis_open
    assert requests.ask_hypothesis("my") == Ask(1, AskKind.HYPOTHESIS, "my")
    assert requests.hypothesis_open
    assert not requests.owed
    requests.ask(AskKind.SPEECH, "my bill")
    assert requests.finished(2)
    assert requests.hypothesis_open
    assert not requests.finished(1)
    assert not requests.hypothesis_open
    assert requests.finished(1)


# --- what is deferred ------------------------------------------------------------------------------------------------


def test_keys_are_kept_apart_by_what_they_wait_for() -> None:
    deferred = Deferred()
    assert not deferred.keys_kept
    assert not deferred.dropped_by_key
    deferred.press("1", 0.0)
    deferred.keep_key()
    deferred.press("2", 0.0)
    deferred.keep_dropping_key()
    deferred.press("3", 0.0)
    assert deferred.pressed_key() == "3"
    assert deferred.keys_kept
    assert deferred.dropped_by_key
    assert deferred.kept_keys() == ["1"]
    assert deferred.dropping_keys() == ["2"]
    assert not deferred.keys_kept
    assert not deferred.dropped_by_key
    assert deferred.kept_keys() == deferred.dropping_keys() == []


def test_no_more_is_kept_than_is_sensible() -> None:
    deferred = Deferred()
    for _ in range(MAX_KEPT_KEYS + 1):
        deferred.press("1", 0.0)
        deferred.keep_key()
    assert len(deferred.kept_keys()) == MAX_KEPT_KEYS
    for _ in range(MAX_BOT_KEYS + 1):
        deferred.send_keys("1")
    assert deferred.bot_keys() == [SendKeys("1")] * MAX_BOT_KEYS
    assert deferred.bot_keys() == []


# --- failures --------------------------------------------------------------------------------------------------------


def test_failures_of_a_kind_are_counted_until_it_works_again() -> None:
    failures = Failures(3)
    assert not failures.recognition_away
    assert [failures.failed(Canned.BOT) for _ in range(2)] == [False, False]
    assert [failures.failed(Canned.SPEECH_SERVICE) for _ in range(2)] == [False, False]
    failures.worked(Canned.BOT)
    assert [failures.failed(Canned.BOT) for _ in range(4)] == [False, False, True, True]
    assert failures.failed(Canned.SPEECH_SERVICE)


# --- the policy of the call ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "name", "value"),
    [
        ({"barge_in": False}, "barge_in", False),
        ({"keys_barge_in": False}, "keys_barge_in", False),
        ({"barge_in_words": 3}, "barge_in_words", 3),
        ({"barge_in_words": 0}, "barge_in_words", 1),
        ({"no_input_s": 3.0}, "no_input_s", 3.0),
        ({"no_input_retries": 2}, "max_no_inputs", 2),
        ({"no_input_speech": "Hello?"}, "no_input_speech", "Hello?"),
        ({"no_input_audio": "https://x/a.wav"}, "no_input_audio", "https://x/a.wav"),
        ({"no_input_event": True}, "no_input_event", True),
        ({"masking_s": 1.0}, "masking_s", 1.0),
        ({"masking_text": "Wait."}, "masking_text", "Wait."),
        ({"masking_audio": "https://x/a.wav"}, "masking_audio", "https://x/a.wav"),
        ({"masking_retries": 2}, "masking_retries", 2),
        ({"bot_give_up_s": 9.0}, "bot_give_up_s", 9.0),
        ({"hypotheses": True}, "hypotheses", True),
    ],
)
def test_what_the_bot_sets_holds_until_it_sets_it_again(facts: dict[str, object], name: str, value: object) -> None:
    policy = CallPolicy(TurnPolicy())
    assert getattr(policy, name) != value or facts == {"barge_in_words": 0}
    assert policy.take(CallConfigured(1.0, **facts)) == []  # type: ignore[arg-type]
    policy.take(CallConfigured(2.0, language="de-DE"))
    assert getattr(policy, name) == value


def test_with_new_phrases_the_patience_is_the_usual_one_again() -> None:
    policy = CallPolicy(TurnPolicy(no_input_s=7.0))
    policy.take(CallConfigured(1.0, no_input_s=3.0))
    assert policy.take(CallConfigured(1.0, phrases=("yes",))) == [Expect(("yes",))]
    assert policy.no_input_s == 7.0


def test_what_the_call_has_to_do_for_it_is_told() -> None:
    take = CallPolicy(TurnPolicy()).take
    assert take(CallConfigured(1.0, listening=False)) == [Listen(False)]
    assert take(CallConfigured(1.0, voice="a")) == [UseVoice("a", "")]
    assert take(CallConfigured(1.0, language="de-DE")) == [UseVoice("", "de-DE")]


def test_the_silence_that_ends_a_turn_may_be_longer_and_is_the_usual_one_after_0() -> None:
    policy = CallPolicy(TurnPolicy(end_silence_ms=350))
    for seconds in (0.5, 2.0):
        policy.take(CallConfigured(1.0, end_silence_s=seconds))
        assert policy.listening.end_silence_ms == seconds * 1000
    policy.take(CallConfigured(1.0, end_silence_s=0.0))
    assert policy.listening == policy.settings


def test_a_question_may_have_a_pace_of_its_own() -> None:
    policy = CallPolicy(TurnPolicy(end_silence_ms=300))
    policy.take(CallConfigured(1.0, phrases=(), pace=Pace.PATIENT))
    patient = policy.listening
    assert patient == policy.settings.at_pace(Pace.PATIENT)
    assert patient.end_silence_ms > 300 and patient.no_input_s == policy.settings.no_input_s
    policy.take(CallConfigured(1.1, end_silence_s=2.0))
    assert policy.listening == patient.with_end_silence(2.0)
    policy.take(CallConfigured(1.2, end_silence_s=0.0))
    assert policy.listening == patient
    policy.take(CallConfigured(1.3, phrases=()))
    assert policy.listening == policy.settings


def test_each_pace_waits_longer_than_the_one_before() -> None:
    quick, usual, patient = (numbers_of(pace) for pace in Pace)
    assert TurnPolicy().at_pace(Pace.USUAL) == TurnPolicy()
    for name, value in usual.items():
        assert quick[name] < value < patient[name], name


@pytest.mark.parametrize(
    ("speech", "audio", "event", "reminder"),
    [("", "", False, False), ("a", "", False, True), ("", "b", False, True), ("a", "b", True, False)],
)
def test_a_silent_caller_is_reminded_where_the_bot_has_set_how(
    speech: str, audio: str, event: bool, reminder: bool
) -> None:
    policy = CallPolicy(TurnPolicy())
    policy.take(CallConfigured(1.0, no_input_speech=speech, no_input_audio=audio, no_input_event=event))
    assert policy.reminder is reminder


def test_only_the_file_that_cannot_be_had_is_forgotten() -> None:
    policy = CallPolicy(TurnPolicy())
    policy.take(CallConfigured(1.0, no_input_audio="https://x/a.wav"))
    policy.audio_failed("https://x/b.wav")
    assert policy.reminder
    policy.audio_failed("https://x/a.wav")
    assert not policy.reminder


# --- words -----------------------------------------------------------------------------------------------------------


def test_words_are_compared_without_case_and_punctuation() -> None:
    assert words("Yes, please. It's 5!") == ["yes", "please", "it", "s", "5"]
    assert words(" ... ") == []
    assert contains("Welcome. How can I help?", ["how", "can"])
    assert contains("how can", ["how", "can"])
    assert not contains("how", ["how", "can"])
    assert not contains("how I can", ["how", "can"])


@pytest.mark.parametrize(
    ("text", "number"),
    [("my number is 603", True), ("six Oh.", True), ("nine", True), ("3 apples", False), ("", False), ("ten", False)],
)
def test_a_text_ends_in_a_number_by_its_last_word(text: str, number: bool) -> None:
    assert ends_in_number(text) is number


@pytest.mark.parametrize(
    ("text", "used", "rest"),
    [
        ("I would like to pay.", "i would", "like to pay."),
        ("I would like", "I would like.", ""),
        ("I would", "I would like", "I would"),
        ("I could like", "I would", "I could like"),
        ("I would like", "", "I would like"),
        ("", "I", ""),
        ("Billing, please.", "bill", "please."),
        ("Opening hours.", "open", "hours."),
        ("It doesn't work.", "it does", "It doesn't work."),
        ("Nobody.", "no", "Nobody."),
        ("123456.", "1234", "123456."),
        ("Billing", "bill please", "Billing"),
    ],
)
def test_the_rest_of_a_text_is_what_follows_the_words_that_were_used(text: str, used: str, rest: str) -> None:
    assert remainder(text, used) == rest


def test_an_end_key_that_comes_late_is_ignored_for_a_while() -> None:
    deferred = Deferred()
    assert deferred.press("4", 1.0)
    deferred.allow_late_end_key("#")
    assert not deferred.press("#", 2.0)
    assert not deferred.press("#", 6.0)
    assert deferred.press("#", 6.1)
    deferred.allow_late_end_key("#")
    assert deferred.press("1", 6.2)
    assert deferred.press("#", 6.3)  # it follows another key
