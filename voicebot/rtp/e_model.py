"""The quality of a line as a person hears it: the E-model of ITU-T G.107, with its default terminals. Pure.

The transmission rating R is 93.2 for a perfect narrow-band line; delay, the codec and lost packets reduce it. Sidetone,
room noise and echo cannot be measured here, so their terms have the default values that are part of the 93.2. R rates
the transmission only: it says nothing about a bad microphone.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

DEFAULT_R: Final = 93.2
"""Ro - Is with all parameters of G.107 at their defaults."""


class CodecImpairment(NamedTuple):
    """``ie``: by how much the codec reduces R; ``bpl``: its robustness against loss (ITU-T G.113, Appendix I)."""

    ie: float
    bpl: float


G711: Final = CodecImpairment(0.0, 25.1)
"""With the concealment of G.711 Appendix I, as in :mod:`~voicebot.audio.concealment`."""


def rating(one_way_delay_ms: float, loss: float, codec: CodecImpairment = G711, burst_ratio: float = 1.0) -> float:
    """R for a mouth-to-ear delay and a share of lost packets (0 to 1). At most :data:`DEFAULT_R`; may be negative.

    ``burst_ratio``: how long losses last, compared with random loss (2: twice as long).
    """
    return DEFAULT_R - delay_impairment(one_way_delay_ms) - equipment_impairment(loss, codec, burst_ratio)


def delay_impairment(one_way_delay_ms: float) -> float:
    """Idd: by how much a delay without echo reduces R (G.107, 3.5). Nothing up to 100 ms."""
    if one_way_delay_ms <= 100:
        return 0.0
    x = math.log2(one_way_delay_ms / 100)
    return float(25 * ((1 + x**6) ** (1 / 6) - 3 * (1 + (x / 3) ** 6) ** (1 / 6) + 2))


def equipment_impairment(loss: float, codec: CodecImpairment = G711, burst_ratio: float = 1.0) -> float:
    """Ie,eff: by how much the codec and lost packets reduce R (G.107, 3.5)."""
    percent = 100 * min(1.0, max(0.0, loss))
    if percent == 0:
        return codec.ie
    return codec.ie + (95 - codec.ie) * percent / (percent / burst_ratio + codec.bpl)


def mean_opinion_score(r: float) -> float:
    """The mean opinion score for ``r``, 1 (bad) to 4.5 (G.107, Annex B)."""
    if r <= 0:
        return 1.0
    if r >= 100:
        return 4.5
    return max(1.0, 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6)
