"""Words and phrases with their moods: VADER's list (MIT), and over it what people say to a service line.

VADER (Hutto and Gilbert, 2014) was made for what people write to one another; of it we take the words, not the rules.
``lexicon_en.yaml`` says what they mean on the phone: "please" and "thank you" are manners, "still waiting" is not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import yaml

from voicebot.spoken_phrases import pattern_of


@dataclass(frozen=True, slots=True)
class MoodPhrase:
    """``pattern`` finds it in words that have a space before and behind each; it begins with that of its first word.
    ``valence``: -4 to 4."""

    pattern: re.Pattern[str]
    valence: float


@dataclass(frozen=True, slots=True)
class MoodLexicon:
    """``words``: the valence of each, -4 to 4. ``phrases``: what words mean together, whatever each means alone.
    ``negations``: the valence of each where it turns round nothing. ``boosters``: what each adds to the word after it.
    """

    words: Mapping[str, float]
    phrases: Sequence[MoodPhrase]
    negations: Mapping[str, float]
    boosters: Mapping[str, float]
    contractions: Mapping[str, str]


def english() -> MoodLexicon:
    """The English lexicon. Reads two files; takes a tenth of a second."""
    own: dict[str, Any] = yaml.safe_load(files(__package__).joinpath("lexicon_en.yaml").read_text(encoding="utf-8"))
    known = _vader()
    for valence, listed in own["words"].items():
        known |= {word: float(valence) for word in listed.split()}
    phrases = [
        MoodPhrase(pattern_of(phrase), float(valence))
        for valence, listed in own["phrases"].items()
        for phrase in listed
    ]
    return MoodLexicon(known, phrases, own["negations"], own["boosters"], own["contractions"])


def _vader() -> dict[str, float]:
    known = {}
    for line in files("vaderSentiment").joinpath("vader_lexicon.txt").read_text(encoding="utf-8").splitlines():
        word, valence, *_ = line.split("\t")
        if word.isalpha() and len(word) > 2:  # neither faces nor letters that somebody spells
            known[word] = float(valence)
    return known
