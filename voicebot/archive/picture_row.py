"""One row of a call's picture: what lies in its stretch of time, as elements of SVG."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray

LEFT, WIDTH, RIGHT = 86, 1300, 24
COLUMN: Final = 2
"""The width of a column of a waveform, in pixels."""
TEXT_H, WAVE_H, GAP_H, LANE_H, AXIS_H, SPACE_H = 40, 48, 20, 10, 20, 18
CALLER, BOT, GAP, CUT, GREY, INK = "#1d4ed8", "#15803d", "#f59e0b", "#dc2626", "#9ca3af", "#111827"
CHAR_W: Final = 5.6
"""The assumed width of a letter in labels (10.5 px sans-serif), wide enough that labels do not overlap."""
LINES: Final = 3

LANES: Final = (
    ("hypothesis", "caller", "first_hypothesis_ms", CALLER),
    ("final", "caller", "final_ms", CALLER),
    ("bot asked", "bot", "asked_ms", INK),
    ("bot's message", "bot", "first_message_ms", BOT),
    ("first audio", "bot", "first_audio_ms", BOT),
    ("first packet", "bot", "first_packet_ms", BOT),
)
"""Name, side of the turn, field of the record and colour of each lane, in the order in which the steps happen."""
ROW_H: Final = TEXT_H + WAVE_H + GAP_H + LANE_H * len(LANES) + WAVE_H + TEXT_H + AXIS_H + SPACE_H
CALLER_Y: Final = TEXT_H
_GAP_Y: Final = CALLER_Y + WAVE_H
_LANES_Y: Final = _GAP_Y + GAP_H
BOT_Y: Final = _LANES_Y + LANE_H * len(LANES)
WORDS_Y: Final = BOT_Y + WAVE_H
_AXIS_Y: Final = WORDS_Y + TEXT_H


@dataclass(frozen=True, slots=True)
class Span:
    """An utterance of one side, from ``start`` to ``end`` in milliseconds since the call's start. ``note``: how it was
    interrupted or failed, if it was."""

    start: float
    end: float
    text: str
    note: str = ""


class Row:
    """One row of the picture: knows which stretch of time it shows."""

    def __init__(self, start_ms: float, length_ms: float, duration_ms: float) -> None:
        self.start, self.length = start_ms, length_ms
        self.end = start_ms + length_ms
        self.shown_to = min(self.end, duration_ms)

    def x(self, at_ms: float) -> float:
        return round(LEFT + (at_ms - self.start) / self.length * WIDTH, 1)

    def holds(self, at_ms: float | None) -> bool:
        return at_ms is not None and self.start <= at_ms < self.end

    def clip(self, start: float, end: float) -> tuple[float, float] | None:
        """The part of ``start``..``end`` that is in this row, in pixels; None if there is none."""
        if end < self.start or start >= self.end:
            return None
        return self.x(max(start, self.start)), self.x(min(end, self.end))

    def frame(self, *, last: bool) -> Iterator[str]:
        right = self.x(self.shown_to) if last else LEFT + WIDTH
        for y, name, colour in ((CALLER_Y, "caller", CALLER), (BOT_Y, "bot", BOT)):
            middle = y + WAVE_H / 2
            yield f'<line x1="{LEFT}" y1="{middle}" x2="{right}" y2="{middle}" stroke="{colour}" stroke-opacity=".35"/>'
            yield (
                f'<text x="{LEFT - 8}" y="{middle + 4}" text-anchor="end" font-weight="bold" fill="{colour}">'
                f"{name}</text>"
            )
        yield f'<text x="{LEFT - 8}" y="{_GAP_Y + 14}" text-anchor="end" font-size="9" fill="#b45309">silence</text>'
        for index, (name, _, _, colour) in enumerate(LANES):
            y = _LANES_Y + index * LANE_H
            yield f'<text x="{LEFT - 8}" y="{y + 8}" text-anchor="end" font-size="8" fill="{colour}">{name}</text>'
            yield f'<line x1="{LEFT}" y1="{y + 5}" x2="{right}" y2="{y + 5}" stroke="#f3f4f6"/>'
        yield f'<line x1="{LEFT}" y1="{_AXIS_Y}" x2="{right}" y2="{_AXIS_Y}" stroke="{GREY}"/>'
        step = max(1, round(self.length / 20_000))
        for second in range(0, round(self.length / 1000) + 1, step):
            at = self.start + second * 1000
            if at > self.shown_to + 1:
                break
            x = self.x(at)
            yield f'<line x1="{x}" y1="{CALLER_Y}" x2="{x}" y2="{_AXIS_Y + 4}" stroke="{GREY}" stroke-opacity=".3"/>'
            label = f'<text x="{x}" y="{_AXIS_Y + 15}" text-anchor="middle" font-size="9" fill="#6b7280">'
            yield f"{label}{_clock(at)}</text>"

    def spans(self, spans: list[Span], y: float, colour: str, *, hatch: bool, filled: bool) -> Iterator[str]:
        for span in spans:
            pixels = self.clip(span.start, span.end)
            if pixels is None:
                continue
            width = max(1.5, pixels[1] - pixels[0])
            box = f'x="{pixels[0]}" y="{y + 3}" width="{width:.1f}" height="{WAVE_H - 6}" rx="3"'
            title = f"<title>{xml(span.text)}{' - ' + xml(span.note) if span.note else ''}</title>"
            yield f'<rect {box} fill="{colour}" fill-opacity="{0.3 if filled else 0.08}">{title}</rect>'
            if hatch and span.note:
                yield f'<rect {box} fill="url(#cut)"/>'
                if self.holds(span.end):
                    yield (
                        f'<line x1="{pixels[1]}" y1="{y}" x2="{pixels[1]}" y2="{y + WAVE_H}" stroke="{CUT}" '
                        'stroke-width="2"/>'
                    )
                    yield f'<text x="{pixels[1] + 4}" y="{y + 11}" font-size="9" fill="{CUT}">{xml(span.note)}</text>'

    def wave(self, envelope: NDArray[np.float32], y: float, colour: str) -> Iterator[str]:
        """The envelope as one mirrored outline for each stretch that is not silent."""
        columns = WIDTH // COLUMN
        first = round(self.start / self.length * columns)
        peaks = envelope[first : first + columns] * (WAVE_H / 2 - 2)
        middle = y + WAVE_H / 2
        loud = np.flatnonzero(peaks > 0.25)
        if not len(loud):
            return
        outline: list[str] = []
        for stretch in np.split(loud, np.flatnonzero(np.diff(loud) > 1) + 1):
            xs = LEFT + stretch * COLUMN
            above = [f"{x} {middle - peaks[i]:.1f}" for x, i in zip(xs, stretch, strict=True)]
            below = [f"{x} {middle + peaks[i]:.1f}" for x, i in zip(xs[::-1], stretch[::-1], strict=True)]
            outline.append(
                f"M{xs[0]} {middle}L" + "L".join(above) + f"L{xs[-1] + COLUMN} {middle}L" + "L".join(below) + "Z"
            )
        yield f'<path d="{"".join(outline)}" fill="{colour}" fill-opacity=".8"/>'

    def keys(self, turns: list[dict[str, Any]]) -> Iterator[str]:
        """Keys as key caps; keys that are too close together share one."""
        pressed = [
            (at, key)
            for turn in turns
            for key, at in zip(turn["caller"]["keys"], turn["caller"]["keys_ms"], strict=False)
            if self.holds(at)
        ]
        groups: list[tuple[float, str]] = []
        edge = float("-inf")
        for at, key in sorted(pressed):
            if groups and self.x(at) < edge + 3:
                groups[-1] = (groups[-1][0], groups[-1][1] + key)
            else:
                groups.append((self.x(at), key))
            edge = groups[-1][0] + 7 + 7 * len(groups[-1][1])
        for x, keys in groups:
            width = 7 + 7 * len(keys)
            y = CALLER_Y + WAVE_H / 2
            yield (
                f'<rect x="{x}" y="{y - 9}" width="{width}" height="18" rx="4" fill="#fff" stroke="{CALLER}"/>'
                f'<text x="{x + width / 2}" y="{y + 4}" text-anchor="middle" fill="{CALLER}">{xml(keys)}</text>'
            )

    def gaps(self, turns: list[dict[str, Any]]) -> Iterator[str]:
        edge = float("-inf")
        for turn in turns:
            end, gap = turn["bot"]["first_packet_ms"], turn["gap_ms"]
            if end is None or gap is None or gap < 0:
                continue
            pixels = self.clip(end - gap, end)
            if pixels is None:
                continue
            yield (
                f'<rect x="{pixels[0]}" y="{_GAP_Y + 6}" width="{max(1.5, pixels[1] - pixels[0]):.1f}" height="9" '
                f'fill="{GAP}"/>'
            )
            if self.holds(end) and pixels[1] + 3 > edge:
                why = turn.get("ended")
                label = f"{gap:.0f} ms" + (f", {why}" if why else "")
                edge = pixels[1] + 3 + len(label) * 6
                yield f'<text x="{pixels[1] + 3}" y="{_GAP_Y + 14}" font-size="10" fill="#b45309">{label}</text>'

    def steps(self, turns: list[dict[str, Any]]) -> Iterator[str]:
        for index, (name, side, field, colour) in enumerate(LANES):
            y = _LANES_Y + index * LANE_H + 5
            for turn in turns:
                at = turn[side][field]
                if self.holds(at):
                    yield (
                        f'<path d="M{self.x(at)} {y - 4}l4 4l-4 4l-4 -4z" fill="{colour}">'
                        f"<title>turn {turn['index']}: {name} at {at / 1000:.3f} s</title></path>"
                    )

    def overlaps(self, overlaps: list[dict[str, Any]]) -> Iterator[str]:
        """Sounds over a prompt: open where it went on, filled where it was dropped."""
        for overlap in overlaps:
            if self.holds(overlap["began_ms"]):
                x, fill = self.x(overlap["began_ms"]), CALLER if overlap["outcome"] == "interruption" else "#fff"
                told = f"{overlap['outcome']}: {overlap['text']}".removesuffix(": ")
                yield (
                    f'<circle cx="{x}" cy="{CALLER_Y + 5}" r="3.5" fill="{fill}" stroke="{CALLER}">'
                    f"<title>{xml(told)}</title></circle>"
                )

    def failures(self, failures: list[dict[str, Any]]) -> Iterator[str]:
        for failure in failures:
            if self.holds(failure["at_ms"]):
                x, what = self.x(failure["at_ms"]), f"{failure['what']}: {failure['reason']}"
                yield (
                    f'<path d="M{x} {_AXIS_Y - 11}l6 10h-12z" fill="{CUT}"><title>{xml(what)}</title></path>'
                    f'<text x="{x + 8}" y="{_AXIS_Y - 2}" font-size="9" fill="{CUT}">{xml(shortened(what, 48))}</text>'
                )

    def labels(self, spans: list[Span], y: float, colour: str) -> Iterator[str]:
        """The words of the spans that begin in this row, wrapped to fit before the next span."""
        here = [span for span in spans if self.holds(span.start) and span.text]
        edge = float(LEFT)
        for index, span in enumerate(here):
            limit = self.x(here[index + 1].start) if index + 1 < len(here) else LEFT + WIDTH + RIGHT
            # near the end of the row a label moves to the left, as far as the one before it allows
            x = max(edge, min(self.x(span.start), limit - 150))
            room = int((limit - x - 8) / CHAR_W)
            if room < 4:
                continue
            lines = _wrap(span.text, min(room, 60), LINES)
            edge = x + max(map(len, lines)) * CHAR_W + 8
            rows = "".join(
                f'<tspan x="{x:.1f}" dy="{0 if number == 0 else 12}">{xml(line)}</tspan>'
                for number, line in enumerate(lines)
            )
            yield f'<text y="{y}" fill="{colour}"><title>{xml(span.text)}</title>{rows}</text>'


def xml(text: str) -> str:
    """``text`` for use inside an element: xml, and without the characters that XML forbids."""
    return escape(re.sub(r"[^\t\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", " ", text), {'"': "&quot;"})


def shortened(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def _wrap(text: str, room: int, lines: int) -> list[str]:
    """``text`` in at most ``lines`` lines of at most ``room`` characters; what does not fit ends in an ellipsis."""
    words = text.split()
    wrapped = [""]
    for index, word in enumerate(words):
        grown = f"{wrapped[-1]} {word}".strip()
        if len(grown) <= room:
            wrapped[-1] = grown
        elif len(wrapped) < lines and wrapped[-1]:
            wrapped.append(shortened(word, room))
        else:
            rest = " ".join([wrapped[-1], *words[index:]]).strip()
            wrapped[-1] = shortened(rest, room)
            break
    return wrapped


def _clock(at_ms: float) -> str:
    minutes, seconds = divmod(round(at_ms / 1000), 60)
    return f"{minutes}:{seconds:02d}" if minutes else f"{seconds} s"
