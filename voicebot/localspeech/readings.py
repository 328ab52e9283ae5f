"""Single things as English words: characters, a telephone or account number, money, a time, a date."""

from __future__ import annotations

import re

from voicebot.localspeech import numerals

MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
CURRENCIES = {
    "$": ("dollar", "dollars", "cent", "cents"),
    "€": ("euro", "euros", "cent", "cents"),
    "£": ("pound", "pounds", "penny", "pence"),
    "¥": ("yen", "yen", "sen", "sen"),
    "USD": ("dollar", "dollars", "cent", "cents"),
    "EUR": ("euro", "euros", "cent", "cents"),
    "GBP": ("pound", "pounds", "penny", "pence"),
}
CHARACTERS = {
    ".": "dot",
    "-": "dash",
    "_": "underscore",
    "@": "at",
    "#": "number",
    "*": "star",
    "+": "plus",
    "/": "slash",
    "&": "and",
}


def spell(text: str) -> str:
    """Character by character, a comma where a group ends: ``AB-12`` gives ``A B, one two``."""
    out: list[str] = []
    for character in text:
        if character.isascii() and character.isdigit():
            out.append(numerals.digits(character))
        elif character.isalpha():
            out.append(character.upper())
        elif character in CHARACTERS and character not in "-":
            out.append(CHARACTERS[character])
        elif out and out[-1] != ",":
            out.append(",")
    return " ".join(out).replace(" ,", ",").rstrip(", ")


def telephone(text: str) -> str:
    """Digit by digit with a short pause between groups; groups are as written, or by threes and four at the end."""
    plus = "plus " if text.strip().startswith("+") else ""
    groups = re.findall(r"\d+", text)
    if len(groups) == 1 and len(groups[0]) > 4:
        run = groups[0]
        groups = [run[at : at + 3] for at in range(0, len(run) - 4, 3)]
        groups.append(run[sum(map(len, groups)) :])
    return plus + ", ".join(numerals.digits(group) for group in groups)


def account(text: str) -> str:
    """A long number digit by digit, in groups of four (three where that comes out even), to be written down."""
    size = 3 if len(text) % 3 == 0 and len(text) < 10 else 4
    return ", ".join(numerals.digits(text[at : at + size]) for at in range(0, len(text), size))


def money(amount: str, currency: str, scale: str = "") -> str:
    """``45.32``, ``$``: forty five dollars and thirty two cents."""
    one, many, small_one, small_many = CURRENCIES[currency]
    sign = "minus " if amount.startswith("-") else ""
    whole, _, fraction = amount.lstrip("-+").replace(",", "").partition(".")
    if scale:
        return f"{sign}{numerals.decimal(amount.lstrip('-+'))} {scale} {many}"
    units, cents = int(whole or 0), int((fraction + "00")[:2])
    parts = []
    if units or not cents:
        parts.append(f"{numerals.cardinal(units)} {one if units == 1 else many}")
    if cents:
        parts.append(f"{numerals.cardinal(cents)} {small_one if cents == 1 else small_many}")
    return sign + " and ".join(parts)


def time_of_day(hours: int, minutes: int, half: str = "") -> str:
    """``15, 5``: three oh five P M; ``15, 0``: three P M; ``9, 30, "am"``: nine thirty A M."""
    if not half and hours > 12:
        half, hours = "pm", hours - 12
    elif not half and hours == 0:
        half, hours = "am", 12
    words = numerals.cardinal(hours)
    if minutes:
        words += f" oh {numerals.cardinal(minutes)}" if minutes < 10 else f" {numerals.cardinal(minutes)}"
    elif not half:
        words += " o'clock"
    return words + {"a": " A M", "p": " P M", "": ""}[half[:1].lower()]


def date(year: int | None, month: int, day: int | None) -> str:
    """``2026, 3, 5``: March fifth, twenty twenty six."""
    words = MONTHS[month - 1]
    if day:
        words += f" {numerals.ordinal(day)}"
    if year is not None:
        words += (", " if day else " ") + numerals.year(year)
    return words
