"""Whether a text gives something away, told apart from what only looks like it: times, ports, ids, longer numbers."""

from __future__ import annotations

import re


def stands_in(text: str, word: str) -> bool:
    """Whether ``word`` stands in ``text`` by itself: not within a longer word or number, nor as a fraction or port."""
    return re.search(rf"(?<![\w.:]){re.escape(word)}(?!\w|[.:]\d)", text) is not None
