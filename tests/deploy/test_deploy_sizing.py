"""The fleet on paper: it grows as calls do, and says what is full first."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sizing import Costs, Demand, full_at, size, told

COSTS = Costs(
    calls_a_node=50,
    beat_us=100,
    beat_call_us=1,
    beat_node_us=0.5,
    beat_ops=10,
    beat_call_ops=1,
    call_us=400,
    call_node_us=2,
    call_ops=6,
    call_node_ops=1,
    turn_us=200,
    turn_ops=8,
    kamailio_call_us=500,
    kamailio_cores=4,
)
DEMAND = Demand(calls=1000, mean_s=100, turns=3, spare=1, lease_s=1.0)


def test_a_thousand_calls_by_hand() -> None:
    fleet = size(DEMAND, COSTS)
    assert fleet.nodes == 21 and fleet.calls_a_s == 10
    beats = 21 * 5
    assert fleet.redis_ops_s == pytest.approx(beats * (10 + 1000 / 21) + 10 * (30 + 21))
    assert fleet.redis_core == pytest.approx((beats * (100 + 1000 / 21 + 0.5 * 21) + 10 * (1000 + 2 * 21)) / 1e6)
    assert fleet.kamailio_core == pytest.approx(0.005) and fleet.kamailio == pytest.approx(0.00125)
    assert fleet.media_mbit_s == pytest.approx(2 * 1000 * 50 * 218 * 8 / 1e6)
    assert fleet.taken_over_each == 3


def test_one_call_needs_one_node_and_one_to_spare() -> None:
    assert size(replace(DEMAND, calls=1), COSTS).nodes == 2
    assert size(replace(DEMAND, calls=1, spare=0), COSTS).taken_over_each == 1


def test_longer_calls_are_begun_less_often_and_more_turns_cost_more() -> None:
    usual, longer = size(DEMAND, COSTS), size(replace(DEMAND, mean_s=200), COSTS)
    assert longer.kamailio_core == pytest.approx(usual.kamailio_core / 2)
    assert size(replace(DEMAND, turns=30), COSTS).redis_core > usual.redis_core


@pytest.mark.parametrize(
    ("costs", "first"),
    [(COSTS, "Redis (one core)"), (replace(COSTS, kamailio_call_us=1e6), "Kamailio (its processes)")],
)
def test_what_is_full_first_is_full_there_and_not_a_little_earlier(costs: Costs, first: str) -> None:
    what, calls = full_at(DEMAND, costs)
    assert what == first
    assert size(replace(DEMAND, calls=calls), costs).shares()[what] >= 1
    assert max(size(replace(DEMAND, calls=int(calls * 0.97)), costs).shares().values()) < 1


def test_the_costs_that_are_there_were_measured_and_give_a_fleet() -> None:
    lines = list(told(Demand(10_000), Costs()))
    assert len(lines) == 7 and "nan" not in " ".join(lines)
