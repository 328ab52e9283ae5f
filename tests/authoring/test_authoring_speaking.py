from __future__ import annotations

import re
from datetime import date, datetime, time
from decimal import Decimal, localcontext
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.authoring.speaking import KINDS, spoken, written
from voicebot.authoring.speaking_characters import groups
from voicebot.authoring.understanding import for_language
from voicebot.localspeech.normalise import normalise

LOCALES = ["en-US", "en-GB", "de-DE", "fr-FR", "es-ES"]
TODAY = date(2026, 11, 18)


@pytest.mark.parametrize(
    ("value", "kind", "words"),
    [
        ("1234", "digits", "one two three four"),
        ("123456", "digits", "one two three, four five six"),
        (98052, "digits", "nine eight zero, five two"),
        ("555-0123", "digits", "five five five, zero one two three"),
        ("H41485", "digits", "H, four one four eight five"),
        ("+14255550123", "phone", "plus one, four two five, five five five, zero one two three"),
        ("(425) 555-0123", "phone", "four two five, five five five, zero one two three"),
        ("AB-12", "spelled", "A, B, dash, one, two"),
        (1250.5, "", "1,250.5"),
        (-3, "", "minus 3"),
        (21, "ordinal", "21st"),
        (112, "ordinal", "112th"),
        (Decimal("84.37"), "money", "84 dollars and 37 cents"),
        (Decimal("1.01"), "money", "1 dollar and 1 cent"),
        (Decimal("0.50"), "money:GBP", "50 pence"),
        (0, "money", "0 dollars"),
        (-5, "money:EUR", "minus 5 euros"),
        ("12.345", "money", "12 dollars and 35 cents"),
        (5, "money:JPY", "5 Japanese yen"),
        (date(2027, 5, 3), "", "Monday, May 3, 2027"),
        ("2027-05-03", "date:short", "Monday, May 3"),
        ("1985-05-23", "date:long", "May 23, 1985"),
        (date(2027, 5, 3), "date:weekday", "Monday"),
        ("2028-12", "month", "December 2028"),
        (date(2028, 12, 5), "month", "December 2028"),
        (14, "duration:nights", "14 nights"),
        (1, "duration:hours", "1 hour"),
        (Decimal("1.5"), "duration:hours", "1.5 hours"),
        ("maria.garcia84@example.com", "email", "maria dot garcia eight four at example dot com"),
        ("mg_1-a@web.de", "email", "M G underscore one dash A at web dot D E"),
        (time(15, 5), "", "3:05 PM"),
        ("09:00", "time", "9 AM"),
        (time(12), "time", "noon"),
        (datetime(2027, 5, 3, 9, 30), "", "Monday, May 3, 2027, 9:30 AM"),
        (True, "", "yes"),
        (["apples", "pears", 3], "", "apples, pears, and 3"),
        ("as it is", "", "as it is"),
    ],
)
def test_american_english(value: Any, kind: str, words: str) -> None:
    assert spoken(value, kind, "en-US") == words


