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
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from voicebot.archive.picture_row import (
    BOT,
    BOT_Y,
    CALLER,
    CALLER_Y,
    COLUMN,
    CUT,
    INK,
    LEFT,
    RIGHT,
    ROW_H,
    WIDTH,
    WORDS_Y,
    Row,
    Span,
    shortened,
    xml,
)
from voicebot.private_files import whole_file

ROW_S: Final = 20.0
MAX_ROWS: Final = 180
"""An hour in rows of 20 s; the rows of a longer call are longer."""


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
        row = Row(number * row_ms, row_ms, duration_ms)
        parts.append(f'<g transform="translate(0 {top + number * ROW_H})">')
        parts += row.frame(last=number == rows - 1)
        parts += row.spans(caller, CALLER_Y, CALLER, hatch=False, filled=waves is None)
        parts += row.spans(bot, BOT_Y, BOT, hatch=True, filled=waves is None)
        if waves is not None:
            parts += row.wave(waves[0], CALLER_Y, CALLER)
            parts += row.wave(waves[1], BOT_Y, BOT)
        parts += row.keys(turns)
        parts += row.gaps(turns)
        parts += row.steps(turns)
        parts += row.overlaps(record.get("overlaps") or [])
        parts += row.failures(record.get("failures") or [])
        parts += row.labels(caller, 10, CALLER)
        parts += row.labels(bot, WORDS_Y + 12, BOT)
        parts.append("</g>")
    parts.append("</svg>\n")
    return "\n".join(parts)


def _caller_spans(turns: Iterable[dict[str, Any]]) -> Iterator[Span]:
    for turn in turns:
        side = turn["caller"]
        start, end = side["speech_start_ms"], side["speech_end_ms"]
        words = side["final_text"] or side["text"]
        if start is not None:
            yield Span(start, max(start, end if end is not None else turn["bot"]["asked_ms"] or start), words)


def _bot_spans(turns: Iterable[dict[str, Any]]) -> Iterator[Span]:
    """One span for each utterance of which audio was sent; an apology or a late message is an utterance, too."""
    for turn in turns:
        for said in turn["bot"]["utterances"]:
            start, end = said["first_packet_ms"], said["playback_end_ms"]
            if start is None:
                continue
            cut = said["complete"] is False and not said["failed"]
            heard = f"cut after {said['heard_s']:.1f} s" if cut and said["heard_s"] is not None else "cut"
            note = "failed" if said["failed"] else heard if cut else ""
            yield Span(start, max(start, end if end is not None else start), _plain(said["text"]), note)


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
        f"call {shortened(str(record.get('id') or record.get('call_id') or ''), 60)}",
    ]
    yield f'<text x="{LEFT}" y="22" font-size="15" font-weight="bold" fill="{INK}">{xml(shortened(title, 90))}</text>'
    yield f'<text x="{LEFT}" y="40" fill="#4b5563">{xml("  ·  ".join(filter(None, facts)))}</text>'
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
