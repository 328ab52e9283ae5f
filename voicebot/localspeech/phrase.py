"""What a recognition turn knows of a phrase."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

from voicebot.localspeech.engines import Transcript

SURE = 0.6
"""What was heard until the level fell with a lower confidence is heard once more, with the quiet after it; and what was
expected is not said as a hypothesis."""


@dataclass(slots=True)
class Suspicion:
    """Decode ``number`` of what was said until the level fell, which was noticed at frame ``end``. ``agreed``: the
    quiet has gone on for so long that it is told."""

    number: int
    end: int
    result: Transcript | None = None
    agreed: bool = False

    @property
    def doubtful(self) -> bool:
        """Whether its result is known, and not sure."""
        return self.result is not None and self.result.confidence < SURE


@dataclass(slots=True)
class Phrase:
    """A phrase from its start to its going out. ``final`` is the number of the decode whose result counts;
    ``suspicion`` lasts while the level is low; ``commit`` names the client's wish to end it, which its result
    acknowledges."""

    onset: int
    offset: int = 0
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    final: int = 0
    result: Transcript | None = None
    suspicion: Suspicion | None = None
    ended: bool = False
    said: str = ""
    commit: str = ""
