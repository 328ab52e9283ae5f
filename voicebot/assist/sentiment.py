"""The trend of each party's mood: what was said lately counts most. Pure."""

from __future__ import annotations

from voicebot.assist.analysis_client import Tone
from voicebot.assist.entries import Mood

FADES = 0.7
"""How much of the trend the next utterance leaves of it."""


class Trends:
    """The trends of one call, from -1 to 1 and 0 at first."""

    def __init__(self) -> None:
        self._of_party: dict[str, float] = {}

    def mood(self, utterance_id: str, party: str, tone: Tone) -> Mood:
        """The mood of an utterance of ``party``, with the trend that it leads to."""
        trend = FADES * self._of_party.get(party, 0.0) + (1 - FADES) * tone.score
        self._of_party[party] = trend
        return Mood(utterance_id, tone.sentiment, round(tone.score, 3), round(trend, 3))
