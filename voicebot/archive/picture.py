"""A picture of a call, as SVG: who spoke when, what was said, and how the time between speech and answer was spent.

Drawn from the call's record (`calls/record.py`) and its recording, if there is one. Time runs in rows of 20 s. Each row
shows, from top to bottom: the caller's words, the caller's waveform, the silences before answers (bars, with their
milliseconds), one lane for each step from speech to answer, the bot's waveform, the bot's words, the seconds. Each step
has a lane of its own because steps are closer together than a letter is wide. Prompts that were interrupted are hatched
at their end. A browser shows the whole text of a shortened label when the mouse is over it.
"""

from __future__ import annotations

import re
import wave
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray

from voicebot.private_files import whole_file

ROW_S: Final = 20.0
MAX_ROWS: Final = 180
"""An hour in rows of 20 s; the rows of a longer call are longer."""
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
_CALLER_Y: Final = TEXT_H
_GAP_Y: Final = _CALLER_Y + WAVE_H
_LANES_Y: Final = _GAP_Y + GAP_H
_BOT_Y: Final = _LANES_Y + LANE_H * len(LANES)
_WORDS_Y: Final = _BOT_Y + WAVE_H
_AXIS_Y: Final = _WORDS_Y + TEXT_H


@dataclass(frozen=True, slots=True)
class _Span:
    """An utterance of one side, from ``start`` to ``end`` in milliseconds since the call's start. ``note``: how it was
    interrupted or failed, if it was."""

    start: float
    end: float
    text: str
    note: str = ""


def write_picture(record: dict[str, Any], wav: Path | None, out: Path) -> None:
    """Draw ``record`` to the file ``out``. ``wav``: the stereo recording (caller left), or None. Blocks: use a thread.

    Raises OSError. A recording that is not 16-bit stereo PCM is not drawn.
    """
    with whole_file(out) as file:
        file.write(picture_of(record, wav).encode())


def picture_of(record: dict[str, Any], wav: Path | None) -> str:
    """The SVG document, as :func:`write_picture` writes it."""
    return picture(record, _read(wav) if wav is not None else None)


def picture(record: dict[str, Any], samples: tuple[NDArray[np.int16], int] | None = None) -> str:
    """The SVG document. ``samples``: an int16 array of shape (n, 2), caller left, and its rate."""
    turns: list[dict[str, Any]] = list(record.get("turns") or [])
    caller, bot = list(_caller_spans(turns)), list(_bot_spans(turns))
    ends = [record.get("duration_ms") or 0.0, *(span.end for span in (*caller, *bot))]
    if samples is not None:
        ends.append(len(samples[0]) / samples[1] * 1000)
    duration_ms = max(1000.0, *ends)
    row_ms = max(ROW_S, duration_ms / 1000 / MAX_ROWS) * 1000
    rows = int(-(-duration_ms // row_ms))
    top = 62
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + RIGHT}" height="{top + rows * ROW_H + 8}" '
        'font-family="DejaVu Sans, Arial, sans-serif" font-size="10.5">',
        '<defs><pattern id="cut" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        f'<rect width="7" height="7" fill="{CUT}" fill-opacity=".07"/>'
        f'<line x1="0" y1="0" x2="0" y2="7" stroke="{CUT}" stroke-opacity=".45" stroke-width="2"/></pattern></defs>',
        '<rect width="100%" height="100%" fill="#fff"/>',
        *_heading(record, turns),
    ]
    waves = _envelopes(samples, row_ms) if samples is not None else None
    for number in range(rows):
        row = _Row(number * row_ms, row_ms, duration_ms)
        parts.append(f'<g transform="translate(0 {top + number * ROW_H})">')
        parts += row.frame(last=number == rows - 1)
        parts += row.spans(caller, _CALLER_Y, CALLER, hatch=False, filled=waves is None)
        parts += row.spans(bot, _BOT_Y, BOT, hatch=True, filled=waves is None)
        if waves is not None:
            parts += row.wave(waves[0], _CALLER_Y, CALLER)
            parts += row.wave(waves[1], _BOT_Y, BOT)
        parts += row.keys(turns)
        parts += row.gaps(turns)
        parts += row.steps(turns)
        parts += row.overlaps(record.get("overlaps") or [])
        parts += row.failures(record.get("failures") or [])
        parts += row.labels(caller, 10, CALLER)
        parts += row.labels(bot, _WORDS_Y + 12, BOT)
        parts.append("</g>")
    parts.append("</svg>\n")
    return "\n".join(parts)


