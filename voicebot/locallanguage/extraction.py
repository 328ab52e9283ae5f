"""The sentences that say what a text is about, taken out of it. Pure.

A sentence counts for the words that it shares with the rest of the text, for saying what somebody wants or what is
wrong, and for standing early. Greetings and bare answers do not count.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from voicebot.locallanguage.key_phrases import STOP_WORDS
from voicebot.locallanguage.tokens import Span, sentences, words

DEFAULT_SENTENCES = 3
MOST_SENTENCES = 20
CUE = 1.0
"""What it is worth to say what somebody wants, ..."""
EARLY = 0.4
"""... and to be the first sentence; less the later it comes."""
SHORT_WORDS = 4
"""A sentence of fewer words is an answer to something that is not in it."""
_CUES = re.compile(
    r"(?i)\b(?:call(?:ing|ed)? (?:about|because|to|for|regarding)|(?:i|we)(?:'d| would) like to|"
    r"(?:i|we) (?:want|need)\b|(?:problem|issue|question|trouble|complaint) (?:with|about|is)|"
    r"(?:doesn't|does not|don't|didn't|won't|isn't|not) \w+ing\b|(?:doesn't|does not|won't|can't|cannot) \w+|"
    r"still (?:not|haven't|hasn't|waiting)|never (?:\w+ed|came|got)|charged|refund|cancel|broken|missing|wrong|"
    r"down since|stopped|asking (?:for|about)|because)"
)
_SMALL_TALK = re.compile(
    r"(?i)^(?:(?:hello|hi|hey|good (?:morning|afternoon|evening)|thank(?:s| you)|bye|goodbye|yes|no|okay|ok|sure|right|"
    r"(?:how|what) (?:can|may) i (?:do|help)|my name is|this is|one moment|welcome to)\b[^.!?]{0,40}[.!?]*)$"
)


@dataclass(frozen=True, slots=True)
class Ranked:
    """``rank``: 0 to 1."""

    sentence: Span
    rank: float


def ranked(text: str) -> list[Ranked]:
    """All sentences of ``text`` in order, each with its rank."""
    found = sentences(text)
    said = [{word.text.lower() for word in words(one.text)} - STOP_WORDS for one in found]
    often = Counter(word for one in said for word in one)
    weights = []
    for place, (sentence, content) in enumerate(zip(found, said, strict=True)):
        shared = sum(often[word] - 1 for word in content) / (len(content) or 1)
        weight = min(shared, 3.0) / 3 + min(len(content), 8) / 16 + EARLY / (1 + place / 2)
        weight += CUE if _CUES.search(sentence.text) else 0.0
        if _SMALL_TALK.match(sentence.text) or len(words(sentence.text)) < SHORT_WORDS:
            weight *= 0.1
        weights.append(weight)
    most = max(weights, default=1.0)
    return [Ranked(sentence, round(weight / most, 2)) for sentence, weight in zip(found, weights, strict=True)]


def extracted(text: str, count: int = DEFAULT_SENTENCES, *, by_rank: bool = False) -> list[Ranked]:
    """The ``count`` sentences of the highest rank, in the order of the text, or the highest first."""
    best = sorted(ranked(text), key=lambda one: -one.rank)[:count]
    return best if by_rank else sorted(best, key=lambda one: one.sentence.begin)
