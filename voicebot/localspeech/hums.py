"""Sounds that are no words: hums, breaths, coughs. The model writes words for them ("You", "No"), and is sure of them.

What tells them apart is how likely the model thought it, before its first word, that there is nothing to write.
Short audio says less than long audio, and words that are unlikely say less than likely ones. A hum is then known by
the way of writing it which the model finds likeliest. A short word in noise looks like such a sound, too ("Five." was
"Uh."): what was expected is meant if it is clearly likelier than any hum.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from voicebot.localspeech.expected import lexical

HUMS = {
    "Mm-hmm.": ("Mm-hmm.", "Mm-hmm", "Mhm."),
    "Hmm.": ("Hmm.", "Hmm", "Mmm."),
    "Uh-huh.": ("Uh-huh.",),
    "Uh.": ("Uh.", "Uh", "Um.", "Um"),
}
"""Hums, as they are displayed, and the ways in which the model writes them."""
ALIKE = ("Oh.", "Oh", "Ah.", "Huh?")
"""Words that it writes for hums as well. They are none, but say no more than one."""
LEAST_WORDS, LEAST_WORDS_SO_FAR = 0.2, 0.05
"""The probability of words below which a sound is none: a whole one, and the beginning of one."""
_MOST_BEHIND = 7.0
"""How much less likely (natural log) than what the model wrote a hum may be. Knocks and music are 9 and more behind."""
CLEAR_WORDS = 0.6
"""The probability of words below which what was expected is compared with hums."""
LEAD_OF_A_PHRASE, _LEAST_PHRASE = 2.0, -7.0
"""By how much likelier (natural log) than each hum and each other phrase must be what is meant instead of a hum, and
how likely at least. Of 44 single digits by people and rendered voices that were taken for hums, 18 are heard so, each
as what it was; of 294 hums, breaths, coughs and knocks none, and of 2,000 other words two ("Gate." in noise, for
eight). Without the second limit, knocks would be a two."""
_OFFSET, _NOTHING, _MEAN, _SECOND = -4.0, -1.0, 2.3, 4.0
_EXPECTED = 1.5
_MOST_ODDS, _LEAST_MEAN, _LONG_S = 6.0, -2.0, 2.2
_KNOWN = frozenset(lexical(way) for ways in HUMS.values() for way in ways)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a decode says about whether there are words in audio.

    ``nothing``: the log probability (natural) that there is nothing to write. ``mean``: how likely the words are on the
    audio, in natural logs for each token. ``seconds``: the length of the audio, with 0.6 s of what is around the words.
    """

    nothing: float
    mean: float
    seconds: float

    def measures(self) -> tuple[float, float, float]:
        """The same within the limits to which it counts; the first as odds."""
        odds = self.nothing - math.log(max(-math.expm1(min(self.nothing, -1e-6)), 1e-6))
        return min(max(odds, -_MOST_ODDS), _MOST_ODDS), max(self.mean, _LEAST_MEAN), min(self.seconds, _LONG_S)

    def words(self, *, expected: bool) -> float:
        """The probability, 0 to 1, that there are words. ``expected``: what is meant is such as was expected.
        Fitted as in :mod:`bench.recogniser_confidence`, and to other sounds of such kinds."""
        odds, mean, seconds = self.measures()
        return 1 / (
            1 + math.exp(-(_OFFSET + _NOTHING * odds + _MEAN * mean + _SECOND * seconds + _EXPECTED * expected))
        )


def is_hum(text: str) -> bool:
    """Whether ``text`` writes out a hum, and nothing else."""
    return lexical(text) in _KNOWN


def hums_of(scores: Sequence[float]) -> dict[str, float]:
    """How likely each hum is. ``scores``: the log probability of each way in :data:`HUMS`, in their order."""
    left = iter(scores)
    return {hum: float(np.logaddexp.reduce([next(left) for _ in ways])) for hum, ways in HUMS.items()}


def likeliest(written: float, hums: Mapping[str, float]) -> dict[str, float]:
    """Those of ``hums`` that may have been heard, the likeliest first, with their log probability. Empty: none is
    nearly as likely as what was ``written``."""
    near = {hum: one for hum, one in hums.items() if written - one <= _MOST_BEHIND}
    return dict(sorted(near.items(), key=lambda item: item[1], reverse=True))


def least_instead(sounds: Sequence[float]) -> float:
    """The least log probability with which what was expected is meant instead of ``sounds`` with theirs."""
    return max(_LEAST_PHRASE, LEAD_OF_A_PHRASE + max(sounds))


def words_beside(phrase: float, sounds: Sequence[float]) -> float:
    """The probability that what was expected was said, and none of ``sounds``; 0 where it is not meant instead."""
    return 1 / (1 + math.exp(max(sounds) - phrase)) if phrase >= least_instead(sounds) else 0.0
