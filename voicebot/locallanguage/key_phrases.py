"""What a text is about, in its own words: runs of words that mean something, the way RAKE finds them (Rose and others,
2010). Pure."""

from __future__ import annotations

from collections import Counter
from importlib.resources import files

from voicebot.locallanguage.tokens import Span, sentences, words

MAX_PHRASES = 10
MAX_WORDS = 3

_LINES = files(__package__).joinpath("stop_words_en.txt").read_text(encoding="utf-8").splitlines()
STOP_WORDS = frozenset(word for line in _LINES if not line.startswith("#") for word in line.split())
"""English words that say nothing about what a text is about."""


def key_phrases(text: str, most: int = MAX_PHRASES) -> list[str]:
    """The phrases that ``text`` is about, as they are written there: the weightiest, in the order of their weight.

    A phrase weighs more the oftener its words are said, and the more words they stand beside.
    """
    runs = [run for sentence in sentences(text) for run in _runs(sentence.text)]
    often: Counter[str] = Counter()
    beside: Counter[str] = Counter()
    for run in runs:
        for word in run:
            often[word.text.lower()] += 1
            beside[word.text.lower()] += len(run)
    weights: dict[str, tuple[float, str]] = {}
    for run in runs:
        written = " ".join(word.text for word in run)
        weight = sum(beside[word.text.lower()] / often[word.text.lower()] for word in run)
        known = weights.get(written.lower(), (0.0, written))
        weights[written.lower()] = (known[0] + weight, known[1])
    ranked = sorted(weights.values(), key=lambda one: -one[0])
    return [written for _, written in ranked[:most]]


def _runs(sentence: str) -> list[list[Span]]:
    """Words that follow one another with nothing but space between, without stop words, none of them too long."""
    runs: list[list[Span]] = [[]]
    for word in words(sentence):
        plain = word.text.lower().replace("’", "'")
        if runs[-1] and sentence[runs[-1][-1].end : word.begin].strip():
            runs.append([])
        if plain in STOP_WORDS or len(plain) < 3 or plain.isdigit():
            runs.append([])
        else:
            runs[-1].append(word)
    return [run[-MAX_WORDS:] for run in runs if run]
