"""The call flow of a folder of dialogs as a picture (SVG): a panel for each dialog, a card for each step.

Arrows lead only to steps further down in the file: a flow is mostly written in the order in which it runs, and arrows
back would cross everything. Paths back, to the end of the dialog or to another file are links on the card. Where
unanswered questions lead, if that is the same for all of them, is noted at that step.

With a ``Coverage``, the steps and paths are marked that no test takes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import Any

from voicebot.authoring import picture
from voicebot.authoring.folder import MAIN, Dialogs, LoadedDialog
from voicebot.authoring.layout import Layout, place
from voicebot.authoring.model import END, FAIL
from voicebot.authoring.picture import Card, CardRow
from voicebot.authoring.rehearsal import Coverage
from voicebot.authoring.steps import DialogFile, DialogStep

PANEL_GAP = 40.0
PADDING = 24.0
ASPECT = 1.5
MAX_COLUMNS = 8


@dataclass(slots=True)
class _Panel:
    """One dialog, laid out."""

    name: str
    title: str
    cards: dict[str, Card]
    placed: Layout
    edges: dict[tuple[str, str], tuple[str, bool]]
    """By start and end: the label, and whether a test takes this path."""

    @property
    def width(self) -> float:
        return max(self.placed.width + 2 * PADDING, picture.title_width(self.name, self.title))

    @property
    def height(self) -> float:
        return self.placed.height + picture.HEADER + 2 * PADDING


def draw(dialogs: Dialogs, coverage: Coverage | None = None, *, styled: bool = True) -> str:
    """The picture, as SVG text. ``dialogs`` must be usable. ``styled``: False for who brings styles for its classes."""
    names = sorted(dialogs.dialogs, key=lambda name: (name != MAIN, name))
    panels = [_panel(dialogs, dialogs.dialogs[name], coverage) for name in names]
    places = _arranged(panels)
    width, height = _extent(places)
    parts = [_drawn(panel, x, y) for panel, x, y in places]
    return picture.page(width, height, parts, tested=coverage is not None, styled=styled)


def _arranged(panels: list[_Panel]) -> list[tuple[_Panel, float, float]]:
    """The main dialog at the top left, every other one as high as it fits, in a width that suits a screen."""
    widest = max(panel.width for panel in panels)
    widths = {max(widest, sum(panel.width + PANEL_GAP for panel in panels[:count])) for count in range(1, MAX_COLUMNS)}
    arrangements = [_within(panels, width) for width in sorted(widths)]
    return min(arrangements, key=lambda places: max(_extent(places)[0] / ASPECT, _extent(places)[1]))


def _within(panels: list[_Panel], width: float) -> list[tuple[_Panel, float, float]]:
    places: list[tuple[_Panel, float, float]] = []
    for panel in panels:
        lefts = [0.0, *(x + one.width + PANEL_GAP for one, x, _ in places)]
        spots = [(_top(panel, left, places), left) for left in lefts if left + panel.width <= width]
        top, left = min(spots)
        places.append((panel, left, top))
    return places


def _top(panel: _Panel, left: float, places: list[tuple[_Panel, float, float]]) -> float:
    """How high ``panel`` can be put at ``left``: below all that is there."""
    return max((y + one.height + PANEL_GAP for one, x, y in places
                if x < left + panel.width + PANEL_GAP and left < x + one.width + PANEL_GAP), default=0.0)  # fmt: skip


def _extent(places: list[tuple[_Panel, float, float]]) -> tuple[float, float]:
    return max(x + panel.width for panel, x, _ in places), max(y + panel.height for panel, _, y in places)


def _panel(dialogs: Dialogs, loaded: LoadedDialog, coverage: Coverage | None) -> _Panel:
    dialog = loaded.dialog
    order = {step.id: number for number, step in enumerate(dialog.steps)}
    below = dialog.below()
    tested = _tested(loaded, coverage)
    entries = _entries(dialog)
    cards: dict[str, Card] = {}
    edges: dict[tuple[str, str], tuple[str, bool]] = {}
    for step in dialog.steps:
        rows = []
        for target, label in _exits(dialog, step, below[step.id]):
            taken = coverage is None or (loaded.name, step.id, target) in coverage.taken or target == FAIL
            if order.get(target, -1) > order[step.id]:
                edges[step.id, target] = (label, taken)
            else:
                link = f"#{_anchor(loaded.name, target)}" if target in order else ""
                rows.append(CardRow(label, _arrow(target), link, taken))
        called = step.calls if step.calls in dialogs.dialogs else ""
        if called:
            rows.insert(0, CardRow("", f"→ {called}.yaml", f"#{_anchor(called)}", True))
        words = "" if called else step.shown()
        cards[step.id] = Card(
            anchor=_anchor(loaded.name, step.id),
            id=step.id,
            kind=step.WORD,
            colour=step.COLOUR,
            lines=picture.wrapped(words),
            words=words,
            rows=rows,
            entries=entries.get(step.id, []),
            tested=tested(step.id),
        )
    sizes = {name: (picture.CARD_WIDTH, card.height) for name, card in cards.items()}
    placed = place(sizes, list(edges), {edge for edge, (label, _) in edges.items() if label})
    return _Panel(loaded.name, dialog.title or "", cards, placed, edges)


def _tested(loaded: LoadedDialog, coverage: Coverage | None) -> Any:
    seen = {end for dialog, step, going in (coverage.taken if coverage is not None else ())
            if dialog == loaded.name for end in (step, going)}  # fmt: skip
    return lambda step_id: coverage is None or step_id in seen


def _entries(dialog: DialogFile) -> dict[str, list[str]]:
    """How callers get to a step other than by the arrows."""
    found: dict[str, list[str]] = {dialog.steps[0].id: ["▶ begins here"]}
    for name, given in dialog.globals.leading().items():
        if given.goto is not None:
            key = f", key {given.key}" if given.key else ""
            found.setdefault(given.goto, []).append(f"▶ “{name.replace('_', ' ')}”{key}, at any time")
    if dialog.defaults.on_fail not in (None, END, FAIL):
        found.setdefault(str(dialog.defaults.on_fail), []).append("▶ nobody answers, or it fails")
    return found


def _exits(dialog: DialogFile, step: DialogStep, below: str) -> Iterator[tuple[str, str]]:
    """Each target of a step with the label of the arrow; what is the same for all questions is left out."""
    labels: dict[str, list[str]] = {}
    own = set()
    for target, label in step.exits(step.next or below):
        if target is not None:
            own.add(target)
        found = labels.setdefault(target or dialog.defaults.on_fail or FAIL, [])
        if target is not None and label and label not in found:
            found.append(label)
    return ((target, " · ".join(found)) for target, found in labels.items() if target in own)


def _arrow(target: str) -> str:
    return {END: "■ end", FAIL: "✕ gives up"}.get(target, f"↑ {target}")


def _anchor(dialog: str, step: str = "") -> str:
    return escape(f"{dialog}.{step}" if step else dialog, quote=True)


def _drawn(panel: _Panel, x: float, y: float) -> str:
    left, top = x + PADDING, y + picture.HEADER + PADDING
    left += (panel.width - 2 * PADDING - panel.placed.width) / 2
    parts = [picture.panel(x, y, panel.width, panel.height, panel.name, panel.title)]
    for (start, end), (label, taken) in panel.edges.items():
        points = [(left + px, top + py) for px, py in panel.placed.routes[start, end]]
        parts.append(picture.arrow(points, label, taken))
    for name, card in panel.cards.items():
        px, py = panel.placed.boxes[name]
        parts.append(picture.card(card, left + px, top + py))
    return "\n".join(parts)
