"""Values for the ear and for the eye, by kind and locale: digits, money, dates, times, ordinals, letters.

:func:`spoken` gives plain words that both the Speech service and the offline voice say well: digits are written out and
grouped by commas, sums have their coins named, dates and times are in the country's order. Numbers stay numerals, which
every voice reads. :func:`written` gives what a chat shows. Formats are Babel's; what it does not know is in
``speaking.yaml``. A language that is not there is spoken as English.

No value is said as Python would write it. What no kind fits is said by the type of the value: a thing with parts as a
list of these parts, and nothing where there are no words for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, Literal

from babel.dates import format_date, format_time
from babel.lists import format_list
from babel.numbers import (
    format_currency,
    format_decimal,
    get_currency_name,
    get_currency_precision,
    get_territory_currencies,
)

from voicebot.authoring.exact import exact, numeral
from voicebot.authoring.speaking_characters import digits_spoken, email_spoken, phone_spoken, spelled_spoken
from voicebot.authoring.speaking_words import SpokenLanguage, speech_of

MAX_NUMBER = Decimal(10) ** 18
MAX_ITEMS = 100
MAX_NESTING = 4
"""How deep lists and things with parts are said."""

_SPACES = re.compile(r"\s+")


def spoken(value: Any, kind: str, locale: str) -> str:
    """``value`` in words. ``kind``: one of :data:`KINDS`, with a detail behind a colon where it has one ("money:EUR",
    "date:short"); ``""``: by the type of the value.

    Raises:
        ValueError, TypeError: ``value`` is nothing of that kind.
        LookupError: there is no such kind.
    """
    return _said(_SPOKEN, value, kind, locale)


def written(value: Any, kind: str, locale: str) -> str:
    """``value`` as it is read. Arguments and errors are those of :func:`spoken`."""
    return _said(_WRITTEN, value, kind, locale)


KindFormatter = Callable[[Any, str, SpokenLanguage], str]


@exact
def _said(table: dict[str, KindFormatter], value: Any, kind: str, locale: str) -> str:
    name, _, detail = kind.partition(":")
    speech = speech_of(locale)
    name = name.strip() or _kind_of(value)
    return _SPACES.sub(" ", table[name](value, detail.strip(), speech)).strip()


def plainly(value: Any, locale: str) -> str:
    """``value`` in writing, whatever it is; ``""`` where there are no words for it. Never raises."""
    try:
        return written(value, "", locale)
    except (ValueError, TypeError, ArithmeticError, LookupError):
        return numeral(value) if isinstance(value, int | float | Decimal) else ""


def _kind_of(value: Any) -> str:
    match value:
        case bool():
            return "truth"
        case int() | float() | Decimal():
            return "number"
        case datetime():
            return "moment"
        case date():
            return "date"
        case time():
            return "time"
        case list() | tuple() | set() | frozenset() | Mapping():
            return "list"
        case _:
            return "text"


# --- numbers and money ---


def _decimal(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise TypeError(f"{type(value).__name__} is not a number")
    if isinstance(value, str) and len(value) > 40:
        raise ValueError("too long for a number")
    try:
        number = Decimal(str(value).strip()) if not isinstance(value, Decimal | int) else Decimal(value)
    except InvalidOperation as error:
        raise ValueError("not a number") from error
    if not number.is_finite() or abs(number) >= MAX_NUMBER:
        raise ValueError("not a number that can be said")
    return number


def _number_spoken(value: Any, detail: str, speech: SpokenLanguage) -> str:
    number = _decimal(value)
    sign = f"{speech.data['minus']} " if number < 0 else ""
    return sign + _numeral(abs(number), speech)


def _numeral(number: Decimal, speech: SpokenLanguage) -> str:
    grouped = speech.data.get("group") == "true"
    return str(format_decimal(number, "#,##0.######", locale=speech.locale, group_separator=grouped))


def _ordinal_spoken(value: Any, detail: str, speech: SpokenLanguage) -> str:
    number = _decimal(value)
    if number != number.to_integral_value() or number < 0:
        raise ValueError("not a whole number")
    ordinal = speech.data["ordinal"]
    words = ordinal.get("words", [])
    if 1 <= number <= len(words):
        return str(words[int(number) - 1])
    forms = ordinal["forms"]
    form: str = forms.get(speech.locale.ordinal_form(int(number)), forms["other"])
    return form.replace("{n}", str(int(number)))


def _currency(detail: str, speech: SpokenLanguage) -> str:
    code = detail.upper() or _currency_of(speech)
    if not re.fullmatch(r"[A-Z]{3}", code):
        raise ValueError(f"{detail!r} is no currency")
    return code


def _currency_of(speech: SpokenLanguage) -> str:
    """The currency of the country, or of the country where the language is mostly spoken."""
    of_country = get_territory_currencies(speech.locale.territory) if speech.locale.territory else []
    return str(of_country[0] if of_country else speech.data["default_currency"])


def _money_spoken(value: Any, detail: str, speech: SpokenLanguage) -> str:
    code = _currency(detail, speech)
    amount = _rounded(_decimal(value), code)
    sign = f"{speech.data['minus']} " if amount < 0 else ""
    amount = abs(amount)
    names = speech.data["currency"].get(code)
    if names is None:
        count = int(amount) if amount == amount.to_integral_value() else 2
        return f"{sign}{_numeral(amount, speech)} {get_currency_name(code, count=count, locale=speech.locale)}"
    units, coins = int(amount), int(amount % 1 * 100)
    parts = []
    if units or not coins:
        parts.append(_counted(units, names[0], names[1], speech))
    if coins:
        parts.append(_counted(coins, names[2], names[3], speech))
    return sign + f" {speech.data['joint']} ".join(parts)


def _counted(count: int, one: str, many: str, speech: SpokenLanguage) -> str:
    if count == 1:
        return f"{speech.data.get('one', '1')} {one}"
    return f"{_numeral(Decimal(count), speech)} {many}"


def _rounded(amount: Decimal, code: str) -> Decimal:
    return amount.quantize(Decimal(1).scaleb(-get_currency_precision(code)), rounding=ROUND_HALF_UP)


def _money_written(value: Any, detail: str, speech: SpokenLanguage) -> str:
    return str(format_currency(_decimal(value), _currency(detail, speech), locale=speech.locale))


def _number_written(value: Any, detail: str, speech: SpokenLanguage) -> str:
    return str(format_decimal(_decimal(value), "#,##0.######", locale=speech.locale))


# --- dates and times ---


def _day(value: Any) -> date:
    match value:
        case datetime():
            return value.date()
        case date():
            return value
        case str() if len(value) <= 40:
            return date.fromisoformat(value.strip()[:10])
        case _:
            raise TypeError(f"{type(value).__name__} is not a date")


def _month(value: Any) -> date:
    if isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}", value.strip()):
        return date.fromisoformat(f"{value.strip()}-01")
    return _day(value)


def _time(value: Any) -> time:
    match value:
        case datetime():
            return value.time()
        case time():
            return value
        case str() if len(value) <= 40:
            return time.fromisoformat(value.strip().rpartition("T")[2])
        case _:
            raise TypeError(f"{type(value).__name__} is not a time")


def _date_said(value: Any, detail: str, speech: SpokenLanguage) -> str:
    day = _day(value)
    patterns = speech.data["date"] | speech.data.get("date_by_country", {}).get(speech.locale.territory or "", {})
    said = str(format_date(day, patterns[detail or "full"], locale=speech.locale))
    first = speech.data.get("first_of_month")
    return re.sub(r"\b1\b", first, said, count=1) if first and day.day == 1 else said


def _month_said(value: Any, detail: str, speech: SpokenLanguage) -> str:
    return str(format_date(_month(value), speech.data["month"], locale=speech.locale))


def _duration_said(value: Any, detail: str, speech: SpokenLanguage) -> str:
    one, many = speech.data["durations"][detail]
    number = _decimal(value)
    return one if number == 1 else f"{_numeral(number, speech)} {many}"


def _time_spoken(value: Any, detail: str, speech: SpokenLanguage) -> str:
    moment = _time(value)
    patterns = speech.data["time"]
    named: str | None = patterns["named"].get(moment.strftime("%H:%M"))
    return named or _clock(moment, patterns["other" if moment.minute else "whole"], speech)


def _time_written(value: Any, detail: str, speech: SpokenLanguage) -> str:
    return str(format_time(_time(value), "short", locale=speech.locale))


def _clock(moment: time, pattern: str, speech: SpokenLanguage) -> str:
    return str(format_time(moment, pattern, locale=speech.locale))


def _moment(table: str) -> KindFormatter:
    def said(value: Any, detail: str, speech: SpokenLanguage) -> str:
        time_said = _time_spoken if table == "spoken" else _time_written
        return f"{_date_said(value, detail, speech)}, {time_said(value, detail, speech)}"

    return said


# --- the rest ---


def _text(value: Any, detail: str, speech: SpokenLanguage) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return numeral(value)
    kind = _kind_of(value)
    return _WRITTEN[kind](value, "", speech) if kind != "text" else ""


def _truth(value: Any, detail: str, speech: SpokenLanguage) -> str:
    return str(speech.data["truth"][0 if value else 1])


def _list(table: Callable[[], dict[str, KindFormatter]], style: Literal["standard", "or"]) -> KindFormatter:
    def said(value: Any, detail: str, speech: SpokenLanguage) -> str:
        items = [_item(table(), item, detail, speech, MAX_NESTING) for item in _items(value)]
        return str(format_list([item for item in items if item], style=style, locale=speech.locale))

    return said


def _item(kinds: dict[str, KindFormatter], item: Any, kind: str, speech: SpokenLanguage, deeper: int) -> str:
    """One item of a list in words; a thing with parts, or a list, as its parts one after the other."""
    if item is None:
        return ""
    if _kind_of(item) != "list":
        return kinds[kind or _kind_of(item)](item, "", speech)
    if not deeper:
        return ""
    parts = (_item(kinds, part, "", speech, deeper - 1) for part in _items(item))
    return ", ".join(part for part in parts if part)


def _items(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return list(value.values())[:MAX_ITEMS]
    if not isinstance(value, list | tuple | set | frozenset):
        raise TypeError(f"{type(value).__name__} is not a list")
    return list(value)[:MAX_ITEMS]


_SPOKEN: dict[str, KindFormatter] = {
    "digits": digits_spoken,
    "phone": phone_spoken,
    "spelled": spelled_spoken,
    "email": email_spoken,
    "number": _number_spoken,
    "ordinal": _ordinal_spoken,
    "money": _money_spoken,
    "date": _date_said,
    "month": _month_said,
    "duration": _duration_said,
    "time": _time_spoken,
    "moment": _moment("spoken"),
    "truth": _truth,
    "list": _list(lambda: _SPOKEN, "standard"),
    "or": _list(lambda: _SPOKEN, "or"),
    "text": _text,
}
_WRITTEN: dict[str, KindFormatter] = _SPOKEN | {
    "digits": _text,
    "phone": _text,
    "spelled": _text,
    "email": _text,
    "number": _number_written,
    "money": _money_written,
    "time": _time_written,
    "moment": _moment("written"),
    "list": _list(lambda: _WRITTEN, "standard"),
    "or": _list(lambda: _WRITTEN, "or"),
}

KINDS: frozenset[str] = frozenset(_SPOKEN)
"""The ways of saying a value: ``digits`` (one by one, in groups), ``phone``, ``spelled``, ``email``, ``number``,
``ordinal``, ``money`` (``money:EUR``), ``date`` (``date:short`` without the year, ``date:long`` without the weekday,
``date:weekday``), ``month``, ``duration:nights`` (or any other unit of such an answer), ``time``,
``moment`` (date and time),
``truth`` (yes or no), ``list`` (``list:digits``) and ``or`` (a list with "or" before the last), ``text``.
"""


def unknown_detail(kind: str) -> tuple[str, str] | None:
    """What is wrong with the detail behind the colon of ``kind``, and the mend; None when nothing is."""
    name, _, detail = (part.strip() for part in kind.partition(":"))
    if name == "money" and detail and not re.fullmatch(r"[A-Za-z]{3}", detail):
        return f"{detail!r} is no currency", "write its three letters, such as money:EUR"
    data = speech_of("en").data
    known = {"date": data["date"], "duration": data["durations"], "list": KINDS, "or": KINDS}.get(name)
    if name == "duration" and not detail:
        return "duration does not say of what", "write what is counted, such as duration:nights"
    if detail and known is not None and detail not in known:
        return f"{name} has no {detail!r}", f"there are {', '.join(f'{name}:{one}' for one in sorted(known))}"
    return None
