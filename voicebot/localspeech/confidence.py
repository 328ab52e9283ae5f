"""How likely it is that what was understood is right: what a decode measures, as a probability."""

from __future__ import annotations

import math
from dataclasses import dataclass

from voicebot.localspeech.engines import Transcript
from voicebot.localspeech.hums import Evidence


@dataclass(frozen=True, slots=True)
class Measures:
    """Of a text, in natural logs.

    ``mean``: how likely its words are on the audio, for each token. ``lead``: by how much it is likelier than the next
    best text; where there is none, the least by which a token is likelier than the next best one. ``words``: the
    probability, 0 to 1, that there are words in the audio.
    """

    mean: float
    lead: float
    words: float = 1.0


@dataclass(frozen=True, slots=True)
class Heard:
    """What was heard: texts as they are displayed, with their log probability; the first is what was meant, and
    ``measures`` are its own. No texts: no words. ``tokens``: what the model wrote; ``evidence``: that it is words.
    ``spoken``: the first text in words, where these tell more."""

    texts: dict[str, float]
    measures: Measures
    tokens: tuple[int, ...] = ()
    evidence: Evidence | None = None
    spoken: str = ""

    def transcript(self) -> Transcript:
        """The first text with its confidence; the others share what is left of the probability that there are words,
        by their likelihood."""
        if not self.texts:
            return Transcript("")
        text, *others = self.texts
        sure = confidence(self.measures)
        likely = [math.exp(self.texts[other] - max(self.texts.values())) for other in others]
        rest = [max(0.0, self.measures.words - sure) * one / max(sum(likely), 1e-9) for one in likely]
        return Transcript(text, sure, tuple(map(Transcript, others, rest)), self.spoken)


_OFFSET, _MEAN, _LEAD, _LEAST_MEAN, _MOST_LEAD = 0.0, 0.8, 1.5, -2.0, 3.0


def confidence(measures: Measures) -> float:
    """From 0 to 1; it grows with each of the measures. See :mod:`bench.recogniser_confidence`."""
    mean, lead = max(measures.mean, _LEAST_MEAN), min(max(measures.lead, -_MOST_LEAD), _MOST_LEAD)
    return measures.words / (1 + math.exp(-(_OFFSET + _MEAN * mean + _LEAD * lead)))
