"""What the caller has said: gathered, covered, used once."""

from __future__ import annotations

import pytest

from voicebot.events import (
    Alternative,
    AnswerKind,
    ExpectedAnswer,
    Final,
    Hypothesis,
    NoMatch,
    SpeechStarted,
    SpeechStopped,
)
from voicebot.turns import TurnPolicy
from voicebot.turns.caller_speech import COVER_SLACK_S, HYPOTHESIS_SLACK_S, CallerSpeech, CallerTurn

POLICY = TurnPolicy(end_silence_ms=1000, race_grace_ms=250, number_silence_ms=3000, patience_ms=5000, no_words_ms=7000)


def spoken(start: float, end: float, speech: CallerSpeech | None = None) -> CallerSpeech:
    """Voice activity from ``start`` to ``end``; of a fresh caller, or going on."""
    speech = speech or CallerSpeech()
    speech.speech_started(SpeechStarted(start + 0.1, start))
    speech.speech_stopped(SpeechStopped(end + 0.2, end))
    return speech


def deadline(speech: CallerSpeech) -> float | None:
    return speech.deadline(speech.so_far(), POLICY)


def test_a_turn_is_its_finals_and_the_hypothesis_that_is_open() -> None:
    speech = spoken(1.0, 4.0)
    assert speech.final(Final(2.5, " My bill. ", 1.0, 2.0, 0.9))
    assert speech.hypothesis(Hypothesis(4.0, "it is", 3.0, 3.5))
    assert speech.text == "My bill. it is"
    assert speech.hypothesis(Hypothesis(4.1, "it is wrong", 3.0, 4.0))
    assert speech.text == "My bill. it is wrong"
    assert speech.final(Final(4.5, "It is wrong.", 3.0, 4.0, 0.7))
    assert speech.text == "My bill. It is wrong."


def test_the_confidence_of_a_turn_is_that_of_its_worst_final() -> None:
    speech = spoken(1.0, 4.0)
    for final in (Final(2.5, "a", 1.0, 2.0, 0.9), Final(3.0, "b", 2.0, 2.5, None), Final(4.1, "c", 3.0, 4.0, 0.7)):
        speech.final(final)
    assert speech.take(5.0) == CallerTurn("a b c", 0.7, 3.0)


def test_how_sure_a_phrase_is_that_adds_nothing_does_not_count() -> None:
    speech = spoken(1.0, 4.0)
    for final in (
        Final(2.5, "Yes.", 1.0, 2.0, 0.9),
        Final(3.0, "It is.", 2.0, 2.5, 0.2),
        Final(4.1, "c", 3.0, 4.0, 0.7),
    ):
        speech.final(final)
    seen: list[tuple[str, str]] = []

    def adds_nothing(before: str, text: str) -> bool:
        seen.append((before, text))
        return text == "It is."

    assert speech.take(5.0, adds_nothing) == CallerTurn("Yes. It is. c", 0.7, 3.0)
    assert seen == [("Yes.", "It is."), ("Yes. It is.", "c")]


def test_a_turn_that_ends_in_a_hypothesis_has_no_confidence() -> None:
    speech = spoken(1.0, 4.0)
    speech.final(Final(2.5, "a", 1.0, 2.0, 0.9))
    speech.hypothesis(Hypothesis(4.0, "b", 3.0, 3.9))
    assert speech.take(5.0) == CallerTurn("a b", None, 3.0)


def test_a_turn_without_words_says_how_long_it_was() -> None:
    assert spoken(1.0, 4.0).take(6.0) == CallerTurn("", None, 3.0)
    speaking = CallerSpeech()
    speaking.speech_started(SpeechStarted(1.1, 1.0))
    assert speaking.take(6.0) == CallerTurn("", None, 5.0)
    assert CallerSpeech().take(6.0) == CallerTurn("", None, 0.0)


def test_a_turn_begins_with_its_first_sound_and_goes_on_over_pauses() -> None:
    speech = spoken(3.0, 4.0, spoken(1.0, 2.0))
    assert speech.take(5.0).voiced_s == 3.0


def test_a_turn_has_begun_with_a_voice_or_with_words() -> None:
    speech = CallerSpeech()
    assert not speech.begun
    speech.hypothesis(Hypothesis(1.0, "yes", 0.5, 0.9))
    assert speech.begun
    speech.take(2.0)
    assert not speech.begun
    speech.speech_started(SpeechStarted(3.1, 3.0))
    assert speech.begun
    speech.speech_stopped(SpeechStopped(4.2, 4.0))
    assert speech.begun
    speech.take(5.0)
    assert not speech.begun


# --- the deadline ----------------------------------------------------------------------------------------------------


def test_there_is_no_deadline_without_a_turn() -> None:
    speech = CallerSpeech()
    assert deadline(speech) is None
    speech.speech_stopped(SpeechStopped(1.0, 0.8))  # of a turn that has been taken
    assert deadline(speech) is None


