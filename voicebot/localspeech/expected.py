"""Leaning towards what is expected to be said: the phrase list against what the recogniser wrote.

The client sends the few phrases that the dialog waits for ("yes", "no", "billing"; the digits). Where the recogniser
wrote nothing but such phrases, nothing is done. Where it was not certain of what it wrote, the same audio is searched
once more for phrases alone (:mod:`~voicebot.localspeech.phrase_grammar`), and what was found is taken if the audio
supports it nearly as well ("Hotage." and "outage", "There are 123." and "0123"). A clear different text stays: nothing
is forced into the list.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from voicebot.localspeech.digit_strings import DIGITS

_WORDS = re.compile(r"[a-z0-9]+(?:'[a-z]+)?")

_CLEAR = -0.12
"""Above this mean log probability per token, the written text is certain and is kept."""

_DOUBTFUL = -0.45
"""Below this, written text that is made of the phrases may be others of them ("6.03.17." for six digits)."""

_NARROW = 2.0
"""A smaller lead of a token makes doubtful which of the phrases was said."""

LEAD = 1.0
"""How much more likely (natural log) the phrases that are taken must be than the next best ones."""

_LEAST_MARGIN, _MOST_MARGIN = 3.0, 7.0
"""How much less likely than the written text phrases may be, by their length: one for each letter beyond three.

