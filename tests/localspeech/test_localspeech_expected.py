from __future__ import annotations

import math

import pytest

from voicebot.localspeech.digit_strings import join_digits
from voicebot.localspeech.expected import Scored, displayed, floor, in_doubt, lexical, readings

PHRASES = ("billing", "outage", "opening hours", "speak to an agent")
DIGITS = ("one", "two", "three", "oh", *"0123456789")


def scored(text: str, log_probability: float, tokens: int = 4) -> Scored:
    return Scored(text, log_probability, tokens)


def chosen(written: Scored, *found: Scored, expected: tuple[str, ...] = PHRASES) -> str | None:
    first = readings(written, expected, found)[0].text
    return None if first == written.text else displayed(first)


@pytest.mark.parametrize(
    ("text", "log_probability", "doubted"),
    [
        ("Hotage.", -2.0, True),
        ("Something clear.", -0.1, False),
        ("Outage.", -1.0, False),  # made of the phrases
        ("Billing, outage.", -1.0, False),
        ("Billing hours.", -2.4, True),  # made of them, but the model has no idea
    ],
)
def test_phrases_are_searched_for_where_the_model_was_not_certain_of_something_else(
    text: str, log_probability: float, doubted: bool
) -> None:
    assert in_doubt(scored(text, log_probability), PHRASES) is doubted
    assert not in_doubt(scored(text, log_probability), ())


def test_numerals_are_made_of_digits() -> None:
    assert not in_doubt(scored("One, 23.", -1.0), DIGITS)
    assert in_doubt(scored("There are 23.", -1.0), DIGITS)


def test_digits_of_which_one_may_be_another_are_searched_for() -> None:
    assert not in_doubt(scored("One, 23.", -1.0), DIGITS, lead=2.5)
    assert in_doubt(scored("One, 23.", -1.0), DIGITS, lead=0.3)
    assert not in_doubt(scored("One moment please.", -0.1), DIGITS, lead=0.3)


def test_one_word_of_which_the_model_is_certain_may_be_a_digit() -> None:
    assert in_doubt(scored("What?", -0.1), DIGITS, digits=True)
    assert not in_doubt(scored("What?", -0.1), PHRASES)
    assert not in_doubt(scored("One moment please.", -0.1), DIGITS, digits=True)
    assert not in_doubt(scored("Two.", -0.1), DIGITS, digits=True)


def test_a_doubtful_word_gives_way_to_a_phrase_that_the_audio_supports() -> None:
    assert chosen(scored("Hotage.", -4.0), scored("outage", -5.0)) == "Outage."


def test_nothing_found_is_no_decision() -> None:
    assert chosen(scored("Hotage.", -4.0)) is None


def test_a_phrase_that_the_audio_does_not_support_is_not_taken() -> None:
    assert chosen(scored("Goodbye.", -2.0), scored("Outage.", -9.5)) is None
    assert floor(scored("Goodbye.", -2.0), digits=False) > -20  # there the search ends


def test_the_shorter_a_phrase_the_nearer_it_must_be() -> None:
    assert chosen(scored("Know.", -2.0), scored("No.", -5.5), expected=("yes", "no")) is None
    assert chosen(scored("Know.", -2.0), scored("No.", -4.5), expected=("yes", "no")) == "No."
    assert chosen(scored("Stirling.", -2.0), scored("Billing.", -8.5)) == "Billing."


def test_a_single_digit_may_be_less_likely_than_other_short_phrases() -> None:
    assert chosen(scored("You.", -1.0), scored("Zero.", -5.9), expected=DIGITS) == "Zero."
    assert chosen(scored("Why?", -1.0), scored("One.", -6.5), expected=DIGITS) is None
    assert chosen(scored("Hmm.", -1.0), scored("Oh.", -5.9), expected=DIGITS) is None
    assert chosen(scored("See.", -1.0), scored("Three.", -5.3), scored("Six.", -6.9), expected=DIGITS) is None
    assert chosen(scored("See.", -1.0), scored("Three.", -5.3), scored("Six.", -7.5), expected=DIGITS) == "Three."


def test_all_ways_to_write_a_digit_count_together_beside_another_word() -> None:
    ways = [scored("One.", -6.3), scored("1.", -6.4)]
    assert chosen(scored("On.", -1.0), ways[0], expected=DIGITS) is None
    assert chosen(scored("On.", -1.0), *ways, expected=DIGITS) == "One."


def test_further_words_may_cost_more_but_not_further_digits() -> None:
    written = scored("Lena, Oscar, Papa.", -2.0)
    assert chosen(written, scored("Lima, Oscar, Papa.", -11.0), expected=("lima", "oscar", "papa")) is not None
    assert chosen(scored("Pharaoh, one, two.", -2.0), scored("Zero, one, two.", -11.0), expected=DIGITS) is None