def test_who_never_stops_is_cut_off_and_then_begins_the_next_turn() -> None:
    speech = CallerSpeech()
    speech.speech_started(SpeechStarted(1.1, 1.0))
    assert deadline(speech) == 1.0 + POLICY.max_turn_s
    speech.take(31.0)
    assert deadline(speech) == 31.0 + POLICY.max_turn_s


def test_quiet_is_counted_from_the_last_voiced_sample() -> None:
    speech = spoken(1.0, 4.0)
    assert deadline(speech) == 4.0 + 7.0
    speech.speech_started(SpeechStarted(5.0, 4.9))
    assert deadline(speech) == 1.0 + POLICY.max_turn_s


@pytest.mark.parametrize(
    ("end", "quiet_s"), [(4.0 - COVER_SLACK_S, 1.0), (4.0 - COVER_SLACK_S - 0.01, 5.0), (9.0, 1.0)]
)
def test_a_final_covers_the_speech_when_it_reaches_almost_to_its_end(end: float, quiet_s: float) -> None:
    speech = spoken(1.0, 4.0)
    speech.final(Final(4.3, "billing", 1.0, end))
    assert deadline(speech) == 4.0 + quiet_s


@pytest.mark.parametrize(("end", "quiet_s"), [(4.0 - HYPOTHESIS_SLACK_S, 1.25), (4.0 - COVER_SLACK_S, 5.0), (3.0, 5.0)])
def test_a_hypothesis_must_reach_closer_to_it_because_it_may_lack_a_syllable(end: float, quiet_s: float) -> None:
    speech = spoken(1.0, 4.0)
    speech.hypothesis(Hypothesis(4.3, "billing", 1.0, end))
    assert deadline(speech) == 4.0 + quiet_s


def test_the_newest_result_counts() -> None:
    speech = spoken(1.0, 4.0)
    speech.final(Final(2.5, "my", 1.0, 2.0))
    assert deadline(speech) == 4.0 + 5.0
    speech.final(Final(4.3, "bill", 3.0, 4.0))
    assert deadline(speech) == 4.0 + 1.0
    speech.hypothesis(Hypothesis(4.4, "please", 4.1, 4.3))
    assert deadline(speech) == 4.0 + 1.25


def test_words_without_voice_activity_count_by_the_times_of_the_recogniser() -> None:
    speech = CallerSpeech()
    speech.hypothesis(Hypothesis(2.3, "billing", 1.0, 2.0))
    assert deadline(speech) == 2.3 + 1.25
    speech.final(Final(2.6, "Billing.", 1.0, 2.0))
    assert deadline(speech) == 2.0 + 1.0


def test_where_the_recogniser_finds_no_words_the_turn_ends_when_it_is_quiet_long_enough() -> None:
    speech = spoken(1.0, 4.0)
    speech.hypothesis(Hypothesis(3.0, "uh", 1.0, 2.0))
    speech.no_match(NoMatch(4.1, 1.0, 4.0))
    assert not speech.has_words
    assert deadline(speech) == 4.0 + 1.0
    speech.speech_started(SpeechStarted(4.2, 4.1))
    speech.speech_stopped(SpeechStopped(5.2, 5.0))
    assert deadline(speech) == 5.0 + 7.0, "that was about what was spoken before"


# --- nothing is used twice -------------------------------------------------------------------------------------------


def used(text: str, end: float) -> CallerSpeech:
    """A caller whose turn a hypothesis ended at ``end``."""
    speech = spoken(1.0, end)
    speech.hypothesis(Hypothesis(end, text, 1.0, end))
    speech.take(end + 1.0)
    return speech


def test_an_empty_result_brings_nothing() -> None:
    speech = spoken(1.0, 4.0)
    assert not speech.hypothesis(Hypothesis(3.0, "", 1.0, 2.0))
    assert not speech.hypothesis(Hypothesis(3.0, "...", 1.0, 2.0))
    speech.hypothesis(Hypothesis(3.0, "noise", 1.0, 2.0))
    assert not speech.final(Final(4.0, "", 1.0, 4.0))
    assert not speech.has_words, "the final has closed the hypothesis"


@pytest.mark.parametrize("text", ["my bill", "My bills."])
def test_a_final_for_used_audio_is_ignored_even_if_it_was_corrected(text: str) -> None:
    assert not used("my bill", 4.0).final(Final(5.0, text, 1.0, 4.0 + COVER_SLACK_S))
    assert not used("my bill", 4.0).hypothesis(Hypothesis(5.0, text, 1.0, 4.0 + COVER_SLACK_S))


@pytest.mark.parametrize("text", ["my bill", "My bills."])
def test_a_final_counts_when_the_caller_has_begun_to_speak_again(text: str) -> None:
    speech = used("my bill", 4.0)
    speech.speech_started(SpeechStarted(4.6, 4.5))
    assert not speech.final(Final(5.0, text, 1.0, 4.0 + COVER_SLACK_S))
    assert not speech.has_words


def test_a_phrase_that_is_longer_without_any_voice_after_it_is_used_already() -> None:
    assert not used("my bill", 4.0).final(Final(5.0, "my bill please", 1.0, 4.6))


