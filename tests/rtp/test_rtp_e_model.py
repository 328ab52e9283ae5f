"""The E-model against the values that ITU-T publishes."""

from __future__ import annotations

import pytest

from voicebot.rtp.e_model import CodecImpairment, delay_impairment, equipment_impairment, mean_opinion_score, rating
from voicebot.rtp.estimate import estimated_mos


@pytest.mark.parametrize(
    ("r", "mos"),
    [(90, 4.34), (80, 4.03), (70, 3.60), (60, 3.10), (50, 2.58)],  # G.107, table B.1
)
def test_the_scores_are_those_of_annex_b(r: float, mos: float) -> None:
    assert mean_opinion_score(r) == pytest.approx(mos, abs=0.007)


def test_a_clean_line_has_the_default_rating_and_its_score() -> None:
    assert rating(0, 0) == 93.2
    assert mean_opinion_score(93.2) == pytest.approx(4.41, abs=0.005)  # G.107, clause 7.7 with all defaults
    assert (mean_opinion_score(-5), mean_opinion_score(120)) == (1.0, 4.5)
    assert min(mean_opinion_score(tenth / 10) for tenth in range(1001)) == 1.0  # the cubic dips below 1 for R < 6.5


def test_delay_costs_nothing_up_to_100_ms_and_then_ever_more() -> None:
    assert delay_impairment(100) == 0
    # Idd at 200 ms: X = 1, so 25 * (2 ** (1 / 6) - 3 * (1 + 3 ** -6) ** (1 / 6) + 2)
    assert delay_impairment(200) == pytest.approx(3.04, abs=0.01)
    assert delay_impairment(400) == pytest.approx(24.1, abs=0.1)
    costs = [delay_impairment(ms) for ms in range(0, 1000, 10)]
    assert costs == sorted(costs)


@pytest.mark.parametrize(
    ("codec", "loss", "expected"),
    [
        (CodecImpairment(0, 4.3), 0.01, 17.9),  # G.711 without concealment
        (CodecImpairment(0, 25.1), 0.01, 3.6),  # with it
        (CodecImpairment(11, 19), 0.0, 11),  # G.729A
        (CodecImpairment(11, 19), 0.02, 19),
    ],
)
def test_loss_costs_by_the_codecs_robustness(codec: CodecImpairment, loss: float, expected: float) -> None:
    assert equipment_impairment(loss, codec) == pytest.approx(expected, abs=0.1)


def test_losses_in_bursts_cost_more_than_the_same_by_chance() -> None:
    assert equipment_impairment(0.05, burst_ratio=2) > equipment_impairment(0.05)


def test_a_calls_score_falls_with_loss_and_delay_and_needs_something_heard() -> None:
    assert estimated_mos(0, 0, None) is None
    assert estimated_mos(1000, 0, None) == 4.41
    assert estimated_mos(1000, 0, 60) == 4.41  # 90 ms one way
    lossy, slow = estimated_mos(950, 50, 60), estimated_mos(1000, 0, 600)
    assert lossy is not None and slow is not None
    assert 3.8 < lossy < 4.1 and 3.2 < slow < 3.8
