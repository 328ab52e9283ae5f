"""Written text to words that can be spoken: numbers, money, dates, times, telephone numbers, abbreviations.

:func:`normalise` gives text in which there are only words, apostrophes and the punctuation ``, . ? ! ; :``. A single
letter that is to be spelled is written as a capital by itself, an initialism as capitals with spaces ("I V R"). It is
a list of rules, tried in order; each replaces what it matches, and no later rule sees what it made, except that all
of it is words by then.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from re import Match

from voicebot.localspeech import numerals
from voicebot.localspeech.readings import CHARACTERS, MONTHS, account, date, money, spell, telephone, time_of_day

_MONTH_PATTERN = "|".join(f"{month}|{month[:3]}\\.?" for month in MONTHS if month != "May") + "|May|Sept\\.?"
_DAYS = {
    "Mon": "Monday",
    "Tue": "Tuesday",
    "Tues": "Tuesday",
    "Wed": "Wednesday",
    "Thu": "Thursday",
    "Thur": "Thursday",
    "Thurs": "Thursday",
    "Fri": "Friday",
}
_ABBREVIATIONS = {
    "Dr.": "Doctor",
    "Mr.": "Mister",
    "Mrs.": "Missus",
    "Ms.": "Miz",
    "Prof.": "Professor",
    "Jr.": "Junior",
    "Sr.": "Senior",
    "Ave.": "Avenue",
    "Rd.": "Road",
    "Blvd.": "Boulevard",
    "Apt.": "Apartment",
    "Ext.": "extension",
    "ext.": "extension",
    "Inc.": "Incorporated",
    "Ltd.": "Limited",
    "Co.": "Company",
    "e.g.": "for example,",
    "i.e.": "that is,",
    "etc.": "et cetera",
    "vs.": "versus",
    "approx.": "approximately",
}
_UNITS = {
    "kWh": ("kilowatt hour", "kilowatt hours"),
    "MWh": ("megawatt hour", "megawatt hours"),
    "kW": ("kilowatt", "kilowatts"),
    "MW": ("megawatt", "megawatts"),
    "km": ("kilometer", "kilometers"),
    "km/h": ("kilometer an hour", "kilometers an hour"),
    "mph": ("mile an hour", "miles an hour"),
    "cm": ("centimeter", "centimeters"),
    "mm": ("millimeter", "millimeters"),
    "kg": ("kilogram", "kilograms"),
    "lb": ("pound", "pounds"),
    "lbs": ("pound", "pounds"),
    "oz": ("ounce", "ounces"),
    "ft": ("foot", "feet"),
    "m³": ("cubic meter", "cubic meters"),
    "m3": ("cubic meter", "cubic meters"),
    "MB": ("megabyte", "megabytes"),
    "GB": ("gigabyte", "gigabytes"),
    "Mbps": ("megabit a second", "megabits a second"),
    "min": ("minute", "minutes"),
    "hrs": ("hour", "hours"),
    "ms": ("millisecond", "milliseconds"),
    "°C": ("degree Celsius", "degrees Celsius"),
    "°F": ("degree Fahrenheit", "degrees Fahrenheit"),
    "°": ("degree", "degrees"),
    "%": ("percent", "percent"),
}
_SYMBOLS = {
    "&": " and ",
    "@": " at ",
    "+": " plus ",
    "=": " equals ",
    "#": " pound ",
    "*": " star ",
    "~": " about ",
    "/": " ",
    "_": " ",
    "…": ". ",
    "“": "",
    "”": "",
    '"': "",
}
# Initialisms that are spoken as words.
_WORDS_IN_CAPITALS = frozenset(
    [
        "PIN",
        "SIM",
        "NASA",
        "NATO",
        "RAM",
        "ROM",
        "LAN",
        "WIFI",
        "ASAP",
        "ZIP",
        "COVID",
        "LASER",
        "RADAR",
        "GIF",
        "OK",
        "AM",
        "PM",
        "NO",
        "YES",
        "STOP",
    ]
)

# The full stop of "p.m." is the sentence's too where one ends.
_HALF_DAY = r"\s?[ap](?:m\b|\.m\b(?:\.(?!\s*$|\s+(?-i:[A-Z])))?)"
NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
"""A number as it is written in English: ``1,234.5``, ``12``."""
_UNIT = "|".join(re.escape(unit) for unit in sorted(_UNITS, key=len, reverse=True))

MAX_PIECE = 400
"""Characters that are looked at together: a rule may take the square of it, and so never of the whole text."""

Rule = tuple[re.Pattern[str], Callable[[Match[str]], str]]


def _month_number(name: str) -> int:
    return next(index for index, month in enumerate(MONTHS, 1) if month[:3] == name[:3].capitalize())


def _iso_date(match: Match[str]) -> str:
    year, month, day = map(int, match.groups())
    return date(year, month, day) if 1 <= month <= 12 and 1 <= day <= 31 else spell(match[0])


def _us_date(match: Match[str]) -> str:
    month, day, year = int(match[1]), int(match[2]), int(match[3])
    if month > 12 >= day:
        month, day = day, month
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return spell(match[0])
    return date(year + 2000 if year < 100 else year, month, day)


def _day_month(match: Match[str]) -> str:
    day, month, year = int(match[1]), MONTHS[_month_number(match[2]) - 1], match[3]
    return f"the {numerals.ordinal(day)} of {month}" + (f", {numerals.year(int(year))}" if year else "")


def _clock(match: Match[str]) -> str:
    hours, minutes = int(match[1]), int(match[2])
    if hours > 24 or minutes > 59:
        return f"{numerals.cardinal(hours)} {numerals.cardinal(minutes)}"
    return time_of_day(hours % 24, minutes, _half(match[3]))


def _half(text: str | None) -> str:
    return (text or "").strip().replace(".", "")


def _unit(match: Match[str]) -> str:
    number, unit = match[1], match[2]
    one, many = _UNITS[unit]
    return f"{numerals.decimal(number)} {one if number in ('1', '-1') else many}"


def _number(match: Match[str]) -> str:
    text = match[0]
    plain = text.lstrip("-\u2212")
    if "." not in plain and "," not in plain:
        if len(plain) >= 7:
            return account(plain)
        if len(plain) > 1 and plain[0] == "0":
            return numerals.digits(plain)
    return numerals.decimal(text)


def _capitals(match: Match[str]) -> str:
    text = match[0]
    plural = text.endswith("s")
    letters = text[:-1] if plural else text
    if letters in _WORDS_IN_CAPITALS:
        return text.capitalize()
    return " ".join(letters) + ("'s" if plural else "")


def _rule(pattern: str, replace: Callable[[Match[str]], str], flags: int = 0) -> Rule:
    return re.compile(pattern, flags), replace


_MONTH_DAY = rf"\b({_MONTH_PATTERN})\s+(\d{{1,2}})(?:st|nd|rd|th)?\b(?:,?\s+(\d{{4}})\b)?"
_DAY_MONTH = rf"\b(?:the\s+)?(\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?({_MONTH_PATTERN})\b(?:,?\s+(\d{{4}})\b)?"

_EMAIL = r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b"
_SITE = r"\b(?:https?://)?(?:www\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:com|org|net|edu|gov|io|info)\b(?:/\S*)?"
_TELEPHONE = "|".join(
    (
        r"\+\d[\d ().-]{6,18}\d",  # +1 425 555 0123
        r"\(\d{3}\)\s?\d{3}[ -]\d{4}",  # (425) 555-0123
        r"\b(?:1[ -])?\d{3}[ .-]\d{3}[ .-]\d{4}\b",
        r"\b0\d{2,4}[ -]\d{3,4}[ -]\d{3,4}\b",  # 0800 123 4567
        r"\b\d{3}-\d{4}\b",
    )
)
_YEAR_AFTER = r"\b(in|since|until|by|from|of|year)\s+(1[1-9]\d\d|20\d\d)\b(?![.,]\d)"
_AMOUNT = rf"([$€£¥])\s?(-?(?:{NUMBER}))(?:\s(thousand|million|billion))?"


def _ordinal(match: Match[str]) -> str:
    return numerals.ordinal(int(match[1])) if len(match[1]) < 12 else numerals.digits(match[1])


_RULES: tuple[Rule, ...] = (
    _rule(_EMAIL, lambda m: _address(m[0])),
    _rule(_SITE, lambda m: _address(m[0]), re.IGNORECASE),
    _rule(r"\b(\d{4})-(\d{2})-(\d{2})\b", _iso_date),
    _rule(r"\b(\d{1,2})/(\d{1,2})/(\d{4}|\d{2})\b", _us_date),
    _rule(_MONTH_DAY, lambda m: date(int(m[3]) if m[3] else None, _month_number(m[1]), int(m[2]))),
    _rule(_DAY_MONTH, _day_month, re.IGNORECASE),
    _rule(rf"\b({_MONTH_PATTERN})\s+(\d{{4}})\b", lambda m: date(int(m[2]), _month_number(m[1]), None)),
    _rule(_YEAR_AFTER, lambda m: f"{m[1]} {numerals.year(int(m[2]))}"),
    _rule(rf"\b(\d{{1,2}}):(\d{{2}})(?::\d{{2}})?({_HALF_DAY})?", _clock, re.IGNORECASE),
    _rule(rf"\b(1[0-2]|0?[1-9])({_HALF_DAY})", lambda m: time_of_day(int(m[1]), 0, _half(m[2])), re.IGNORECASE),
    _rule(r"#(?=\d)", lambda m: "number"),
    _rule(_TELEPHONE, lambda m: telephone(m[0])),
    _rule(_AMOUNT, lambda m: money(m[2], m[1], m[3] or "")),
    _rule(rf"(-?(?:{NUMBER}))\s?([€£]|USD|EUR|GBP)(?!\w)", lambda m: money(m[1], m[2])),
    _rule(r"\b(\d+)(?:st|nd|rd|th)\b", _ordinal),
    _rule(rf"(?<![\w.])(-?(?:{NUMBER}))\s?({_UNIT})(?![\w])", _unit),
    _rule(r"(?<=\d)\s?[-–—]\s?(?=\d)", lambda m: " to "),
    _rule(r"\b(?=[A-Za-z-]*\d)(?=[\d-]*[A-Za-z])[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*\b", lambda m: spell(m[0])),
    _rule(rf"(?<![\w.])[-\u2212]?(?:{NUMBER})(?!\w)", _number),
    _rule(r"\d+", lambda m: numerals.digits(m[0])),
    _rule(r"\b([A-Z])\.(?:([A-Z])\.)+", lambda m: m[0].replace(".", " ")),
    _rule(r"\b[A-Z]{2,6}s?\b", _capitals),
)

_DAY = re.compile(r"\b(" + "|".join(_DAYS) + r")\b\.?(?!\w)")
_ABBREVIATION = re.compile(r"(?<!\w)(" + "|".join(re.escape(key) for key in _ABBREVIATIONS) + r")(?!\w)")
_DAY_RANGE = re.compile(rf"(?<=day)\s?[-–—]\s?(?=(?:{'|'.join(_DAYS.values())}|Saturday|Sunday)\b)")
_TIME_RANGE = re.compile(r"(:\d\d|[ap]\.?m\.?)\s?[-–—]\s?(?=\d{1,2}(?::\d\d|\s?[ap]\.?m))", re.IGNORECASE)
_STREET = re.compile(r"\b([A-Z][a-z]+ |\d(?:st|nd|rd|th) )St(?:\.(?!\s*$|\s+[A-Z0-9])|(?=\.))")
_NUMERO = re.compile(r"\bNo\.\s*(?=\d)")
_SAINT = re.compile(r"\bSt\.\s+(?=[A-Z])")
_UNSPEAKABLE = re.compile(r"[^\w\s,.?!;:'’-]")


def _address(text: str) -> str:
    text = re.sub(r"^https?://", "", text).rstrip("/")
    words = re.sub(r"([.@/_+-])", lambda m: f" {CHARACTERS[m[1]]} ", text)
    return re.sub(r"\d+", lambda m: f" {numerals.digits(m[0])} ", words).replace("www", "W W W")


def normalise(text: str) -> str:
    """Written English to words, see the module's text. Never raises; what cannot be spoken is left out."""
    return " ".join(piece for piece in map(_normalised, _pieces(text)) if piece)