@pytest.mark.parametrize(
    ("locale", "value", "kind", "words"),
    [
        ("en-GB", date(2027, 5, 3), "date", "Monday 3 May 2027"),
        ("en-GB", 5, "money", "5 pounds"),
        ("de-DE", "123456", "digits", "eins zwei drei, vier fünf sechs"),
        ("de-DE", Decimal("1250.75"), "", "1250,75"),
        ("de-DE", Decimal("84.37"), "money", "84 Euro und 37 Cent"),
        ("de-DE", 1, "money", "ein Euro"),
        ("de-DE", 3, "ordinal", "dritte"),
        ("de-DE", date(2027, 5, 3), "date", "Montag, der 3. Mai 2027"),
        ("de-DE", time(15, 30), "time", "15 Uhr 30"),
        ("de-DE", "2028-12", "month", "Dezember 2028"),
        ("de-DE", 1, "duration:nights", "eine Nacht"),
        ("de-DE", 3, "duration:nights", "3 Nächte"),
        ("de-DE", "maria@gmx.de", "email", "maria ät G M X Punkt D E"),
        ("fr-FR", "2028-12", "month", "décembre 2028"),
        ("fr-FR", 2, "duration:weeks", "2 semaines"),
        ("fr-FR", "a-b@orange.fr", "email", "A tiret B arobase orange point F R"),
        ("es-ES", "2028-12", "month", "diciembre de 2028"),
        ("es-ES", 1, "duration:hours", "una hora"),
        ("es-ES", "ana_ruiz@ejemplo.es", "email", "ana guion bajo ruiz arroba ejemplo punto E S"),
        ("en-GB", "2028-12", "month", "December 2028"),
        ("fr-FR", "0612345678", "phone", "zéro six, un deux, trois quatre, cinq six, sept huit"),
        ("fr-FR", date(2027, 5, 1), "date", "samedi 1er mai 2027"),
        ("fr-FR", time(15), "time", "15 heures"),
        ("fr-FR", 1, "ordinal", "premier"),
        ("fr-FR", Decimal("12.50"), "money", "12 euros et 50 centimes"),
        ("es-ES", date(2027, 5, 3), "date", "lunes, 3 de mayo de 2027"),
        ("es-ES", Decimal("12.50"), "money", "12 euros con 50 céntimos"),
        ("es-MX", 2, "money", "2 pesos"),
        ("xx", 2, "ordinal", "2nd"),
        ("not a locale", "12", "digits", "one two"),
    ],
)
def test_other_locales(locale: str, value: Any, kind: str, words: str) -> None:
    assert spoken(value, kind, locale) == words


@pytest.mark.parametrize(
    ("locale", "value", "kind", "text"),
    [
        ("en-US", "123456", "digits", "123456"),
        ("en-US", Decimal("1250.5"), "money", "$1,250.50"),
        ("de-DE", Decimal("1250.5"), "money", "1.250,50 €"),
        ("en-US", date(2027, 5, 3), "", "Monday, May 3, 2027"),
        ("en-US", time(15, 5), "", "3:05 PM"),
        ("de-DE", time(15, 5), "", "15:05"),
        ("en-US", 1234567, "", "1,234,567"),
        ("en-US", "SMITH", "spelled", "SMITH"),
        ("en-US", "maria@example.com", "email", "maria@example.com"),
    ],
)
def test_what_is_read(locale: str, value: Any, kind: str, text: str) -> None:
    assert written(value, kind, locale) == text


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("abc", "number"), ("NaN", "number"), ("inf", "money"), (10**30, "number"), (True, "number"), (None, "digits"),
        ("9" * 201, "digits"), ("soon", "date"), (3, "date"), ("25:00", "time"), (1.5, "ordinal"), (5, "money:pounds"),
        ("2027-05-03", "date:longest"),
        ("2027-13", "month"), ("soon", "month"), (3, "duration"), (3, "duration:moons"),
        ("x", "shouted"), (3, "list"), ("1" * 100, "number"),
    ],
)  # fmt: skip
def test_what_is_nothing_of_the_kind_is_refused(value: Any, kind: str) -> None:
    with pytest.raises((ValueError, TypeError, LookupError)):
        spoken(value, kind, "en-US")


@given(st.text(alphabet="0123456789", max_size=60))
def test_groups_hold_all_digits_and_none_stands_alone(digits: str) -> None:
    found = groups(digits)
    assert "".join(found) == digits
    assert all(2 <= len(group) <= 4 for group in found) or len(digits) <= 4


@given(st.text(alphabet="0123456789", min_size=1, max_size=30), st.sampled_from(LOCALES))
def test_digits_that_are_said_are_understood(digits: str, locale: str) -> None:
    assert for_language(locale).digits(spoken(digits, "digits", locale)) == digits


@given(st.decimals(0, 10**6, places=2), st.sampled_from(LOCALES))
def test_money_that_is_said_is_understood(amount: Decimal, locale: str) -> None:
    currency = {"en-US": "USD", "en-GB": "GBP"}.get(locale, "EUR")
    assert for_language(locale).money(spoken(amount, "money", locale), currency) == amount


@given(st.dates(date(2000, 1, 1), date(2060, 12, 31)), st.sampled_from(LOCALES))
def test_dates_that_are_said_are_understood(day: date, locale: str) -> None:
    assert for_language(locale).date(spoken(day, "date", locale), TODAY) == day