def test_a_phrase_that_goes_on_brings_only_its_rest() -> None:
    speech = spoken(4.4, 5.5, used("I would like", 4.0))
    assert speech.hypothesis(Hypothesis(5.0, "I would like to pay", 1.0, 5.0))
    assert speech.text == "to pay"
    assert speech.final(Final(5.9, "I would like to pay my bill.", 1.0, 5.5))
    assert speech.take(6.5).text == "to pay my bill."


def test_a_phrase_that_goes_on_without_a_new_word_brings_nothing() -> None:
    speech = spoken(4.4, 5.5, used("I would like", 4.0))
    assert not speech.final(Final(5.9, "I would like.", 1.0, 5.5))


def test_a_new_phrase_may_begin_with_the_same_words() -> None:
    speech = spoken(4.4, 5.5, used("no", 4.0))
    assert speech.final(Final(5.9, "no no", 4.4, 5.5))
    assert speech.text == "no no"


def test_a_phrase_that_begins_where_the_turn_ended_is_new_even_if_no_voice_was_detected() -> None:
    speech = used("no", 4.0)
    assert speech.hypothesis(Hypothesis(5.0, "no no", 4.0, 5.0))
    assert speech.text == "no no"


def test_a_turn_that_finals_have_ended_leaves_no_words_to_be_stripped() -> None:
    speech = spoken(1.0, 4.0)
    speech.final(Final(4.3, "no", 1.0, 4.0))
    speech.take(5.0)
    spoken(4.4, 5.5, speech)
    assert speech.final(Final(5.9, "no way", 3.9, 5.5))
    assert speech.text == "no way"


def test_a_turn_covers_its_words_and_its_sound_whichever_is_later() -> None:
    speech = spoken(1.0, 4.0)
    speech.final(Final(3.0, "billing", 1.0, 2.0))
    speech.take(9.0)
    assert not speech.final(Final(9.5, "more", 3.0, 4.0))
    later = CallerSpeech()
    later.final(Final(3.0, "billing", 1.0, 2.0))
    later.take(9.0)
    assert later.final(Final(9.5, "more", 3.0, 4.0))


def test_a_turn_without_words_uses_nothing_up() -> None:
    speech = spoken(1.0, 4.0)
    speech.take(9.0)
    assert speech.final(Final(9.5, "late", 1.0, 4.0))


def test_what_is_discarded_is_used_up_to_now() -> None:
    speech = spoken(1.0, 4.0)
    speech.hypothesis(Hypothesis(4.0, "yes", 1.0, 4.0))
    speech.discard(5.0)
    assert not speech.begun
    assert not speech.final(Final(5.1, "yes", 1.0, 5.0))
    spoken(5.1, 6.0, speech)
    assert speech.final(Final(6.5, "yes please", 1.0, 6.0))
    assert speech.text == "please"


def test_a_no_match_in_used_audio_does_not_concern_the_turn() -> None:
    speech = used("my bill", 4.0)
    speech.no_match(NoMatch(5.0, 1.0, 4.0 + COVER_SLACK_S))
    speech.speech_started(SpeechStarted(4.6, 4.5))
    speech.speech_stopped(SpeechStopped(5.7, 5.5))
    speech.no_match(NoMatch(5.8, 1.0, 4.2))
    assert deadline(speech) == 5.5 + 7.0
    speech.no_match(NoMatch(5.9, 4.5, 5.5))
    assert deadline(speech) == 5.5 + 1.0


def test_what_may_have_been_said_instead_is_told_with_the_rest_of_the_turn() -> None:
    speech = spoken(1.0, 4.0)
    speech.final(Final(2.5, "You ", 1.0, 2.0, 0.3, (Alternative("Zero.", 0.6), Alternative("Two.", 0.1))))
    speech.final(Final(4.1, "928.", 3.0, 4.0, 0.9, (Alternative("98.", 0.2), Alternative("9 to 8", None))))
    assert speech.take(5.0).others == (
        Alternative("Zero. 928.", 0.6),
        Alternative("You 98.", 0.2),
        Alternative("Two. 928.", 0.1),
        Alternative("You 9 to 8", None),
    )


def test_nothing_is_told_instead_of_words_of_which_some_were_used_or_are_not_final() -> None:
    speech = spoken(1.0, 4.0)
    speech.final(Final(2.5, "You", 1.0, 2.0, 0.3, (Alternative("Zero.", 0.6),)))
    speech.hypothesis(Hypothesis(4.0, "nine", 3.0, 3.9))
    assert speech.take(5.0).others == ()


@pytest.mark.parametrize(("text", "goes_on"), [("A.", False), ("The.", True), ("My number is", True), ("A big", False)])
def test_a_letter_is_no_article_where_digits_are_asked_for(text: str, goes_on: bool) -> None:
    speech = spoken(1.0, 4.0)
    speech.final(Final(4.3, text, 1.0, 4.0))
    digits = ExpectedAnswer(AnswerKind.DIGITS, 1, 1, words=frozenset(("one", "eight")))
    assert speech.so_far(digits, "en-US").goes_on is goes_on
    assert speech.so_far(None, "en-US").goes_on is (goes_on or text == "A.")
