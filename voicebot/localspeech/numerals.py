"""English number words."""

from __future__ import annotations

_ONES = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS = ["-", "-", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_SCALES = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (1000, "thousand"))
_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}


def cardinal(number: int) -> str:
    """``1250``: one thousand two hundred fifty. Beyond 10^15: digit by digit."""
    if number < 0:
        return "minus " + cardinal(-number)
    if number >= 10**15:
        return digits(str(number))
    if number < 20:
        return _ONES[number]
    if number < 100:
        return _TENS[number // 10] + (" " + _ONES[number % 10] if number % 10 else "")
    if number < 1000:
        return _ONES[number // 100] + " hundred" + (" " + cardinal(number % 100) if number % 100 else "")
    for scale, name in _SCALES:
        if number >= scale:
            rest = number % scale
            return f"{cardinal(number // scale)} {name}" + (" " + cardinal(rest) if rest else "")
    raise AssertionError(number)


def ordinal(number: int) -> str:
    """``22``: twenty second."""
    words = cardinal(number).split()
    last = words[-1]
    if last in _ORDINALS:
        words[-1] = _ORDINALS[last]
    elif last.endswith("y"):
        words[-1] = last[:-1] + "ieth"
    else:
        words[-1] = last + "th"
    return " ".join(words)


def digits(text: str) -> str:
    """Each digit by its name; anything else is left out."""
    return " ".join(_ONES[int(digit)] for digit in text if digit.isascii() and digit.isdigit())


def year(number: int) -> str:
    """``1984``: nineteen eighty four; ``2005``: two thousand five; ``1900``: nineteen hundred."""
    if not 1000 <= number <= 2999 or 2000 <= number <= 2009 or number % 1000 == 0:
        return cardinal(number)
    high, low = divmod(number, 100)
    if low == 0:
        return f"{cardinal(high)} hundred"
    return f"{cardinal(high)} {'oh ' + _ONES[low] if low < 10 else cardinal(low)}"


def decimal(text: str) -> str:
    """``3.14`` or ``1,250``: a number as it is written, with an optional sign, thousands separators and fraction."""
    sign = "minus " if text[:1] in "-\u2212" else ""
    whole, point, fraction = text.lstrip("+-\u2212").replace(",", "").partition(".")
    words = cardinal(int(whole)) if whole else "zero"
    return sign + words + (f" point {digits(fraction)}" if point and fraction else "")
