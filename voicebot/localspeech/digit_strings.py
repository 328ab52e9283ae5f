"""Inverse text normalisation of the one kind that a phone bot cannot do without: strings of digits.

The Speech service writes "one two three four" as "1234". The model writes, as it feels, "One, two, three, four.", "1
2 3 4" or "1234", and in the middle of digits it hears "H" for eight. A run of three or more digits becomes one string
here; shorter ones stay as they are ("one moment", "two for me"). Numbers of several digits are joined only where a
string of digits is asked for: elsewhere they are a day and a year ("26, 2027"), or a sum ("42 50").
"""

from __future__ import annotations

import re

DIGITS = {
    word: str(value)
    for value, word in enumerate("zero one two three four five six seven eight nine".split())  # noqa: SIM905
} | {"oh": "0"}
"""The words for digits."""

# What the model writes for some digits. These words count as digits only among other digits.
_HEARD_AS = {
    "h": "8",
    "ate": "8",
    "hate": "8",
    "a": "8",
    "to": "2",
    "too": "2",
    "for": "4",
    "won": "1",
    "o": "0",
    "heaven": "7",
}
_HEARD_WHEN_ASKED = _HEARD_AS | {"there": "0", "here": "0", "hero": "0", "or": "4"}
"""The same, where digits are asked for and nothing else was said."""

_TOKEN = re.compile(r"[A-Za-z0-9']+")
_BETWEEN = re.compile(r"[\s,.-]*")
_LEAST = 3
_LEAST_WITH_DOUBT = 5


def join_digits(text: str, asked: bool = False) -> str:
    """``text`` with runs of three or more digits written as one string of digits. ``asked``: nothing but such a string
    is expected; else a run with a number of several digits in it stays as it is."""
    tokens = list(_TOKEN.finditer(text))
    if asked and (string := _only_digits([token[0] for token in tokens])):
        return f"{string}."
    out, copied, index = [], 0, 0
    run_end = certain_end = 0
    while index < len(tokens):
        if index >= run_end:  # once for each run: how it begins may have to be tried at each of its words
            run_end, certain_end = _run(text, tokens, index)
        stop = _stop(tokens, index, certain_end)
        digits = [_digits(token[0], True) for token in tokens[index:stop]]
        certain = sum(bool(_digits(token[0], False)) for token in tokens[index:stop])
        doubtful = stop - index - certain
        enough = len("".join(digits)) >= (_LEAST if not doubtful else _LEAST_WITH_DOUBT)
        one_by_one = all(len(digit) == 1 for digit in digits)
        if stop - index > 1 and enough and certain >= 2 * doubtful and (asked or one_by_one):
            out += [text[copied : tokens[index].start()], "".join(digits)]
            copied = tokens[stop - 1].end()
        index = max(stop, index + 1)
    return "".join((*out, text[copied:]))


def _only_digits(words: list[str]) -> str:
    """The digits of ``words`` if they are nothing else, and enough to believe the doubtful ones; else ``""``."""
    certain = [_digits(word, False) for word in words]
    heard = [digit or _HEARD_WHEN_ASKED.get(word.lower(), "") for digit, word in zip(certain, words, strict=True)]
    sure, doubtful = len("".join(certain)), certain.count("")
    believed = all(heard) and sure + doubtful >= _LEAST and sure >= 2 * doubtful
    return "".join(heard) if believed and words[0].lower() != "a" else ""


def _digits(token: str, doubtful: bool) -> str:
    """The digits that a token stands for, or ``""``. ``doubtful``: also those of :data:`_HEARD_AS`."""
    if token.isascii() and token.isdigit():
        return token
    word = token.lower()
    return DIGITS.get(word, "") or (_HEARD_AS.get(word, "") if doubtful else "")


def _run(text: str, tokens: list[re.Match[str]], start: int) -> tuple[int, int]:
    """Where the run of words that may be digits, from token ``start`` on, ends, and where the last certain one in it
    ends. Numbers of several digits may be in it ("19 48")."""
    end = start
    while end < len(tokens) and _digits(tokens[end][0], True):
        if end > start and not _BETWEEN.fullmatch(text, tokens[end - 1].end(), tokens[end].start()):
            break
        end += 1
    certain_end = end
    while certain_end > start and not _digits(tokens[certain_end - 1][0], False):
        certain_end -= 1
    return end, certain_end


def _stop(tokens: list[re.Match[str]], start: int, certain_end: int) -> int:
    """Where the digits that begin at token ``start`` end; ``start``: none begin there.

    A doubtful word at either end is left to the sentence: "to 555" and "I want 1 2 3 for ...".
    """
    if certain_end <= start:
        return start
    doubtful = not _digits(tokens[start][0], False)
    if doubtful and (certain_end - start <= _LEAST or tokens[start][0].lower() in ("to", "too", "for", "a")):
        return start
    return certain_end
