"""What the line sounds like to a person: the E-model of ITU-T G.107, with its default terminals. Pure.

The transmission rating R goes from 0 to 93.2, a clean narrow-band line: from that, delay and the codec with its losses
are taken off. The terms for sidetone, room noise and echo are left at their defaults, inside the 93.2: nobody here can
measure them. The estimate is of the line, not of the voice: a bad microphone has a good R.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

DEFAULT_R: Final = 93.2
"""Ro - Is with all parameters of G.107 at their defaults."""


class CodecImpairment(NamedTuple):
    """``ie``: what the codec itself takes off R; ``bpl``: how well it bears loss (ITU-T G.113, Appendix I)."""

    ie: float
    bpl: float


G711: Final = CodecImpairment(0.0, 25.1)
"""With concealment as in Appendix I of G.711, which is what :mod:`~voicebot.audio.concealment` does."""


def rating(one_way_delay_ms: float, loss: float, codec: CodecImpairment = G711, burst_ratio: float = 1.0) -> float:
    """R for a mouth-to-ear delay and a share of lost packets (0 to 1).

    ``burst_ratio`` above 1: losses come in bursts (2: twice as long as by chance). At most :data:`DEFAULT_R`; may be
    below 0.
    """
    return DEFAULT_R - delay_impairment(one_way_delay_ms) - equipment_impairment(loss, codec, burst_ratio)


def delay_impairment(one_way_delay_ms: float) -> float:
    """Idd: what a delay takes off although there is no echo (G.107, 3.5). Nothing up to 100 ms."""
    if one_way_delay_ms <= 100:
        return 0.0
    x = math.log2(one_way_delay_ms / 100)
    return float(25 * ((1 + x**6) ** (1 / 6) - 3 * (1 + (x / 3) ** 6) ** (1 / 6) + 2))


def equipment_impairment(loss: float, codec: CodecImpairment = G711, burst_ratio: float = 1.0) -> float:
    """Ie,eff: what the codec and lost packets take off (G.107, 3.5)."""
    percent = 100 * min(1.0, max(0.0, loss))
    if percent == 0:
        return codec.ie
    return codec.ie + (95 - codec.ie) * percent / (percent / burst_ratio + codec.bpl)


def mean_opinion_score(r: float) -> float:
    """The score from 1 (bad) to 4.5 that people would give on average (G.107, annex B)."""
    if r <= 0:
        return 1.0
    if r >= 100:
        return 4.5
    return max(1.0, 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6)