@given(st.times().map(lambda moment: moment.replace(second=0, microsecond=0)), st.sampled_from(LOCALES))
def test_times_that_are_said_are_understood(moment: time, locale: str) -> None:
    assert for_language(locale).time_of_day(spoken(moment, "time", locale)) == moment


@given(st.integers(-(10**9), 10**9), st.sampled_from(LOCALES))
def test_numbers_that_are_said_are_understood(number: int, locale: str) -> None:
    assert for_language(locale).number(spoken(number, "number", locale)) == number


@given(st.text(alphabet="ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=1, max_size=12), st.sampled_from(LOCALES))
def test_letters_that_are_said_are_understood(letters: str, locale: str) -> None:
    assert for_language(locale).spelled(spoken(letters, "spelled", locale)) == letters


NAMES = st.sampled_from(["maria", "garcia", "lopez", "schmidt", "k", "7", "84", "x9", "mgr", "bq", "rossi2"])


@given(st.lists(NAMES, min_size=1, max_size=3), st.sampled_from("._-"), NAMES,
       st.sampled_from(["com", "de", "co.uk", "es"]), st.sampled_from(LOCALES))  # fmt: skip
def test_addresses_that_are_said_are_understood(
    names: list[str], sign: str, domain: str, ending: str, locale: str
) -> None:
    address = f"{sign.join(names)}@{domain}.{ending}"
    assert for_language(locale).email(spoken(address, "email", locale)) == address


@given(st.dates(date(2000, 1, 1), date(2045, 12, 31)), st.sampled_from(LOCALES))
def test_months_that_are_said_are_understood(day: date, locale: str) -> None:
    assert for_language(locale).month(spoken(day, "month", locale), TODAY) == day.replace(day=1)


@given(st.integers(1, 400), st.sampled_from(["minutes", "hours", "days", "nights", "weeks", "months", "years"]),
       st.sampled_from(LOCALES))  # fmt: skip
def test_durations_that_are_said_are_understood(number: int, unit: str, locale: str) -> None:
    assert for_language(locale).duration(spoken(number, f"duration:{unit}", locale), unit[:-1]) == number


@given(st.integers(2_000_000_000, 9_999_999_999), st.sampled_from(LOCALES))
def test_telephone_numbers_that_are_said_are_understood(number: int, locale: str) -> None:
    digits = f"+1{number}"
    assert for_language(locale).phone_digits(spoken(digits, "phone", locale)) == digits


@pytest.mark.parametrize(
    ("value", "kind", "words"),
    [
        (Decimal("84.37"), "money", "eighty four dollars and thirty seven cents"),
        (date(2027, 5, 3), "date", "Monday, May third, twenty twenty seven"),
        (time(15, 5), "time", "three oh five P M"),
        (1234567, "number", "one million two hundred thirty four thousand five hundred sixty seven"),
        ("AB12", "spelled", "A, B, one, two"),
        (23, "ordinal", "twenty third"),
        (-3, "number", "minus three"),
    ],
)
def test_the_offline_voice_says_them_well(value: Any, kind: str, words: str) -> None:
    assert normalise(spoken(value, kind, "en-US")) == words


@given(
    st.one_of(st.none(), st.text(), st.integers(), st.floats(), st.decimals(), st.dates(), st.times(), st.booleans(),
              st.lists(st.text())),
    st.sampled_from([*sorted(KINDS), "", "money:EUR", "date:short", "list:digits"]),
    st.sampled_from(LOCALES),
)  # fmt: skip
def test_any_value_is_said_or_refused(value: Any, kind: str, locale: str) -> None:
    for say in (spoken, written):
        try:
            said = say(value, kind, locale)
        except (ValueError, TypeError, LookupError):
            continue
        assert not re.search(r"[\u00a0\u202f\n]", said)


def test_libraries_that_change_the_precision_of_decimals_change_nothing() -> None:
    # recognizers-text, which the SDK's prompts import, sets it to 15 digits.
    with localcontext(prec=3):
        assert spoken(1234567, "number", "en-US") == "1,234,567"
        assert spoken(Decimal("1234567.89"), "money", "en-US") == "1,234,567 dollars and 89 cents"
        assert for_language("en").money("one million two hundred thousand and five dollars", "USD") == 1200005
        assert for_language("en").number("12345.678") == Decimal("12345.678")
