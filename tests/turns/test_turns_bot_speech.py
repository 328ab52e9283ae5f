"""What the bot has said and what was heard of it."""

from __future__ import annotations

import pytest

from voicebot.events import InputHint, PlaybackEnded
from voicebot.turns import Canned
from voicebot.turns.bot_speech import MAX_QUEUED, BotSpeech, heard_text

ACCEPTING = InputHint.ACCEPTING


def speaking(*texts: str, request: int = 1) -> BotSpeech:
    speech = BotSpeech()
    for text in texts:
        speech.add(request, text, ACCEPTING)
    return speech


def ended(number: int, heard_s: float = 1.0, complete: bool = False) -> PlaybackEnded:
    return PlaybackEnded(5.0, number, heard_s, complete)


@pytest.mark.parametrize(
    ("text", "heard_s", "complete", "heard"),
    [
        ("Welcome to the bank.", 0.0, False, ""),
        ("Welcome to the bank.", 0.0, True, ""),
        ("Welcome to the bank.", 1.0, False, "Welcome to the"),
        ("Welcome to the bank.", 1.0, True, "Welcome to the bank."),
        ("Welcome to the bank.", 2.0, False, "Welcome to the bank."),
        ("Welcome", 0.3, False, ""),
        ("123456789 12345 789", 1.0, False, "123456789"),
        ('<speak version="1.0">Welcome  <break/>to the\nbank.</speak>', 1.0, False, "Welcome to the"),
        ("Welcome, all", 0.7, False, "Welcome,"),
        ("123456789 12345", 1.0, False, "123456789 12345"),
    ],
)
def test_what_was_heard_is_what_fits_into_the_time_cut_at_a_word(
    text: str, heard_s: float, complete: bool, heard: str
) -> None:
    assert heard_text(text, heard_s, complete) == heard


def test_what_is_heard_leaves_the_queue_in_any_order() -> None:
    speech = speaking("one", "two", "three")
    for number, text in ((2, "two"), (1, "one"), (3, "three")):
        assert speech.queued
        utterance = speech.ended(ended(number, complete=True))
        assert utterance is not None
        assert utterance.text == text
    assert not speech.queued
    assert speech.ended(ended(3)) is None


def test_of_a_dropped_turn_all_that_was_heard_is_told_together() -> None:
    speech = speaking("Welcome.", "How can I help you today?")
    speech.interrupt(1)
    assert not speech.queued
    assert speech.dropping
    assert speech.ended(ended(1, 0.8, complete=True)) is None
    assert speech.dropping
    assert speech.ended(ended(2, 0.7)) is None
    assert not speech.dropping
    assert (speech.heard, speech.heard_s) == ("Welcome. How can I", 1.5)
    speech.add(2, "Yes.", ACCEPTING)
    speech.interrupt(2)
    speech.ended(ended(3, 0.0))
    assert (speech.heard, speech.heard_s) == ("", 0.0)


def test_what_comes_later_for_a_dropped_turn_is_not_wanted() -> None:
    speech = speaking("Welcome.")
    speech.interrupt(3)
    assert [speech.wanted(request) for request in (0, 2, 3, 4)] == [True, False, False, True]
    speech.interrupt(1)
    assert not speech.wanted(3)


def test_what_comes_after_words_that_the_bot_took_back_is_wanted() -> None:
    speech = speaking("Welcome.")
    assert not speech.taken_back
    speech.take_back()
    assert speech.dropping
    assert speech.taken_back
    assert not speech.queued
    assert speech.wanted(1)
    speech.interrupt(1)
    assert not speech.taken_back


def test_too_much_at_once_is_cut() -> None:
    assert speaking(*["."] * (MAX_QUEUED - 1)).wanted(2)
    assert not speaking(*["."] * MAX_QUEUED).wanted(2)


def test_what_may_interrupt_is_said_by_what_is_playing() -> None:
    speech = BotSpeech()
    assert speech.speech_interrupts
    assert speech.keys_interrupt
    speech.add(1, "Listen.", InputHint.IGNORING)
    speech.add(1, "Well?", ACCEPTING)
    assert not speech.speech_interrupts
    assert not speech.keys_interrupt
    speech.ended(ended(1))
    assert speech.speech_interrupts
    assert speech.keys_interrupt


def test_an_apology_is_known_and_one_moment_please_is_none() -> None:
    speech = speaking("Welcome.")
    assert not speech.apology_queued
    speech.add(0, "", ACCEPTING, Canned.WAIT)
    assert not speech.apology_queued
    speech.add(0, "", ACCEPTING, Canned.BOT)
    assert speech.apology_queued


def test_only_words_interrupt_until_nothing_is_left_of_the_prompt() -> None:
    speech = speaking("one", "two")
    speech.words_only = True
    speech.remove(1)
    assert speech.words_only
    speech.remove(2)
    assert not speech.words_only, "the next prompt has done nothing wrong"
    for drop in (lambda: speech.interrupt(1), speech.take_back):
        speech.words_only = True
        drop()
        assert not speech.words_only


def test_what_cannot_be_rendered_of_a_dropped_turn_is_not_waited_for() -> None:
    speech = speaking("one", "two")
    speech.interrupt(1)
    assert speech.remove(1) is None
    assert speech.dropping
    assert speech.remove(2) is None
    assert not speech.dropping


def test_utterances_are_numbered_through_the_call() -> None:
    speech = speaking("one", "two")
    speech.interrupt(1)
    assert speech.add(2, "three", ACCEPTING).number == 3
