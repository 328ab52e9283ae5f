"""A layered layout of boxes from top to bottom, after Sugiyama, Tagawa and Toda (1981): pure geometry.

Edges must go forward in the order of the boxes, so there are no circles to be broken: what goes back is not drawn as an
edge (see :mod:`voicebot.authoring.graph`). The steps:

1. a box lies one layer below the lowest box that leads to it;
2. an edge over several layers gets a bend in each of them, which takes its place like a (thin) box;
3. each layer is ordered by the mean position of its neighbours, down and up, and the order with the fewest crossings
   stays;
4. each box is moved as near as possible to the middle of its neighbours: the least squares under the condition that
   boxes do not overlap, which is an isotonic regression (pool adjacent violators).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field

COLUMN_GAP = 28.0
ROW_GAP = 26.0
LABEL_GAP = 20.0
"""More of it where edges have labels."""
BEND_WIDTH = 14.0
SWEEPS = 12

Node = tuple[str, int]
"""A box (its name, -1), or a bend of an edge in a layer (``"a>b"``, layer)."""


@dataclass(slots=True)
class Layout:
    """``boxes``: left and top of each box. ``routes``: of each edge, the points that it goes through."""

    width: float
    height: float
    boxes: dict[str, tuple[float, float]] = field(default_factory=dict)
    routes: dict[tuple[str, str], list[tuple[float, float]]] = field(default_factory=dict)


def layers_of(names: list[str], edges: list[tuple[str, str]]) -> dict[str, int]:
    """The layer of each box. ``names`` is in an order in which every edge goes forward."""
    layer = dict.fromkeys(names, 0)
    leading: dict[str, list[str]] = {name: [] for name in names}
    for start, end in edges:
        leading[end].append(start)
    for name in names:
        layer[name] = max((layer[before] + 1 for before in leading[name]), default=0)
    return layer


def place(
    sizes: dict[str, tuple[float, float]], edges: list[tuple[str, str]], labelled: set[tuple[str, str]]
) -> Layout:
    """Lay out boxes of the given ``sizes`` (width, height), in writing order, and the ``edges`` between them."""
    names = list(sizes)
    layer = layers_of(names, edges)
    rows: list[list[Node]] = [[] for _ in range(max(layer.values(), default=-1) + 1)]
    for name in names:
        rows[layer[name]].append((name, -1))
    chains = {edge: _chain(edge, layer) for edge in edges}
    for chain in chains.values():
        for key in chain[1:-1]:
            rows[key[1]].append(key)
    below: dict[Node, list[Node]] = {key: [] for row in rows for key in row}
    above: dict[Node, list[Node]] = {key: [] for row in rows for key in row}
    for chain in chains.values():
        for upper, lower in itertools.pairwise(chain):
            below[upper].append(lower)
            above[lower].append(upper)
    rows = _ordered(rows, above, below)
    widths = {key: sizes[key[0]][0] if key[1] < 0 else BEND_WIDTH for row in rows for key in row}
    middles = _middles(rows, above, below, widths)

    tops: list[float] = []
    y = 0.0
    for number, row in enumerate(rows):
        tops.append(y)
        y += max((sizes[key[0]][1] for key in row if key[1] < 0), default=0.0) + ROW_GAP
        y += LABEL_GAP if any(layer[start] <= number < layer[end] for start, end in labelled) else 0.0
    heights = [max((sizes[key[0]][1] for key in row if key[1] < 0), default=0.0) for row in rows]
    left = min((middles[key] - widths[key] / 2 for key in middles), default=0.0)
    right = max((middles[key] + widths[key] / 2 for key in middles), default=0.0)
    placed = Layout(right - left, max((t + h for t, h in zip(tops, heights, strict=True)), default=0.0))
    for name in names:
        placed.boxes[name] = (middles[name, -1] - left - sizes[name][0] / 2, tops[layer[name]])
    ports = _ports(names, chains, middles, sizes)
    for (start, end), chain in chains.items():
        points = [(ports[start, end, 0] - left, tops[layer[start]] + sizes[start][1])]
        for key in chain[1:-1]:
            x = middles[key] - left
            points += [(x, tops[key[1]]), (x, tops[key[1]] + heights[key[1]])]
        points.append((ports[start, end, 1] - left, tops[layer[end]]))
        placed.routes[start, end] = points
    return placed


def _chain(edge: tuple[str, str], layer: dict[str, int]) -> list[Node]:
    start, end = edge
    bends = [(f"{start}>{end}", number) for number in range(layer[start] + 1, layer[end])]
    return [(start, -1), *bends, (end, -1)]


def _ordered(rows: list[list[Node]], above: dict[Node, list[Node]], below: dict[Node, list[Node]]) -> list[list[Node]]:
    best, fewest = rows, _crossings(rows, below)
    rows = [list(row) for row in rows]
    for sweep in range(SWEEPS):
        if not fewest:
            break
        down = sweep % 2 == 0
        numbers = range(1, len(rows)) if down else range(len(rows) - 2, -1, -1)
        for number in numbers:
            before = rows[number - 1 if down else number + 1]
            at = {key: float(index) for index, key in enumerate(before)}
            neighbours = above if down else below
            wanted = {}
            for index, key in enumerate(rows[number]):
                near = [at[other] for other in neighbours[key]]
                wanted[key] = sum(near) / len(near) if near else float(index)
            rows[number].sort(key=lambda key: wanted[key])
        crossings = _crossings(rows, below)
        if crossings < fewest:
            best, fewest = [list(row) for row in rows], crossings
    return best


def _crossings(rows: list[list[Node]], below: dict[Node, list[Node]]) -> int:
    count = 0
    for upper, lower in itertools.pairwise(rows):
        at = {key: index for index, key in enumerate(lower)}
        ends: list[int] = []
        for key in upper:
            own = sorted(at[other] for other in below[key])
            count += sum(end > new for new in own for end in ends)
            ends += own
    return count


def _middles(
    rows: list[list[Node]], above: dict[Node, list[Node]], below: dict[Node, list[Node]], widths: dict[Node, float]
) -> dict[Node, float]:
    """Where the middle of each box and bend is, from left to right."""
    middles: dict[Node, float] = {}
    for row in rows:
        x = 0.0
        for key in row:
            middles[key] = x + widths[key] / 2
            x += widths[key] + COLUMN_GAP
    for sweep in range(2 * SWEEPS):
        down = sweep % 2 == 0
        for row in rows if down else reversed(rows):
            wanted, weights = [], []
            for key in row:
                near = (above if down else below)[key] or (below if down else above)[key]
                wanted.append(sum(middles[other] for other in near) / len(near) if near else middles[key])
                weights.append(8.0 if key[1] >= 0 else 1.0 + len(near))
            for key, x in zip(row, _apart(row, wanted, weights, widths), strict=True):
                middles[key] = x
    return middles


def _apart(row: list[Node], wanted: list[float], weights: list[float], widths: dict[Node, float]) -> list[float]:
    """The nearest places to ``wanted`` at which nothing overlaps."""
    offsets = [0.0]
    for left, right in itertools.pairwise(row):
        offsets.append(offsets[-1] + widths[left] / 2 + widths[right] / 2 + COLUMN_GAP)
    pools: list[tuple[float, float, int]] = []  # mean, weight, how many
    for place_wanted, weight, offset in zip(wanted, weights, offsets, strict=True):
        pool = (place_wanted - offset, weight, 1)
        while pools and pools[-1][0] > pool[0]:
            mean, total, count = pools.pop()
            both = total + pool[1]
            pool = ((mean * total + pool[0] * pool[1]) / both, both, count + pool[2])
        pools.append(pool)
    means = [mean for mean, _, count in pools for _ in range(count)]
    return [mean + offset for mean, offset in zip(means, offsets, strict=True)]


def _ports(
    names: list[str],
    chains: dict[tuple[str, str], list[Node]],
    middles: dict[Node, float],
    sizes: dict[str, tuple[float, float]],
) -> dict[tuple[str, str, int], float]:
    """Where edges leave (0) and reach (1) their boxes: side by side, in the order in which they come."""
    ports: dict[tuple[str, str, int], float] = {}
    for name in names:
        for side, end, neighbour in ((0, 0, 1), (1, -1, -2)):
            own = [(middles[chain[neighbour]], edge) for edge, chain in chains.items() if chain[end][0] == name]
            for x, edge in _spread(sorted(own), middles[name, -1], sizes[name][0] - 48):
                ports[(*edge, side)] = x
    return ports


def _spread(
    own: list[tuple[float, tuple[str, str]]], middle: float, room: float
) -> Iterator[tuple[float, tuple[str, str]]]:
    step = min(44.0, room / max(1, len(own) - 1))
    for index, (_, edge) in enumerate(own):
        yield middle + (index - (len(own) - 1) / 2) * step, edge