Measured on the offline voice and on telephone recordings, with noise: of 324 short sayings that were no answer the
nearest came within 3.1 of "yes" or "no" (but for words that sound alike: "snow", "guess") and 8.4 of a phrase of a
menu; what was said and misheard was at most 4.7 and 6.1 behind; sentences were 8 and more behind any digits.
"""

_MARGIN_OF_A_DIGIT = 5.0
"""The same of a digit that is all that was said: of those by people with an accent, many were 3 to 5 behind ("You." for
zero, "And." for one, "Takes." for six). Of 135 short sayings that were no digit, by 9 rendered voices, clean and not,
none came within 5.5 of one that is not "oh". Chosen by six speakers, it is the same for a seventh."""

_LEAD_OF_A_DIGIT = 2.0
"""How much it must lead the other digits: most that are right lead by more than 3, and "See." may be three and six."""

_LEAST_LETTERS = 3
"""A word with fewer may be heard as one of twice as many: "Knows." for no."""

_SINGLE_DIGITS = frozenset((*DIGITS, *DIGITS.values())) - {"oh"}

_MARGIN_FOR_A_WORD, _MOST_WORDS = 2.0, 4
"""What is added for each further word that is no digit: one that was misheard ("Lena, Oscar, Papa.") has cost as much
as if it were alone. A digit more or less is another number, and gets nothing.
"""


@dataclass(frozen=True, slots=True)
class Scored:
    """A text with its log probability (natural) on the audio, summed over its ``tokens``."""

    text: str
    log_probability: float
    tokens: int


def lexical(text: str) -> str:
    """Words alone: lower case, no punctuation."""
    return " ".join(_WORDS.findall(text.lower()))


def in_doubt(written: Scored, expected: Sequence[str], lead: float = math.inf, *, digits: bool = False) -> bool:
    """Whether ``written`` is so uncertain that a search for phrases is worth while. ``lead``: of its least certain
    token over the next best one, in natural logs, where it matters which of the phrases it is. ``digits``: which are
    digits. One of them may be a word of which the model is certain ("What?" for one, "Line." for nine)."""
    mean = written.log_probability / max(1, written.tokens)
    if not expected:
        return False
    if made_of(expected, written.text):
        return mean <= _DOUBTFUL or lead < _NARROW
    return mean <= _CLEAR or (digits and len(lexical(written.text).split()) == 1)


def floor(written: Scored, *, digits: bool) -> float:
    """The log probability below which no phrases are taken; ``digits``: which are digits."""
    return written.log_probability - _MOST_MARGIN - (0 if digits else _MOST_WORDS * _MARGIN_FOR_A_WORD)


def readings(written: Scored, expected: Sequence[str], found: Sequence[Scored]) -> list[Scored]:
    """What may have been said, each once. The first is what was meant: the best of ``found`` if the audio supports it,
    else what was ``written``. The others follow by their likelihood."""
    spelled: dict[str, Scored] = {}  # by the words
    once = {one.text: one for one in (written, *found)}
    for one in sorted(once.values(), key=lambda one: one.log_probability, reverse=True):
        words = _joined(one.text)
        same = spelled.get(words)
        # what is written in several ways ("Nine five.", "95") is as likely as all of them together
        likely = one.log_probability if same is None else float(np.logaddexp(same.log_probability, one.log_probability))
        spelled[words] = replace(same or one, log_probability=likely)
    best = max(found, key=lambda one: one.log_probability, default=None)
    words, phrases = _joined(written.text), "" if best is None else _joined(best.text)
    if best is not None and phrases != words and _supported(spelled[phrases], spelled[words], expected):
        words = _meant(best, found, spelled) or words
    others = sorted(spelled.values(), key=lambda one: one.log_probability, reverse=True)
    return [spelled[words], *(one for one in others if one is not spelled[words])]


def _supported(best: Scored, written: Scored, expected: Sequence[str]) -> bool:
    """Whether the audio supports ``best`` nearly as well as what was ``written``."""
    if 2 * max(_LEAST_LETTERS, _letters(best.text)) < _letters(written.text):
        return False  # a short answer for much that was said
    margin = 0.0 if made_of(expected, written.text) else _margin(best.text)
    return written.log_probability - best.log_probability <= margin


def _meant(best: Scored, found: Sequence[Scored], spelled: Mapping[str, Scored]) -> str:
    """The words of ``best``; ``""`` if others of ``found`` are as good."""
    words = _joined(best.text)
    others = (spelled[other].log_probability for other in {_joined(one.text) for one in found} - {words})
    lead = _LEAD_OF_A_DIGIT if lexical(best.text) in _SINGLE_DIGITS else LEAD
    return words if max(others, default=-np.inf) <= spelled[words].log_probability - lead else ""


def same_words(one: str, other: str) -> bool:
    """Whether two texts differ only in how they are written ("Nine five.", "95")."""
    return _joined(one) == _joined(other)


def said_so_far(text: str) -> str:
    """What the beginning of a text says, however it is written: the same for "Eight, three", "eight three" and "83",
    and for these with a mark behind them."""
    return _joined(text) + ("," if text[-1:] and not text[-1:].isalnum() else "")


def displayed(text: str) -> str:
    """A phrase as a sentence."""
    whole = text if text[-1:] in ".?!" else text.rstrip(",- ") + "."
    return whole[:1].upper() + whole[1:]


def _margin(text: str) -> float:
    """See :data:`_MOST_MARGIN`."""
    if lexical(text) in _SINGLE_DIGITS:
        return _MARGIN_OF_A_DIGIT
    more = sum(word not in DIGITS and not word.isdecimal() for word in lexical(text).split()[1:])
    return min(max(_LEAST_MARGIN, _letters(text)), _MOST_MARGIN) + _MARGIN_FOR_A_WORD * min(more, _MOST_WORDS)


def _letters(text: str) -> int:
    """The length of what was said; a numeral counts as a word of four letters."""
    return sum(4 if character.isdigit() else character.isalpha() for character in text)


def made_of(expected: Sequence[str], text: str) -> bool:
    """Whether ``text`` has no words but those of the phrases."""
    known = {word for phrase in expected for word in lexical(phrase).split()}
    return known.issuperset(part for word in lexical(text).split() for part in (word if word.isdecimal() else [word]))


def _joined(text: str) -> str:
    """For comparison: "nine 0 five" and "905" are the same."""
    words = [DIGITS.get(word, word) for word in lexical(text).split()]
    return ("" if all(map(str.isdecimal, words)) else " ").join(words)