class _Row:
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
        for y, name, colour in ((_CALLER_Y, "caller", CALLER), (_BOT_Y, "bot", BOT)):
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
            yield f'<line x1="{x}" y1="{_CALLER_Y}" x2="{x}" y2="{_AXIS_Y + 4}" stroke="{GREY}" stroke-opacity=".3"/>'
            label = f'<text x="{x}" y="{_AXIS_Y + 15}" text-anchor="middle" font-size="9" fill="#6b7280">'
            yield f"{label}{_clock(at)}</text>"

    def spans(self, spans: list[_Span], y: float, colour: str, *, hatch: bool, filled: bool) -> Iterator[str]:
        for span in spans:
            pixels = self.clip(span.start, span.end)
            if pixels is None:
                continue
            width = max(1.5, pixels[1] - pixels[0])
            box = f'x="{pixels[0]}" y="{y + 3}" width="{width:.1f}" height="{WAVE_H - 6}" rx="3"'
            title = f"<title>{_text(span.text)}{' - ' + _text(span.note) if span.note else ''}</title>"
            yield f'<rect {box} fill="{colour}" fill-opacity="{0.3 if filled else 0.08}">{title}</rect>'
            if hatch and span.note:
                yield f'<rect {box} fill="url(#cut)"/>'
                if self.holds(span.end):
                    yield (
                        f'<line x1="{pixels[1]}" y1="{y}" x2="{pixels[1]}" y2="{y + WAVE_H}" stroke="{CUT}" '
                        'stroke-width="2"/>'
                    )
                    yield f'<text x="{pixels[1] + 4}" y="{y + 11}" font-size="9" fill="{CUT}">{_text(span.note)}</text>'

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
            y = _CALLER_Y + WAVE_H / 2
            yield (
                f'<rect x="{x}" y="{y - 9}" width="{width}" height="18" rx="4" fill="#fff" stroke="{CALLER}"/>'
                f'<text x="{x + width / 2}" y="{y + 4}" text-anchor="middle" fill="{CALLER}">{_text(keys)}</text>'
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
                    f'<circle cx="{x}" cy="{_CALLER_Y + 5}" r="3.5" fill="{fill}" stroke="{CALLER}">'
                    f"<title>{_text(told)}</title></circle>"
                )

    def failures(self, failures: list[dict[str, Any]]) -> Iterator[str]:
        for failure in failures:
            if self.holds(failure["at_ms"]):
                x, what = self.x(failure["at_ms"]), f"{failure['what']}: {failure['reason']}"
                yield (
                    f'<path d="M{x} {_AXIS_Y - 11}l6 10h-12z" fill="{CUT}"><title>{_text(what)}</title></path>'
                    f'<text x="{x + 8}" y="{_AXIS_Y - 2}" font-size="9" fill="{CUT}">{_text(_short(what, 48))}</text>'
                )

    def labels(self, spans: list[_Span], y: float, colour: str) -> Iterator[str]:
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
                f'<tspan x="{x:.1f}" dy="{0 if number == 0 else 12}">{_text(line)}</tspan>'
                for number, line in enumerate(lines)
            )
            yield f'<text y="{y}" fill="{colour}"><title>{_text(span.text)}</title>{rows}</text>'


def _caller_spans(turns: Iterable[dict[str, Any]]) -> Iterator[_Span]:
    for turn in turns:
        side = turn["caller"]
        start, end = side["speech_start_ms"], side["speech_end_ms"]
        words = side["final_text"] or side["text"]
        if start is not None:
            yield _Span(start, max(start, end if end is not None else turn["bot"]["asked_ms"] or start), words)


