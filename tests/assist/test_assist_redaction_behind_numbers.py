"""Numbers that are said behind a card number, in the same utterance or the next one: which belong to it."""

from __future__ import annotations

import pytest

from voicebot.assist.redaction import RedactionPolicy, WithheldKind
from voicebot.assist.redaction.redactor import Redactor

RIGHT = "4539 1488 0343 6467"
MISHEARD = "1234 5678 1234 5678"
"""No card number, but said to be one: it is withheld without a check digit."""

NO_PART_OF_IT = [
    ("en", "My card number is {}.", "Two days ago."),
    ("en", "My card number is {}.", "It expired two days ago."),
    ("en", "My card number is {}.", "I have waited for twenty minutes."),
    ("en", "My card number is {}.", "Three hundred dollars were taken from it."),
    ("en", "My card number is {}.", "That was one year and six months ago."),
    ("en", "My card number is {}.", "One of my two children has it."),
    ("en", "My card number is {}.", "I paid 150 € with it."),
    ("en", "My card number is {}.", "150 dollars, please."),
    ("en", "My card number is {}.", "On the 11th."),
    ("en", "My card number is {}.", "I will call again at four pm."),
    ("en", "My card number is {}.", "1000 people have one."),
    ("de", "Meine Kartennummer ist {}.", "Zwei Tage ist das her."),
    ("de", "Meine Kartennummer ist {}.", "Das war vor zwei Tagen."),
    ("de", "Meine Kartennummer ist {}.", "Dreihundert Euro wurden abgebucht."),
    ("de", "Meine Kartennummer ist {}.", "Seit zwölf Uhr warte ich."),
    ("es", "Mi número de tarjeta es {}.", "Hace dos días."),
    ("es", "Mi número de tarjeta es {}.", "Son trescientos euros."),
    ("es", "Mi número de tarjeta es {}.", "Espero desde hace veinte minutos."),
    ("fr", "Mon numéro de carte est {}.", "Deux jours plus tard."),
    ("fr", "Mon numéro de carte est {}.", "C'était il y a deux jours."),
    ("fr", "Mon numéro de carte est {}.", "Trois cents euros ont été débités."),
]

PART_OF_IT = [
    ("en", "12 27", "[card number]"),
    ("en", "12 slash 27", "[card number]"),
    ("en", "twelve slash two zero two seven", "[card number]"),
    ("de", "12 Schrägstrich 27", "[card number]"),
    ("es", "12 barra 27", "[card number]"),
    ("fr", "12 barre oblique 27", "[card number]"),
    ("en", "Twelve twenty seven.", "[card number]."),
    ("en", "and one two three", "[card number]"),
    ("en", "and the security code is one two three", "and the security code is [security code]"),
    ("de", "zwölf siebenundzwanzig", "[card number]"),
    ("de", "und eins zwei drei", "[card number]"),
    ("es", "y uno dos tres", "[card number]"),
    ("fr", "et un deux trois", "[card number]"),
]


def lines(language: str, *said: str, policy: RedactionPolicy | None = None) -> list[str]:
    """What is shown of what one party has ``said``, when nothing more has come."""
    redactor = Redactor(policy or RedactionPolicy())
    shown: dict[str, str] = {}
    for number, text in enumerate(said):
        found = redactor.final("caller", str(number), text, 2.0 * number, language)
        shown |= {one.utterance_id: one.text for one in found}
    shown |= {one.utterance_id: one.text for one in redactor.settle("caller", 2.0 * len(said))}
    return [shown[str(number)] for number in range(len(said))]


@pytest.mark.parametrize("number", [RIGHT, MISHEARD])
@pytest.mark.parametrize(("language", "first", "after"), NO_PART_OF_IT)
def test_what_is_counted_behind_a_card_number_is_shown(language: str, first: str, after: str, number: str) -> None:
    begun = first.format(number)
    marked = first.format("[card number]")
    assert lines(language, begun, after) == [marked, after]
    assert lines(language, f"{begun} {after}") == [f"{marked} {after}"]
    assert lines(language, f"{begun.removesuffix('.')}, {after}") == [f"{marked.removesuffix('.')}, {after}"]


@pytest.mark.parametrize("number", [RIGHT, MISHEARD])
@pytest.mark.parametrize(("language", "after", "shown"), PART_OF_IT)
def test_date_and_code_behind_a_card_number_are_withheld(language: str, after: str, shown: str, number: str) -> None:
    first = next(text for other, text, _ in NO_PART_OF_IT if other == language).removesuffix(".")
    assert lines(language, first.format(number), after) == [first.format("[card number]"), shown]


@pytest.mark.parametrize("number", [RIGHT, MISHEARD])
def test_so_are_they_behind_a_word_or_two_if_it_was_said_that_it_is_a_card(number: str) -> None:
    for after in ("expires 12 2027", "valid until 12 27", "12 of 27"):
        first, second = lines("en", f"My card number is {number}", after)
        assert not any(character.isdigit() for character in first + second)


@pytest.mark.parametrize("number", [RIGHT, MISHEARD])
@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "card number {} two weeks ago I got it"),
        ("de", "Kartennummer {} zwei Wochen habe ich sie"),
        ("es", "mi tarjeta {} dos semanas"),
        ("fr", "ma carte {} deux semaines"),
    ],
)
def test_what_is_counted_in_the_same_breath_is_shown(language: str, text: str, number: str) -> None:
    assert lines(language, text.format(number)) == [text.format("[card number]")]
    begun = text.partition("{}")[0] + number[:14]
    assert lines(language, begun, number[14:] + text.partition("{}")[2])[1] == "[card number]" + text.partition("{}")[2]


@pytest.mark.parametrize(
    "pieces",
    [
        ["4539 1488", "0343 6467"],
        ["4539 1488 0343 64", "67"],
        ["4539 1488 0343 646", "7"],
        ["four five three nine", "one four eight eight zero three four three six four six", "seven"],
        ["4539", "1488", "0343", "6467"],
    ],
)
def test_the_rest_of_a_number_is_withheld_however_short_it_is(pieces: list[str]) -> None:
    assert lines("en", *pieces) == ["[card number]"] * len(pieces)


@pytest.mark.parametrize(
    "pieces", [["1234 5678 1234 567", "8"], ["1234 5678 1234", "5678"], ["1234 5678", "1234 56", "78"]]
)
def test_so_is_that_of_one_that_was_misheard(pieces: list[str]) -> None:
    shown = lines("en", f"My card number is {pieces[0]}", *pieces[1:])
    assert shown == ["My card number is [card number]", *["[card number]"] * (len(pieces) - 1)]


def test_a_number_that_counts_is_no_beginning_of_a_card_number_either() -> None:
    assert lines("en", "After two days, 4539 1488 0343 6467.") == ["After two days, [card number]."]


def test_two_misheard_numbers_in_one_breath_are_both_withheld() -> None:
    shown = lines("en", "My card number is 1234 5678 1234 5678, or 8888 4321 8765 4322.")
    assert shown == ["My card number is [card number], or [card number]."]


def test_numbers_of_other_kinds_end_there_too() -> None:
    policy = RedactionPolicy(frozenset(WithheldKind), "US")
    assert lines("en", "My account number is 1234 5678, two days ago.", policy=policy) == [
        "My account number is [account number], two days ago."
    ]
    assert lines("en", "Call me on 555 0199, two days a week.", policy=policy) == [
        "Call me on [phone number], two days a week."
    ]
    assert lines("en", "The code is 123, two days ago.", "My security code is 123, two days ago.", policy=policy) == [
        "The code is 123, two days ago.",
        "My security code is [security code], two days ago.",
    ]
