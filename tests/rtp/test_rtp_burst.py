"""Bursts and gaps, against a direct reading of RFC 3611's definition."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.rtp.burst import GMIN, BurstsAndGaps, LossPattern


def pattern(line: str) -> BurstsAndGaps:
    """``x``: lost, anything else: received."""
    losses, received, index = LossPattern(), 0, 0
    while index < len(line):
        count = len(line[index:]) - len(line[index:].lstrip("x"))
        if count:
            losses.lost(received, count)
            received = 0
            index += count
        else:
            received += 1
            index += 1
    return losses.summary(received)


def test_without_loss_all_is_gap() -> None:
    assert pattern("." * 500) == (0.0, 0.0, 0.0, 500)
    assert LossPattern().summary(0) == (0.0, 0.0, 0.0, 0.0)


def test_losses_apart_belong_to_the_gap() -> None:
    assert pattern(("." * GMIN + "x") * 10) == (0.0, pytest.approx(1 / (GMIN + 1)), 0.0, 10 * (GMIN + 1))


def test_a_burst_reaches_from_its_first_loss_to_its_last() -> None:
    line = "." * 100 + "xx.x" + "." * (GMIN - 1) + "x" + "." * 100
    packets = 4 + GMIN - 1 + 1
    assert pattern(line) == (pytest.approx(4 / packets), 0.0, packets, 100.0)


@given(st.text(alphabet=".....x", max_size=300))
def test_every_packet_is_in_a_burst_or_a_gap(line: str) -> None:
    found = pattern(line)
    assert 0 <= found.gap_density <= 1 and 0 <= found.burst_density <= 1
    assert found.burst_packets + found.gap_packets <= len(line)
    if line.count("x") > 1 and "x" * 2 in line:
        assert found.burst_density > 1 / (GMIN + 1)
