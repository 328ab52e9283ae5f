"""How much of a question somebody must have heard before a yes, or a no, can be an answer to it. Pure.

The question is the last sentence of a prompt; what stands before it explains. Half of the question has to be heard. If
it asks whether what was read back is right ("I have 42. Is that right?"), it is enough to have heard that.
"""

from __future__ import annotations

import re

MOST_UNHEARD = 3
"""How often a question is asked again, without using up a try, for callers who speak before they have heard it."""

_SENTENCE_END = re.compile(r"[.!?…:](?=\s)")


def share_to_hear(prompt: str, *, reads_back: bool) -> float:
    """Which share of ``prompt``, from 0 to 1, has to be heard. ``reads_back``: it asks for a confirmation."""
    prompt = prompt.strip()
    if not prompt:
        return 0.0
    begins = max((match.end() for match in _SENTENCE_END.finditer(prompt)), default=0)
    needed = begins if reads_back and begins else (begins + len(prompt)) / 2
    return round(needed / len(prompt), 3)
