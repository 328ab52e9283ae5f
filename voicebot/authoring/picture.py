"""How the call flow looks: cards, arrows and panels as SVG, in colours that colour-blind people can tell apart.

Sizes are in pixels. No font can be measured here, so widths are those of a wide one (DejaVu Sans); narrower fonts leave
room.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

CARD_WIDTH = 238.0
HEADER = 52.0
MAX_LINES = 4
LEGEND = 74.0
MARGIN = 28.0
TEXT = 11.0
BOLD = 11.4
"""For the widths of bold text of 10 pixels."""
LINE = 15.0

COLOURS = {
    "ask": "#2563eb", "say": "#64748b", "if": "#b45309", "call": "#7c3aed", "http": "#0f766e", "transfer": "#15803d",
    "hangup": "#be123c", "set": "#78716c",
}  # fmt: skip
"""By the word of a step; other steps share its colour (``DialogStep.COLOUR``)."""
OTHER = "#0e7490"
LEGENDS = {
    "ask": "asks", "say": "says", "if": "decides", "call": "runs another dialog or Python",
    "http": "asks a web service", "transfer": "transfers, or calls somebody", "hangup": "hangs up",
    "set": "stores values",
}  # fmt: skip

STYLE = """\
text{font-family:Inter,"Segoe UI","Helvetica Neue",Arial,"DejaVu Sans",sans-serif;font-size:11px;fill:#1e293b}
.panel{fill:#f8fafc;stroke:#cbd5e1}
.file{font-size:15px;font-weight:700}
.title{fill:#64748b}
.card{fill:#fff;stroke:#cbd5e1;stroke-width:1.2}
.untested{fill:#fff7ed;stroke:#ea580c;stroke-width:1.6;stroke-dasharray:5 3}
.id{font-size:12px;font-weight:700}
.kind{font-size:10px;fill:#fff;font-weight:600}
.row{fill:#475569}
a .row,a .kind{text-decoration:underline}
.path{fill:none;stroke:#64748b;stroke-width:1.5}
.untaken{stroke:#ea580c;stroke-dasharray:5 3}
.tip{fill:#64748b}.untakentip{fill:#ea580c}
.label{font-size:10.5px;fill:#334155;text-anchor:middle;paint-order:stroke;stroke:#f8fafc;stroke-width:4px}
.miss,.label.miss{fill:#c2410c}
.entry{font-size:10px;fill:#1d4ed8;font-weight:600}
.chip{fill:#dbeafe;stroke:#93c5fd}
.bad{fill:#ea580c}
"""

_NARROW = set("iljtfrI.,:;'|!()[]{} -“”")
_WIDE = set("mwMWQO@%&")


@dataclass(frozen=True, slots=True)
class CardRow:
    """A path that is written on the card: its label, where it leads, a link there, and whether a test takes it."""

    label: str
    target: str
    link: str
    taken: bool


@dataclass(frozen=True, slots=True)
class Card:
    """A step. ``words``: what it says or does; ``lines``: what fits on the card of it."""

    anchor: str
    id: str
    kind: str
    colour: str
    """A key of :data:`COLOURS`; any other means :data:`OTHER`."""
    lines: list[str]
    words: str
    rows: list[CardRow]
    entries: list[str]
    tested: bool

    @property
    def height(self) -> float:
        shown = len(self.lines) + len(self.rows)
        return 34.0 + LINE * shown + (5.0 if shown else 0.0) + (4.0 if self.lines and self.rows else 0.0) + self.above

    @property
    def above(self) -> float:
        """The height of the notes above the card."""
        return 20.0 * len(self.entries)


def wide(text: str, size: float = TEXT) -> float:
    """The approximate width of a text."""
    return size * sum(0.36 if c in _NARROW else 0.95 if c in _WIDE else 0.7 if c.isupper() else 0.6 for c in text)


def wrapped(text: str, room: float = CARD_WIDTH - 24) -> list[str]:
    """The first lines of a text, as many as a card shows."""
    lines: list[str] = []
    for word in (part for whole in text.split() for part in _parts(whole, room)):
        if lines and wide(f"{lines[-1]} {word}") <= room:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    if len(lines) > MAX_LINES:
        lines = lines[:MAX_LINES]
        lines[-1] = clipped(f"{lines[-1]} …………", room)
    return lines


def _parts(word: str, room: float) -> list[str]:
    """A word that is too long for a line (an address, an expression), in pieces that fit."""
    if wide(word) <= room:
        return [word]
    size = max(1, int(len(word) * room / wide(word)) - 1)
    return [word[at : at + size] for at in range(0, len(word), size)]


def clipped(text: str, room: float, size: float = TEXT) -> str:
    """``text``, shortened to fit."""
    if wide(text, size) <= room:
        return text
    while text and wide(f"{text}…", size) > room:
        text = text[:-1]
    return f"{text.rstrip(' …')}…"


def title_width(name: str, title: str) -> float:
    """The width of the head of a panel."""
    return 40.0 + max(wide(f"{name}.yaml", 15), min(wide(title), 420.0))


def panel(x: float, y: float, width: float, height: float, name: str, title: str) -> str:
    """The background of a dialog, with its head."""
    shown = clipped(title, width - 32)
    return (
        f'<g id="{escape(name)}"><rect class="panel" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" '
        f'height="{height:.1f}" rx="12"/>'
        f'<text class="file" x="{x + 18:.1f}" y="{y + 27:.1f}">{escape(name)}.yaml</text>'
        f'<text class="title" x="{x + 18:.1f}" y="{y + 45:.1f}">{escape(shown)}'
        f"<title>{escape(title)}</title></text></g>"
    )


def card(step: Card, x: float, y: float) -> str:
    """A step with its left top at ``x`` and ``y``."""
    colour = COLOURS.get(step.colour, OTHER)
    parts = [f'<g id="{escape(step.anchor)}"><title>{escape(step.words)}</title>']
    for entry in step.entries:
        text = clipped(entry, CARD_WIDTH - 20, BOLD)
        parts.append(
            f'<rect class="chip" x="{x:.1f}" y="{y:.1f}" width="{wide(text, BOLD) + 16:.1f}" height="16" rx="8"/>'
            f'<text class="entry" x="{x + 8:.1f}" y="{y + 11.5:.1f}">{escape(text)}</text>'
        )
        y += 20
    height = step.height - step.above
    tag = wide(step.kind, BOLD) + 16
    parts.append(
        f'<rect class="{"card" if step.tested else "untested"}" x="{x:.1f}" y="{y:.1f}" width="{CARD_WIDTH}" '
        f'height="{height:.1f}" rx="8"/>'
        f'<path fill="{colour}" d="M{x:.1f},{y + 8:.1f} a8,8 0 0 1 8,-8 h{tag - 8:.1f} v20 h{-tag:.1f} z"/>'
        f'<text class="kind" x="{x + 8:.1f}" y="{y + 14:.1f}">{escape(step.kind)}</text>'
    )
    head = x + tag + 9
    shown = clipped(step.id, x + CARD_WIDTH - head - (60 if not step.tested else 8), 13)
    parts.append(f'<text class="id" x="{head:.1f}" y="{y + 15:.1f}">{escape(shown)}</text>')
    if not step.tested:
        parts.append(
            f'<rect class="bad" x="{x + CARD_WIDTH - 56:.1f}" y="{y + 5:.1f}" width="49" height="15" rx="7.5"/>'
            f'<text class="kind" x="{x + CARD_WIDTH - 50:.1f}" y="{y + 16:.1f}">no test</text>'
        )
    at = y + 38
    for line in step.lines:
        parts.append(f'<text x="{x + 12:.1f}" y="{at:.1f}">{escape(line)}</text>')
        at += LINE
    at += 4 if step.lines and step.rows else 0
    for row in step.rows:
        room = CARD_WIDTH - 24
        text = clipped(f"{row.label} → {row.target}" if row.label else row.target, room)
        shown = f'<text class="row{"" if row.taken else " miss"}" x="{x + 12:.1f}" y="{at:.1f}">{escape(text)}</text>'
        parts.append(f'<a href="{row.link}">{shown}</a>' if row.link else shown)
        at += LINE
    parts.append("</g>")
    return "".join(parts)


def arrow(points: list[tuple[float, float]], label: str, taken: bool) -> str:
    """An arrow from step to step; ``taken``: a test takes this path."""
    (x, y), *rest = points
    path = [f"M{x:.1f},{y:.1f}"]
    end_x, end_y = rest[-1]
    rest[-1] = (end_x, end_y - 7)
    for to_x, to_y in rest:
        if abs(to_x - x) < 0.5:
            path.append(f"V{to_y:.1f}")
        else:
            bend = (to_y - y) / 2
            path.append(f"C{x:.1f},{y + bend:.1f} {to_x:.1f},{to_y - bend:.1f} {to_x:.1f},{to_y:.1f}")
        x, y = to_x, to_y
    tip = f"M{end_x - 4:.1f},{end_y - 8:.1f} h8 l-4,8 z"
    parts = [
        f'<path class="path{"" if taken else " untaken"}" d="{" ".join(path)}"/>',
        f'<path class="{"tip" if taken else "untakentip"}" d="{tip}"/>',
    ]
    if label:
        # Halfway along the last stretch: arrows from one step have parted there, those to one step have not yet met.
        (from_x, from_y), (to_x, to_y) = points[0], rest[0]
        label_x, label_y = (from_x + to_x) / 2, (from_y + to_y) / 2 + 3.5
        shown = escape(clipped(label, 190, 10.5))
        parts.append(
            f'<text class="label{"" if taken else " miss"}" x="{label_x:.1f}" y="{label_y:.1f}">{shown}'
            f"<title>{escape(label)}</title></text>"
        )
    return "".join(parts)


def page(width: float, height: float, parts: list[str], *, tested: bool, styled: bool) -> str:
    """The whole picture, with its legend."""
    whole_width, whole_height = max(width, 900.0) + 2 * MARGIN, height + LEGEND + 2 * MARGIN
    legend: list[str] = []
    x = MARGIN
    for kind, what in LEGENDS.items():
        legend.append(
            f'<rect fill="{COLOURS[kind]}" x="{x:.1f}" y="{MARGIN - 9:.1f}" width="11" height="11" rx="3"/>'
            f'<text x="{x + 17:.1f}" y="{MARGIN:.1f}">{escape(what)}</text>'
        )
        x += 17 + wide(what) + 16
    x = MARGIN
    marks = [("M0,0 h26", "path", "the path of a caller")]
    if tested:
        marks.append(("M0,0 h26", "path untaken", "a path that no test takes (voicebot test dialogs --paths)"))
    for path, kind, what in marks:
        legend.append(
            f'<path class="{kind}" transform="translate({x:.1f},{MARGIN + 22:.1f})" d="{path}"/>'
            f'<text x="{x + 34:.1f}" y="{MARGIN + 26:.1f}">{escape(what)}</text>'
        )
        x += 34 + wide(what) + 16
    for text in ("↑ back to a step above", "■ the dialog ends", "✕ it gives up: on_fail of the calling dialog") + (
        () if tested else ("no tests were run",)
    ):
        legend.append(f'<text x="{x:.1f}" y="{MARGIN + 26:.1f}">{escape(text)}</text>')
        x += wide(text) + 16
    body = "\n".join(parts)
    style = f"<style>\n{STYLE}</style>\n" if styled else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {whole_width:.0f} {whole_height:.0f}" '
        f'width="{whole_width:.0f}" height="{whole_height:.0f}" role="img">\n{style}'
        f'<rect width="100%" height="100%" fill="#fff"/>\n{"".join(legend)}\n'
        f'<g transform="translate({MARGIN:.0f},{MARGIN + LEGEND:.0f})">\n{body}\n</g>\n</svg>\n'
    )
