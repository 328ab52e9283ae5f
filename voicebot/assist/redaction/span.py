"""What is to be withheld of a text, and what is put in its place."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from voicebot.assist.entries import Withheld

HELD: Final = "held"
"""The category of what may turn out to be the beginning of what must be withheld. If it does not, it is shown then."""


class WithheldSpan(NamedTuple):
    """Characters ``begin`` to ``end`` of a text are of ``category``."""

    begin: int
    end: int
    category: str


def merged(spans: Iterable[WithheldSpan]) -> list[WithheldSpan]:
    """``spans`` in order, without overlaps. Of two that overlap, the first one's category is that of both; but what is
    only held is not made more of than that."""
    found: list[WithheldSpan] = []
    for span in sorted(spans, key=lambda span: span.begin):
        if not found or span.begin >= found[-1].end:
            found.append(span)
            continue
        last = found[-1]
        if (last.category == HELD) == (span.category == HELD):
            found[-1] = WithheldSpan(last.begin, max(last.end, span.end), last.category)
        elif span.category == HELD:
            found.append(WithheldSpan(last.end, span.end, HELD))
        else:
            found[-1] = WithheldSpan(last.begin, span.begin, HELD)
            found += [span, WithheldSpan(span.end, last.end, HELD)]
    return [span for span in found if span.end > span.begin]


def marked(text: str, spans: Iterable[WithheldSpan]) -> tuple[str, tuple[Withheld, ...]]:
    """``text`` with a mark, "[card number]", for each of the ``spans``, which are in order and do not overlap; and
    where the marks are."""
    parts: list[str] = []
    marks: list[Withheld] = []
    length = copied = 0
    for span in spans:
        parts.append(text[copied : span.begin])
        length += span.begin - copied
        mark = f"[{span.category}]"
        marks.append(Withheld(span.category, length, length + len(mark)))
        parts.append(mark)
        length += len(mark)
        copied = span.end
    parts.append(text[copied:])
    return "".join(parts), tuple(marks)
