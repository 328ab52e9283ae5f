"""What a caller heard of a prompt that was cut off."""

from __future__ import annotations

import re

CHARACTERS_PER_SECOND = 15.0
"""Ordinary speaking rate, used while the length of the whole prompt is not known yet."""

_MARKUP = re.compile(r"<[^>]*>")


def heard_text(text: str, heard_s: float, length_s: float | None = None) -> str:
    """The words of ``text`` that fit into the ``heard_s`` seconds which left on the wire, cut at a word.

    ``length_s`` is how long the whole prompt lasts, or None while that is unknown. SSML mark-up is left out.
    """
    plain = " ".join(_MARKUP.sub(" ", text).split())
    if heard_s <= 0:
        return ""
    if length_s is not None and heard_s >= length_s:
        return plain
    rate = len(plain) / length_s if length_s else CHARACTERS_PER_SECOND
    count = int(heard_s * rate)
    if count >= len(plain):
        return plain
    return plain[:count].rpartition(" ")[0]
