"""Boxes in layers: nothing overlaps, everything leads down, few arrows cross."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from voicebot.authoring.layout import COLUMN_GAP, layers_of, place

BOX = (100.0, 40.0)


@st.composite
def flows(draw: st.DrawFn) -> tuple[list[str], list[tuple[str, str]]]:
    names = [f"s{number}" for number in range(draw(st.integers(1, 14)))]
    pairs = list(itertools.combinations(names, 2))
    return names, draw(st.lists(st.sampled_from(pairs), unique=True, max_size=25)) if pairs else []


@given(flows())
def test_nothing_overlaps_and_every_arrow_leads_down(flow: tuple[list[str], list[tuple[str, str]]]) -> None:
    names, edges = flow
    placed = place(dict.fromkeys(names, BOX), edges, set(edges[:3]))
    for (ax, ay), (bx, by) in itertools.combinations(placed.boxes.values(), 2):
        assert abs(ax - bx) >= BOX[0] + COLUMN_GAP - 1e-6 or abs(ay - by) >= BOX[1]
    for left, top in placed.boxes.values():
        assert -1e-6 <= left <= placed.width - BOX[0] + 1e-6
        assert 0 <= top <= placed.height - BOX[1] + 1e-6
    for (start, end), points in placed.routes.items():
        heights = [y for _, y in points]
        assert heights == sorted(heights)
        assert points[0][1] == placed.boxes[start][1] + BOX[1]
        assert points[-1][1] == placed.boxes[end][1]
        assert placed.boxes[start][0] <= points[0][0] <= placed.boxes[start][0] + BOX[0]


def test_a_box_lies_below_all_that_lead_to_it() -> None:
    edges = [("a", "b"), ("b", "d"), ("a", "d"), ("c", "d")]
    assert layers_of(["a", "b", "c", "d"], edges) == {"a": 0, "b": 1, "c": 0, "d": 2}


def test_boxes_are_ordered_so_that_arrows_do_not_cross() -> None:
    names = ["a", "b", "x", "y"]
    placed = place(dict.fromkeys(names, BOX), [("a", "y"), ("b", "x")], set())
    assert (placed.boxes["a"][0] < placed.boxes["b"][0]) == (placed.boxes["y"][0] < placed.boxes["x"][0])


def test_a_row_of_boxes_is_a_straight_line() -> None:
    placed = place(dict.fromkeys("abc", BOX), [("a", "b"), ("b", "c")], set())
    assert len({left for left, _ in placed.boxes.values()}) == 1
    assert placed.width == BOX[0]
