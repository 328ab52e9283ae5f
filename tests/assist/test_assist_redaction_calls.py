"""Redaction in the course of a call: hypotheses, numbers in several utterances, questions of the other party."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.assist.redaction import RedactionPolicy, WithheldKind
from voicebot.assist.redaction.cards import luhn
from voicebot.assist.redaction.names import words_of_name
from voicebot.assist.redaction.reading import MAX_CHARACTERS
from voicebot.assist.redaction.redactor import UTTERANCES, Redacted, Redactor

EVERYTHING = RedactionPolicy(frozenset(WithheldKind), "US")


class Call:
    """What is shown of each utterance, by its id: the number of the utterance, from 1."""

    def __init__(self, policy: RedactionPolicy | None = None, language: str = "en") -> None:
        self.redactor = Redactor(policy or RedactionPolicy())
        self.language = language
        self.shown: dict[str, str] = {}
        self.now = 0.0
        self.count = 0

    def says(self, party: str, text: str, after_s: float = 2.0) -> Redacted:
        self.now += after_s
        self.count += 1
        found = self.redactor.final(party, str(self.count), text, self.now, self.language)
        self._take(found)
        return found[-1]

    def begins(self, party: str, text: str) -> str:
        return self.redactor.partial(party, str(self.count + 1), text, self.now, self.language).text

    def nothing_more(self, party: str) -> None:
        self._take(self.redactor.settle(party, self.now))

    def _take(self, found: list[Redacted]) -> None:
        for redacted in found:
            self.shown[redacted.utterance_id] = redacted.text
            for mark in redacted.withheld:
                assert redacted.text[mark.begin : mark.end] == f"[{mark.category}]"

    @property
    def lines(self) -> list[str]:
        return list(self.shown.values())


@pytest.mark.parametrize(
    "pieces",
    [
        ["4111 1111", "1111 1111"],
        ["4111", "1111", "1111", "1111"],
        ["four one one one", "one one one one", "uh", "one one one one", "one one one one"],
        ["It's 4111 11", "11 1111 1111"],
        ["double five double five", "5555 5555", "double four double four"],
        ["41", "11", "11", "11", "11", "11", "11", "11"],
        ["Sure, it's 4111 1111", "and then 1111 1111, okay?"],
    ],
)
def test_a_number_in_several_utterances_is_withheld_in_all_of_them(pieces: list[str]) -> None:
    call = Call()
    for piece in pieces:
        call.says("caller", piece)
        call.says("agent", "Mhm.")
    said = [line for line in call.lines if line != "Mhm."]
    assert len(said) == len(pieces)
    assert not any(character.isdigit() for line in said for character in line)
    assert not any(word in line.split() for line in said for word in ("one", "four", "five", "double"))


def test_the_others_words_are_not_part_of_a_number() -> None:
    call = Call()
    call.says("caller", "4111 1111")
    call.says("agent", "1111 1111 is the number of our office")
    call.nothing_more("caller")
    call.nothing_more("agent")
    assert call.lines == ["4111 1111", "1111 1111 is the number of our office"]


def test_digits_are_held_until_it_is_clear_that_they_are_no_card_number() -> None:
    call = Call()
    held = call.says("caller", "it is 4111 1111")
    assert (held.text, held.held) == ("it is [held]", True)
    call.says("caller", "and I live in Berlin")
    assert call.lines == ["it is 4111 1111", "and I live in Berlin"]


def test_digits_that_nothing_follows_are_shown_when_that_is_said() -> None:
    call = Call()
    call.says("caller", "it is 4111 1111")
    call.nothing_more("caller")
    assert call.lines == ["it is 4111 1111"]


def test_of_a_card_number_no_more_than_six_digits_are_ever_shown() -> None:
    call = Call()
    number = "5555 5555 5555 4444".replace(" ", "")
    for count in range(1, 17):
        for spoken in (number[:count], " ".join(number[:count])):
            shown = call.begins("caller", f"my card is {spoken}")
            assert sum(character.isdigit() for character in shown) <= 6, shown
    assert call.says("caller", f"my card is {number}").text == "my card is [card number]"


@given(st.lists(st.integers(1, 6), min_size=1, max_size=16), st.booleans())
def test_however_it_is_grouped(sizes: list[int], words: bool) -> None:
    digits, groups = "4012888888881881", []
    while digits:
        size = sizes[len(groups) % len(sizes)]
        groups.append(digits[:size])
        digits = digits[size:]
    names = ["oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
    spoken = [" ".join(names[int(digit)] for digit in group) if words else group for group in groups]
    assert Call().says("caller", ", ".join(spoken)).text == "[card number]"


@given(st.lists(st.integers(1, 15), min_size=1, max_size=5, unique=True))
def test_however_it_is_divided_into_utterances(cuts: list[int]) -> None:
    digits, call = "4012888888881881", Call()
    edges = [0, *sorted(cuts), 16]
    for begin, end in pairwise(edges):
        call.says("caller", digits[begin:end])
    assert set(call.lines) == {"[card number]"}


def test_what_was_withheld_stays_so_when_the_beginning_is_forgotten() -> None:
    call = Call()
    call.says("caller", "4111 1111")
    call.says("caller", "1111 1111")
    for _ in range(UTTERANCES):
        call.says("caller", "Yes.", after_s=12.0)
        call.nothing_more("caller")
    assert call.lines[:2] == ["[card number]", "[card number]"]


def test_two_numbers_that_are_a_minute_apart_are_not_one() -> None:
    call = Call()
    call.says("caller", "4111 1111")
    call.nothing_more("caller")
    call.says("caller", "1111 1111", after_s=61.0)
    call.nothing_more("caller")
    assert call.lines == ["4111 1111", "1111 1111"]


@pytest.mark.parametrize(
    ("language", "question", "answer", "shown"),
    [
        ("en", "May I have your card number?", "1234 5678 1234 5678", "[card number]"),
        ("en", "And the security code, please?", "It's 123.", "It's [security code]."),
        ("en", "What are the three digits on the back?", "one two three", "[security code]"),
        ("de", "Und die Prüfnummer bitte?", "eins zwei drei", "[security code]"),
        ("de", "Wie ist Ihre Kartennummer?", "1234 5678 1234 5678", "[card number]"),
        ("es", "¿Y el código de seguridad?", "uno dos tres", "[security code]"),
        ("fr", "Et le cryptogramme ?", "un deux trois", "[security code]"),
    ],
)
def test_the_answer_to_a_question_is_known_by_the_question(
    language: str, question: str, answer: str, shown: str
) -> None:
    call = Call(language=language)
    call.says("agent", question)
    assert call.says("caller", answer).text == shown
    call.nothing_more("caller")
    assert call.lines == [question, shown]


@pytest.mark.parametrize(
    ("question", "answer", "shown"),
    [
        ("What is your name?", "Jane Doe.", "[name]."),
        ("Could I have your full name please?", "Yes, it's Jane Doe", "Yes, it's [name]"),
        ("And your account number?", "1234 5678", "[account number]"),
        ("What phone number can I reach you on?", "555 0199", "[phone number]"),
        ("What's your email address?", "j doe 42 at example dot com", "[e-mail address]"),
        ("And your order number?", "12345678", "12345678"),
        ("How many did you order?", "three hundred and two", "three hundred and two"),
    ],
)
def test_so_is_that_of_other_kinds(question: str, answer: str, shown: str) -> None:
    call = Call(EVERYTHING)
    call.says("agent", question)
    call.says("caller", answer)
    call.nothing_more("caller")
    assert call.lines == [question, shown]


def test_a_question_is_forgotten_after_a_minute() -> None:
    call = Call()
    call.says("agent", "May I have your card number?")
    call.says("caller", "1234 5678 1234 5678", after_s=61.0)
    call.nothing_more("caller")
    assert call.lines[1] == "1234 5678 1234 5678"


def test_the_names_of_the_parties_are_withheld_wherever_they_are_said() -> None:
    call = Call(EVERYTHING)
    call.redactor.know(words_of_name("Jane Mustermann"))
    assert call.says("agent", "Thank you, Ms. Mustermann, I have it.").text == "Thank you, Ms. [name], I have it."
    assert call.says("agent", "So Jane, is there more?").text == "So [name], is there more?"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("my email is jane dot", "my email is [held]"),
        ("my email is jane dot doe at exam", "my email is [held]"),
        ("my email is j a n", "my email is [held]"),
        ("call me at 202 55", "call me at [phone number]"),
        ("it is 202 55", "it is [held]"),
        ("this is jane doe", "this is [held]"),
        ("DE89 3704", "[held]"),
        ("my name is jane", "my name is [name]"),
    ],
)
def test_hypotheses_show_nothing_of_what_may_become_a_number_or_address(text: str, shown: str) -> None:
    assert Call(EVERYTHING).begins("caller", text) == shown


def test_a_text_of_any_length_is_read_as_far_as_its_bound() -> None:
    call = Call()
    shown = call.says("caller", "yes " * 2000 + "4111111111111111").text
    assert len(shown) == MAX_CHARACTERS and shown.endswith("…")
    assert call.says("caller", "4111111111111111").text == "[card number]"


@given(st.lists(st.text(max_size=60), max_size=6), st.sampled_from(["en-US", "de", "es-MX", "fr-CA", "", "xx"]))
def test_any_text_is_read(texts: list[str], language: str) -> None:
    call = Call(EVERYTHING, language)
    for text in texts:
        call.begins("caller", text)
        call.says("caller", text)
    call.nothing_more("caller")


@given(st.from_regex(r"[0-9]{12,19}", fullmatch=True))
def test_one_check_digit_of_ten_is_right(digits: str) -> None:
    assert sum(luhn(digits + str(last)) for last in range(10)) == 1


@pytest.mark.parametrize(
    ("after", "shown"),
    [
        ("Two days ago.", "Two days ago."),
        ("12 27", "[card number]"),
        ("and 123", "[card number]"),
        ("Yes.", "Yes."),
    ],
)
def test_what_is_said_after_a_number_is_withheld_if_it_may_be_its_date_or_code(after: str, shown: str) -> None:
    call = Call()
    call.says("caller", "4111 1111 1111 1111")
    call.says("caller", after)
    call.nothing_more("caller")
    assert call.lines == ["[card number]", shown]


def test_lines_that_each_hold_a_number_are_no_card_number() -> None:
    call = Call()
    lines = [f"line {number}" for number in range(40, 60)]
    for line in lines:
        call.says("caller", line)
    call.nothing_more("caller")
    assert call.lines == lines
