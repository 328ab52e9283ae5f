from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.localspeech.segmenter import Edge, Ended, Paused, Resumed, Segmenter, Started, Timing

TIMING = Timing(pause_s=0.2, end_s=0.35, soft_limit_s=3.0, hard_limit_s=4.0)


def run(scores: list[float], timing: Timing = TIMING) -> list[tuple[int, Edge]]:
    segmenter = Segmenter(timing)
    return [(segmenter.now, edge) for score in scores for edge in segmenter.feed(score)]


def test_a_word_is_started_paused_and_ended() -> None:
    edges = run([0] * 5 + [1] * 10 + [0] * 20)
    assert edges == [(7, Started(5)), (22, Paused(15)), (26, Ended(5, 15, False))]


def test_a_click_of_one_frame_is_nothing() -> None:
    assert run([0, 1, 0, 0, 1, 0] * 5) == []


def test_a_breath_within_a_phrase_resumes_it() -> None:
    edges = run([1] * 5 + [0] * 8 + [1] * 5 + [0] * 20)
    assert [type(edge) for _, edge in edges] == [Started, Paused, Resumed, Paused, Ended]
    assert edges[-1][1] == Ended(0, 18, False)


def test_a_dip_shorter_than_a_pause_says_nothing() -> None:
    assert [type(edge) for _, edge in run([1] * 5 + [0] * 5 + [1] * 5)] == [Started]


def test_scores_between_the_thresholds_hold_a_phrase_but_begin_none() -> None:
    assert run([0.4] * 30) == []
    assert [type(edge) for _, edge in run([1, 1] + [0.4] * 30)] == [Started]


def test_a_pause_as_long_as_the_end_does_both_at_once() -> None:
    timing = Timing(pause_s=0.1, end_s=0.1)
    assert [type(edge) for _, edge in run([1] * 5 + [0] * 4, timing)] == [Started, Paused, Ended]


@pytest.mark.parametrize(("dip_at", "frames"), [(100, 101), (None, 125)])
def test_a_long_phrase_is_cut_at_a_dip_or_at_the_limit(dip_at: int | None, frames: int) -> None:
    scores = [1.0] * 300
    if dip_at is not None:
        scores[dip_at] = 0.45
    when, edge = next((when, edge) for when, edge in run(scores) if isinstance(edge, Ended))
    assert edge.cut and when == frames


def test_the_end_of_the_stream_ends_an_open_phrase() -> None:
    segmenter = Segmenter(TIMING)
    for _ in range(4):
        segmenter.feed(1)
    assert segmenter.finish() == [Ended(0, 4, False)]
    assert segmenter.finish() == []


@given(st.lists(st.floats(0, 1), max_size=400))
def test_phrases_never_overlap_and_edges_come_in_order(scores: list[float]) -> None:
    opened, last = False, 0
    for now, edge in run(scores):
        match edge:
            case Started(onset):
                assert not opened and last <= onset < now
                opened = True
            case Ended(onset, offset, _):
                assert opened and last <= onset < offset <= now
                opened, last = False, offset
            case Paused() | Resumed():
                assert opened