def test_a_short_phrase_does_not_replace_much_that_was_said() -> None:
    assert chosen(scored("A dove, five, two.", -8.0, 8), scored("No.", -8.5), expected=("yes", "no")) is None


def test_a_word_of_two_letters_may_be_heard_as_a_longer_one() -> None:
    assert chosen(scored("Knows.", -0.7), scored("No.", -2.9), expected=("yes", "no")) == "No."
    assert chosen(scored("Nothing.", -0.7), scored("No.", -2.9), expected=("yes", "no")) is None


def test_a_sentence_is_not_replaced_by_a_numeral() -> None:
    assert chosen(scored("Give me a 20 ounce dark roast", -7.0, 12), scored("10.", -11.5), expected=DIGITS) is None


def test_two_phrases_alike_are_no_decision() -> None:
    assert chosen(scored("Hotage.", -4.0), scored("Outage.", -4.5), scored("Billing.", -5.0)) is None


def test_one_answer_written_in_several_ways_does_not_compete_with_itself() -> None:
    ways = [scored("Two, three, one.", -4.2), scored("2-3-1", -4.5), scored("231", -5.0)]
    assert chosen(scored("To three one.", -4.0), *ways, expected=DIGITS) == "Two, three, one."
    assert chosen(scored("To three one.", -4.0), *ways, scored("221", -4.2), expected=DIGITS) is None


def test_digits_that_the_audio_supports_better_replace_digits() -> None:
    assert chosen(scored("6.03.17.", -8.6, 10), scored("603137", -5.0), expected=DIGITS) == "603137."
    assert chosen(scored("6.03.17.", -8.6, 10), scored("603137", -8.7), expected=DIGITS) is None


def test_what_may_have_been_said_comes_after_what_was_meant_the_likeliest_first() -> None:
    written = scored("Hotage.", -3.0)
    found = [scored("Billing.", -9.0), scored("Outage.", -4.0), scored("outage", -5.0), scored("Operator.", -8.0)]
    likely = readings(written, PHRASES, found)
    assert [one.text for one in likely] == ["Outage.", "Hotage.", "Operator.", "Billing."]
    assert likely[0].log_probability == pytest.approx(math.log(math.exp(-4) + math.exp(-5)))
    assert readings(written, PHRASES, []) == [written]


def test_what_was_written_and_found_counts_once() -> None:
    written = scored("Outage.", -2.0)
    likely = readings(written, PHRASES, [written, scored("Billing.", -4.0)])
    assert likely[0] == written


@pytest.mark.parametrize(
    ("heard", "written"),
    [
        ("For one one one.", "4111."), ("There, one, two, three.", "0123."), ("to five five", "255."),
        ("Four two five.", "425."), ("For two.", "For two."), ("For 111.", "4111."), ("Or 111.", "4111."),
        ("for 2", "for 2"), ("For one person", "For one person"),
        ("A four two five", "A 425"), ("here and there", "here and there"), ("for to", "for to"), ("", ""),
    ],
)  # fmt: skip
def test_where_digits_are_asked_for_words_that_sound_like_them_are_digits(heard: str, written: str) -> None:
    assert join_digits(heard, asked=True) == written


def test_lexical_is_words_alone() -> None:
    assert lexical("I'd say: Twenty-two, O'Clock!") == "i'd say twenty two o'clock"


@pytest.mark.parametrize(
    ("heard", "written"),
    [
        ("One, two, three, four.", "1234."),
        ("8 1 9 4 8 2", "819482"),
        ("H, one, nine, four, eight, two.", "819482."),
        ("My number is 4 2 5 5 5 5, thanks.", "My number is 425555, thanks."),
        ("Five, won, six, to, nine, nine.", "516299."),
        ("oh one seven", "017"),
        ("two to three", "two to three"),
        ("One moment for me.", "One moment for me."),
        ("I need two. One for me.", "I need two. One for me."),
        ("twenty five and thirty", "twenty five and thirty"),
        ("Oh, yes.", "Oh, yes."),
        ("", ""),
    ],
)
def test_runs_of_digits_are_written_as_one_string(heard: str, written: str) -> None:
    assert join_digits(heard) == written


@pytest.mark.parametrize(
    ("heard", "when_asked"),
    [
        ("October 26, 2027.", "October 262027."), ("May nine, 2027.", "May 92027."), ("19 48 21", "194821."),
        ("2027, March 3.", "2027, March 3."), ("9, 26, 2027.", "9262027."), ("42 50", "4250."),
        ("$12 0 5", "1205."), ("425. 555. 0122.", "4255550122."), ("One, two, 34.", "1234."),
        ("My number is 425 555 0122, thanks.", "My number is 4255550122, thanks."),
    ],
)  # fmt: skip
def test_numbers_of_several_digits_are_joined_only_where_a_string_of_digits_is_asked_for(
    heard: str, when_asked: str
) -> None:
    assert join_digits(heard) == heard
    assert join_digits(heard, asked=True) == when_asked
