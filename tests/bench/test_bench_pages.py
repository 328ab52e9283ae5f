from __future__ import annotations

import math

import pytest

from bench.pages.__main__ import PEACE, Window, cost_of, verdict


def window(kind: str, percent: float, p99_ms: float = 2.0) -> Window:
    return Window(kind, percent, 0.0, 0.5, p99_ms, 5.0, 1.0)


def test_a_window_is_compared_with_those_before_and_after_it() -> None:
    """So calls that become more expensive all the time cost nothing."""
    found = [window(PEACE, 60), window("20 pages", 64), window(PEACE, 62), window("20 pages", 68), window(PEACE, 70)]
    cost = cost_of("20 pages", found)
    assert (cost.mean, cost.windows) == (pytest.approx(2.5), 2)
    assert cost.error == pytest.approx(0.5)
    assert math.isnan(cost_of("20 pages", found[:3]).error)
    assert str(cost) == "2.5 % of a core more (standard error 0.5, 2 windows)"


def test_what_misses_its_bar_is_told() -> None:
    held = [window(PEACE, 60), window("20 pages", 62), window(PEACE, 60)]
    assert verdict(held, {"running calls": {"median_ms": 400.0, "longest_ms": 1200.0}}) == []
    dear = [window(PEACE, 60), window("20 pages", 66, 9.0), window(PEACE, 60)]
    cost, late, slow = verdict(dear, {"running calls": {"median_ms": 1400.0, "longest_ms": 1500.0}})
    assert "cost 6.0 %" in cost and "p99 is 9.00 ms" in late and "after 1400 ms" in slow