def _bot_spans(turns: Iterable[dict[str, Any]]) -> Iterator[_Span]:
    """One span for each utterance of which audio was sent; an apology or a late message is an utterance, too."""
    for turn in turns:
        for said in turn["bot"]["utterances"]:
            start, end = said["first_packet_ms"], said["playback_end_ms"]
            if start is None:
                continue
            cut = said["complete"] is False and not said["failed"]
            heard = f"cut after {said['heard_s']:.1f} s" if cut and said["heard_s"] is not None else "cut"
            note = "failed" if said["failed"] else heard if cut else ""
            yield _Span(start, max(start, end if end is not None else start), _plain(said["text"]), note)


def _heading(record: dict[str, Any], turns: list[dict[str, Any]]) -> Iterator[str]:
    gaps = sorted(turn["gap_ms"] for turn in turns if turn["gap_ms"] is not None and turn["gap_ms"] >= 0)
    title = f"{record.get('caller', '')} → {record.get('callee', '')}"
    facts = [
        str(record.get("started") or ""),
        f"{(record.get('duration_ms') or 0) / 1000:.1f} s",
        str(record.get("codec") or ""),
        " ".join(filter(None, (str(record.get("bot") or ""), str(record.get("language") or "")))),
        f"{len(turns)} turns",
        f"ended: {(record.get('end') or {}).get('reason') or 'not yet'}",
        f"call {_short(str(record.get('id') or record.get('call_id') or ''), 60)}",
    ]
    yield f'<text x="{LEFT}" y="22" font-size="15" font-weight="bold" fill="{INK}">{_text(_short(title, 90))}</text>'
    yield f'<text x="{LEFT}" y="40" fill="#4b5563">{_text("  ·  ".join(filter(None, facts)))}</text>'
    if gaps:
        middle = gaps[(len(gaps) - 1) // 2]
        told = f"silence before an answer: median {middle:.0f} ms, longest {gaps[-1]:.0f} ms"
        yield f'<text x="{LEFT + WIDTH}" y="22" text-anchor="end" fill="#b45309">{told}</text>'


def _envelopes(
    samples: tuple[NDArray[np.int16], int], row_ms: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Both sides' peaks, one for each column of the picture, scaled so that ordinary speech fills its band."""
    data, rate = samples
    size = max(1, round(row_ms / 1000 * rate / (WIDTH // COLUMN)))
    columns = -(-len(data) // size)
    sides = []
    for side in (0, 1):
        padded = np.zeros(columns * size, np.int16)
        padded[: len(data)] = data[:, side]
        peaks = np.abs(padded.reshape(columns, size).astype(np.float32)).max(axis=1, initial=0)
        reference = max(2000.0, float(np.percentile(peaks, 99.5)) if columns else 0.0)
        sides.append(np.minimum(peaks / reference, 1.0).astype(np.float32))
    return sides[0], sides[1]


def _read(path: Path) -> tuple[NDArray[np.int16], int] | None:
    try:
        with wave.open(str(path)) as wav:
            if (wav.getnchannels(), wav.getsampwidth()) != (2, 2) or wav.getframerate() < 1000:
                return None
            raw = wav.readframes(wav.getnframes())
            return np.frombuffer(raw[: len(raw) // 4 * 4], "<i2").reshape(-1, 2), wav.getframerate()
    except (wave.Error, EOFError):
        return None


def _plain(text: str) -> str:
    """Text without SSML mark-up."""
    return " ".join(re.sub(r"<[^<>]*>", " ", text).split()) if "<" in text else text


def _text(text: str) -> str:
    """``text`` for use inside an element: escaped, and without the characters that XML forbids."""
    return escape(re.sub(r"[^\t\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", " ", text), {'"': "&quot;"})


def _short(text: str, length: int) -> str:
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
            wrapped.append(_short(word, room))
        else:
            rest = " ".join([wrapped[-1], *words[index:]]).strip()
            wrapped[-1] = _short(rest, room)
            break
    return wrapped


def _clock(at_ms: float) -> str:
    minutes, seconds = divmod(round(at_ms / 1000), 60)
    return f"{minutes}:{seconds:02d}" if minutes else f"{seconds} s"
