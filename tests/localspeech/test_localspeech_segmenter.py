from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.localspeech.segmenter import Edge, Ended, Paused, Resumed, Segmenter, Started, Timing

TIMING = Timing(end_s=0.35, soft_limit_s=3.0, hard_limit_s=4.0)


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
    timing = Timing(end_s=0.1)
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


def commit_after(scores: list[float], then: list[float]) -> list[tuple[int, Edge]]:
    """What follows from ``scores``, a commit, and ``then``; what came before the commit is left out."""
    segmenter = Segmenter(TIMING)
    for score in scores:
        segmenter.feed(score)
    edges = [(segmenter.now, edge) for edge in segmenter.commit()]
    return edges + [(segmenter.now, edge) for score in then for edge in segmenter.feed(score)]


VOICED, PAUSED, ENDED = Started(0), Paused(10), Ended(0, 10, False)


@pytest.mark.parametrize(
    ("before", "then", "edges"),
    [
        ([1] * 10 + [0] * 8, [], [(18, ENDED)]),  # in the pause: at once
        ([1] * 10 + [0] * 3, [0] * 9, [(17, PAUSED), (17, ENDED)]),  # quiet that is not yet a pause: as soon as it is
        ([1] * 8, [1] * 2 + [0] * 7, [(17, PAUSED), (17, ENDED)]),  # the client heard the end earlier
        ([1] * 10, [1] * 8 + [0] * 7, [(25, Paused(18))]),  # somebody goes on speaking: not cut
        ([1] * 10 + [0] * 8 + [1], [1] * 3 + [0] * 7, [(20, Resumed()), (29, Paused(22))]),  # speaks again
        ([1] * 10 + [0] * 8 + [1], [0], [(20, ENDED)]),  # a click in the pause is no voice
        ([0] * 10, [1] * 5 + [0] * 7, [(12, Started(10)), (22, Paused(15))]),  # nobody had spoken
    ],
)
def test_a_commit_ends_a_phrase_in_its_pause_and_cuts_no_voice(
    before: list[float], then: list[float], edges: list[tuple[int, Edge]]
) -> None:
    assert commit_after(before, then) == edges


def test_a_commit_does_not_count_for_the_next_phrase() -> None:
    edges = commit_after([1] * 10 + [0] * 8, [1] * 5 + [0] * 7)
    assert edges == [(18, ENDED), (20, Started(18)), (30, Paused(23))]


def test_the_length_of_a_pause_may_change_at_any_time() -> None:
    segmenter = Segmenter(TIMING, pause_s=0.2)
    for score in [1] * 10 + [0] * 3:
        assert segmenter.feed(score) in ([], [VOICED])
    segmenter.pause_s = 0.096
    assert segmenter.feed(0) == [PAUSED]


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
