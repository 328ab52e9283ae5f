"""What callers of the sample say, as the sample's questions understand it."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from phone_line import DIALOGS

from voicebot.authoring.answers.answer import Answered
from voicebot.authoring.answers.doubt import asked_about
from voicebot.authoring.speaking import spoken
from voicebot.authoring.steps.ask import AskStep
from voicebot.authoring.understanding import for_language

understanding = for_language("en-US")


def question(step_id: str) -> AskStep:
    return next(step for step in DIALOGS.main.dialog.steps if step.id == step_id and isinstance(step, AskStep))


def answer(step_id: str, text: str) -> object:
    """What is taken for the answer; None too where callers are asked whether they said it."""
    ask = question(step_id)
    heard = ask.wanted.read_words(text, {}, understanding, date(2026, 12, 1))
    if not isinstance(heard, Answered) or asked_about(heard, ask.wanted.answer, {}, None) is not None:
        return None
    return heard.value


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("123456", "123456"),
        ("123 456.", "123456"),
        ("12-34-56", "123456"),
        ("123,456", "123456"),
        ("One, two, three, four, five, six.", "123456"),
        ("one two three four five six", "123456"),
        ("It's one two three, four five six, please.", "123456"),
        ("one one two three three four", "112334"),
        ("double one two double three four", "112334"),
        ("triple seven zero zero zero", "777000"),
        ("two oh four eight one five", "204815"),
        ("two zero four 8 1 5", "204815"),
        ("twelve thirty-four fifty six", "123456"),
        ("won too tree for five six", "123456"),
        ("one to three four five sex", "123456"),
        ("to oh for ate one five", "204815"),
        ("two o 4 ate won five", "204815"),
        ("seven hundred seven hundred", "700700"),
        ("The number for my account is one two three four five six", "123456"),
        ("I want to give you one two three four five six", "123456"),
        ("nineteen eighty four eleven", "198411"),
        ("A 30166.", "830166"),
        ("H4, 1485.", "841485"),
        ("3 1 9 a 8 7", "319887"),
    ],
)
def test_an_account_number_is_understood_however_it_is_said_and_written(text: str, digits: str) -> None:
    assert understanding.digits(text, 6) == digits


@pytest.mark.parametrize(
    "text", ["", "hello", "I don't know", "to be or not to be", "for you", "oh", "ate", "double", "my bill"]
)
def test_ordinary_words_are_no_digits(text: str) -> None:
    assert understanding.digits(text, 6) == ""


@pytest.mark.parametrize(
    ("text", "digits"),
    [("one two three", "123"), ("nine eight zero five two", "98052"), ("It's a 123", "123"), ("a 123456", "123456")],
)
def test_numbers_of_another_length_are_given_as_they_are(text: str, digits: str) -> None:
    assert understanding.digits(text, 6) == digits


@given(st.text(alphabet="123456789", min_size=6, max_size=6))
def test_digits_that_are_read_out_come_back(number: str) -> None:
    assert understanding.digits(spoken(number, "digits", "en-US"), 6) == number


@pytest.mark.parametrize(
    "text",
    ["Yes.", "yeah", "Yep, that's right.", "correct", "That is correct.", "right", "uh-huh", "Okay.", "sure",
     "you got it", "Yes, please."],
)  # fmt: skip
def test_yes_is_yes(text: str) -> None:
    assert understanding.yes_no(text) is True


@pytest.mark.parametrize(
    "text",
    ["No.", "nope", "wrong", "That's wrong.", "That's not right.", "incorrect", "That is not correct.", "No, it's not.",
     "know", "it isn't", "No no no."],
)  # fmt: skip
def test_no_is_no(text: str) -> None:
    assert understanding.yes_no(text) is False


@pytest.mark.parametrize("text", ["", "maybe", "purple", "yes no", "what do you mean", "hmm"])
def test_neither_is_neither(text: str) -> None:
    assert understanding.yes_no(text) is None


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("Billing.", "billing"),
        ("My bill, please.", "billing"),
        ("building", None),
        ("Something about my account.", "billing"),
        ("build", "billing"),
        ("How much do I owe you?", "billing"),
        ("I'd like to pay my balance", "billing"),
        ("Outage.", "outage"),
        ("my power is out", "outage"),
        ("The lights went out.", "outage"),
        ("opening hours", "hours"),
        ("When are you open?", "hours"),
        ("When do you close on Saturday?", "hours"),
        ("Agent!", "agent"),
        ("Can I talk to a human about my bill?", "agent"),
        ("representative", "agent"),
        ("", None),
        ("I like turtles", None),
    ],
)
def test_topics_are_found_in_what_people_say(text: str, topic: str | None) -> None:
    asked = "agent" if understanding.asks_for(text) == "agent" else answer("menu", text)
    assert asked == topic


@pytest.mark.parametrize("text", ["no thanks", "That's all.", "nothing else", "Goodbye!", "I'm good"])
def test_done_is_done(text: str) -> None:
    assert answer("anything-else", text) in ("done", False)


@given(st.text())
def test_no_text_makes_it_fail(text: str) -> None:
    understanding.digits(text, 6)
    understanding.yes_no(text)
    understanding.asks_for(text)
    answer("menu", text)
    answer("anything-else", text)
