from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.localspeech import numerals
from voicebot.localspeech.normalise import normalise
from voicebot.localspeech.say_as import say_as


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("Your balance is $45.32.", "Your balance is forty five dollars and thirty two cents."),
        ("$1, $0.01 and $1,250", "one dollar, one cent and one thousand two hundred fifty dollars"),
        ("$2.5 million", "two point five million dollars"),
        ("due on March 3rd, 2026", "due on March third, twenty twenty six"),
        ("on the 22nd of May", "on the twenty second of May"),
        ("2026-03-05", "March fifth, twenty twenty six"),
        ("3/5/2026", "March fifth, twenty twenty six"),
        ("at 3:30 PM.", "at three thirty P M."),
        ("10:30 a.m. now", "ten thirty A M now"),
        ("8:00-17:00", "eight o'clock to five P M"),
        ("9am-5pm", "nine A M to five P M"),
        ("Mon-Fri", "Monday to Friday"),
        ("in 1984", "in nineteen eighty four"),
        ("Call 0800 123 4567.", "Call zero eight zero zero, one two three, four five six seven."),
        ("(425) 555-0123", "four two five, five five five, zero one two three"),
        ("+1 425 555 0123", "plus one, four two five, five five five, zero one two three"),
        ("account 00481234", "account zero zero four eight, one two three four"),
        ("1,250 kWh at 50%", "one thousand two hundred fifty kilowatt hours at fifty percent"),
        ("-5 °C", "minus five degrees Celsius"),
        ("order A1-B2", "order A one, B two"),
        ("an IVR asks for your PIN", "an I V R asks for your Pin"),
        ("Dr. Smith, 12 Main St. in St. Paul", "Doctor Smith, twelve Main Street in Saint Paul"),
        ("No. 5. No. I don't", "number five. No. I don't"),
        ("press # or 1 & wait", "press pound or one and wait"),
        ("help@example.com", "help at example dot com"),
        ("well-known — really (yes)", "well known, really, yes"),
        ("", ""),
        ("\U0001f600 …", ""),
    ],
)  # fmt: skip
def test_written_text_becomes_words(written: str, spoken: str) -> None:
    assert normalise(written) == spoken


@pytest.mark.parametrize(
    ("text", "interpret_as", "format", "spoken"),
    [
        ("12345678", "digits", "", "one two three four, five six seven eight"),
        ("AB-12", "characters", "", "A B, one two"),
        ("1250", "cardinal", "", "one thousand two hundred fifty"),
        ("12th", "ordinal", "", "twelfth"),
        ("3/5/2026", "date", "mdy", "March fifth, twenty twenty six"),
        ("3/5/2026", "date", "dmy", "May third, twenty twenty six"),
        ("5/2026", "date", "my", "May twenty twenty six"),
        ("14:05", "time", "hms24", "two oh five P M"),
        ("4255550123", "telephone", "", "four two five, five five five, zero one two three"),
        ("45.32", "currency", "", "forty five dollars and thirty two cents"),
        ("45.32 EUR", "currency", "", "forty five euros and thirty two cents"),
        ("13/45/2026", "date", "mdy", None),
        ("soon", "time", "", "soon"),
        ("x", "nonsense", "", "x"),
    ],
)
def test_say_as_follows_its_interpretation(text: str, interpret_as: str, format: str, spoken: str | None) -> None:
    given_words = say_as(text, interpret_as, format)
    assert given_words == spoken if spoken is not None else given_words


@given(st.text(max_size=200))
def test_anything_becomes_words_and_plain_punctuation(text: str) -> None:
    spoken = normalise(text)
    assert not re.search(r"[^\w\s,.?!;:']", spoken)
    assert not re.search(r"[0-9]", spoken)


@given(st.text(alphabet="0123456789.,:/-$#+ apmA", max_size=60))
def test_no_mess_of_figures_raises(text: str) -> None:
    assert not re.search(r"[0-9]", normalise(text))
    for kind in ("digits", "date", "time", "telephone", "currency", "ordinal", "cardinal", "characters"):
        assert not re.search(r"[0-9]", say_as(text, kind))


@pytest.mark.parametrize(
    ("number", "words", "ordinal"),
    [
        (0, "zero", "zeroth"),
        (12, "twelve", "twelfth"),
        (20, "twenty", "twentieth"),
        (101, "one hundred one", "one hundred first"),
        (1_000_000, "one million", "one millionth"),
        (
            2_305_017,
            "two million three hundred five thousand seventeen",
            "two million three hundred five thousand seventeenth",
        ),
    ],
)
def test_numbers_have_names(number: int, words: str, ordinal: str) -> None:
    assert numerals.cardinal(number) == words
    assert numerals.ordinal(number) == ordinal


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (1984, "nineteen eighty four"),
        (1900, "nineteen hundred"),
        (2005, "two thousand five"),
        (1906, "nineteen oh six"),
    ],
)
def test_years_are_read_in_pairs(number: int, words: str) -> None:
    assert numerals.year(number) == words