def _pieces(text: str) -> Iterator[str]:
    """``text`` in pieces of at most :data:`MAX_PIECE` characters, cut between words where there are any."""
    at = 0
    while len(text) - at > MAX_PIECE:
        space = text.rfind(" ", at + 1, at + MAX_PIECE)
        end = space if space > 0 else at + MAX_PIECE
        yield text[at:end]
        at = end
    yield text[at:]


def _normalised(text: str) -> str:
    text = _STREET.sub(r"\1Street", text.replace("’", "'"))
    text = _NUMERO.sub("number ", text)
    text = _SAINT.sub("Saint ", text)
    text = _ABBREVIATION.sub(lambda m: _ABBREVIATIONS[m[1]], text)
    text = _DAY_RANGE.sub(" to ", _DAY.sub(lambda m: _DAYS[m[1]], text))
    text = _TIME_RANGE.sub(r"\1 to ", text)
    for pattern, replace in _RULES:
        text = pattern.sub(lambda m, replace=replace: f" {replace(m)} ", text)  # type: ignore[misc]
    for symbol, words in _SYMBOLS.items():
        text = text.replace(symbol, words)
    text = re.sub(r"(?<!\s)\s+[-–—]+\s+|[–—]|[()\[\]]", ", ", text)
    text = _UNSPEAKABLE.sub(" ", text)
    text = re.sub(r"(?<=\w)-(?=\w)", " ", text).replace("-", " ")
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r" ([,.?!;:])", r"\1", text)
    text = re.sub(r"([,;:])(?:\s*[,;:])+", r"\1", text)
    text = re.sub(r"[,;:](?=[.?!])", "", text)
    return text.lstrip(",;:.!? ").rstrip(",;: ")
