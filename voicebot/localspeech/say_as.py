"""The content of an SSML ``say-as`` in words, by its interpretation (W3C note "SSML 1.0 say-as attribute values")."""

from __future__ import annotations

import re

from voicebot.localspeech import numerals
from voicebot.localspeech.normalise import MAX_PIECE, NUMBER, normalise
from voicebot.localspeech.readings import CURRENCIES, account, date, money, spell, telephone, time_of_day


def say_as(text: str, interpret_as: str, format: str = "", detail: str = "") -> str:
    """Words for the content of an SSML ``say-as``. What does not fit its interpretation is plain text."""
    text = text.strip()
    if len(text) > MAX_PIECE:
        return normalise(text)  # no number has so many digits, and no name so many letters
    number = re.fullmatch(rf"[-+]?(?:{NUMBER})", text)
    match interpret_as:
        case "digits" | "number_digit":
            return account(re.sub(r"\D", "", text)) if re.fullmatch(r"[\d\s.-]+", text) else spell(text)
        case "characters" | "spell-out" | "letters":
            return spell(text)
        case "cardinal" | "number" if number:
            return numerals.decimal(text)
        case "ordinal" if re.fullmatch(r"\d{1,12}(?:st|nd|rd|th)?", text):
            return numerals.ordinal(int(re.sub(r"\D", "", text)))
        case "telephone":
            return telephone(text) if re.search(r"\d", text) else normalise(text)
        case "currency" if number:
            return money(text, detail if detail in CURRENCIES else "$")
        case "currency":
            found = re.fullmatch(rf"({NUMBER})\s*([A-Z]{{3}})|([A-Z]{{3}})\s*({NUMBER})", text)
            if found and (found[2] or found[3]) in CURRENCIES:
                return money(found[1] or found[4], found[2] or found[3])
        case "date":
            return _say_date(text, format) or normalise(text)
        case "time":
            clock = re.fullmatch(r"(\d{1,2})[:.h](\d{2})(?:[:.]\d{2})?\s*([ap]\.?m\.?)?", text, re.IGNORECASE)
            if clock and int(clock[1]) <= 24 and int(clock[2]) <= 59:
                return time_of_day(int(clock[1]) % 24, int(clock[2]), clock[3] or "")
        case _:
            pass
    return normalise(text)


def _say_date(text: str, format: str) -> str | None:
    parts = re.findall(r"\d+", text)
    if re.search(r"[A-Za-z]", text) or not parts or len(parts) > 3:
        return None
    if not format:
        format = "ymd" if len(parts[0]) == 4 else "mdy"
    format = format if len(format) == len(parts) else format[: len(parts)]
    fields = {key: int(value) for key, value in zip(format, parts, strict=False)}
    month, day, year = fields.get("m"), fields.get("d"), fields.get("y")
    if year is not None and year < 100:
        year += 2000
    if month is None or not 1 <= month <= 12 or (day is not None and not 1 <= day <= 31):
        return None
    return date(year, month, day)
