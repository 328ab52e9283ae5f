"""How a numeral was said: "4250" for "forty-two fifty", or for "four thousand two hundred fifty".

The model writes a numeral for both, and what it means hangs on the words; so it does for "42-50" and "42:50", which
may be "forty-two to fifty" as well. So each way to say it is held against the audio, and the likeliest is told as the
words of the result (``Lexical``), as the Speech service does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np

from voicebot.localspeech.numerals import cardinal, digits

CLEAR = 2.0
"""How much likelier (natural log) the best way to say it must be than those of another kind."""
_NUMERAL = re.compile(r"(?<![\w.,:/$€£-])[1-9][0-9]{2,3}(?![\w:/%-]|[.,][0-9])")
_PAIR = re.compile(r"(?<![\w.,:/$€£-])([1-9][0-9]?)[-:]([0-9]{2})(?![\w:/%-]|[.,][0-9])")
_HUNDREDS = 100


def ways(text: str) -> Mapping[str, Sequence[str]]:
    """By how it is said (as a ``number``, in ``groups``, as ``digits``, as a ``range``): ``text`` with its numeral in
    such words. Empty where it has no numeral of three or four digits and no pair ("42-50"), or several, or where all
    are said alike."""
    pairs, found = _PAIR.findall(text), _NUMERAL.findall(text)
    if len(pairs) + len(found) != 1 or any(int(numeral) % _HUNDREDS == 0 for numeral in found):
        return {}
    if pairs:
        first, last = (_hyphened(cardinal(int(each))) for each in pairs[0])
        said = {"range": [f"{first} to {last}"], "groups": _in_groups("".join(pairs[0]))}
    else:
        said = {"number": _as_number(int(found[0])), "groups": _in_groups(found[0]), "digits": [digits(found[0])]}
    numeral = _PAIR if pairs else _NUMERAL
    return {kind: [_written(numeral, text, words) for words in phrases] for kind, phrases in said.items()}


def likeliest(said: Mapping[str, Sequence[str]], scores: Sequence[float]) -> str:
    """The likeliest of all ways; ``""`` where another kind is nearly as likely. ``scores``: the log probability of
    each, in their order."""
    left = iter(scores)
    best = sorted(
        ((float(np.logaddexp.reduce(each)), phrases[int(np.argmax(each))])
         for phrases in said.values() if (each := [next(left) for _ in phrases])),
        reverse=True,
    )  # fmt: skip
    return best[0][1] if best[0][0] - best[1][0] >= CLEAR else ""


def _as_number(number: int) -> list[str]:
    whole, rest = divmod(number, _HUNDREDS)
    below, hundreds = _hyphened(cardinal(rest)), [cardinal(whole * _HUNDREDS)]
    if whole > 10 and whole % 10:  # "twelve hundred"
        hundreds.append(f"{_hyphened(cardinal(whole))} hundred")
    return [f"{said}{joint}{below}" for said in hundreds for joint in (" ", " and ")]


def _in_groups(numeral: str) -> list[str]:
    first, last = numeral[:-2], numeral[-2:]
    below = f"oh {cardinal(int(last))}" if last[0] == "0" else _hyphened(cardinal(int(last)))
    return [f"{_hyphened(cardinal(int(first)))}{joint}{below}" for joint in (" ", ", ")]


def _hyphened(words: str) -> str:
    """``forty two`` as the model writes it."""
    return re.sub(r"\b(\w+ty) (one|two|three|four|five|six|seven|eight|nine)\b", r"\1-\2", words)


def _written(numeral: re.Pattern[str], text: str, words: str) -> str:
    whole = numeral.sub(words, text)
    return whole[:1].upper() + whole[1:]
