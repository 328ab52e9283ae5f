"""How many calls are taken, on a machine of numbers: each call takes a share of the core; beyond it, all are late."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from voicebot.service.governor import CALM_S, STRAINED_OF, Governor, Load

CALM = Load(50, late_s=0.001, busy=0.5)


@dataclass
class Machine:
    """``cost``: of a call, as a share of a core; ``base``: of the process without calls. ``lasts_s``: each call."""

    governor: Governor
    cost: float = 0.011
    base: float = 0.03
    lasts_s: int = 60
    ends: list[int] = field(default_factory=list)
    now: int = 0
    refused: int = 0
    late: int = 0
    """Seconds in which the calls were late."""
    most: int = 0

    def second(self, coming: int) -> Load:
        """One second, at whose beginning ``coming`` callers call."""
        self.now += 1
        self.ends = [end for end in self.ends if end > self.now]
        for _ in range(coming):
            if self.governor.admits(len(self.ends) + 1):
                self.ends.append(self.now + self.lasts_s)
            else:
                self.refused += 1
        self.most = max(self.most, len(self.ends))
        wanted = self.base + self.cost * len(self.ends)
        late_s = 0.001 if wanted < 0.8 else 0.001 + 0.02 * (wanted - 0.8) if wanted < 1 else 0.05 * wanted
        self.late += late_s >= 0.010
        load = Load(len(self.ends), late_s, min(1.0, wanted))
        self.governor.observe(load)
        return load

    def seconds(self, count: int, coming: int) -> None:
        for _ in range(count):
            self.second(coming)


@pytest.mark.parametrize(
    ("strains", "load"),
    [
        ("a clock that is late", Load(50, late_s=0.012, busy=0.5)),
        ("a loop that is busy", Load(50, late_s=0.001, busy=0.95)),
        ("recognisers that do not take their audio", Load(50, late_s=0.001, busy=0.5, unsent_s=0.4)),
        ("results that wait for the recogniser", Load(50, late_s=0.001, busy=0.5, final_wait_s=0.35)),
    ],
)
def test_three_strained_seconds_of_five_cut_the_limit_below_the_calls_that_are_up(strains: str, load: Load) -> None:
    governor = Governor(100, 20)
    for second in (load, CALM, load, CALM):
        governor.observe(second)
    assert governor.admits(51), f"{strains}: a stall is no strain"
    governor.observe(load)
    assert governor.limit == 47
    assert governor.admits(47) and not governor.admits(48)


def test_after_a_cut_the_next_one_takes_three_strained_seconds_again() -> None:
    governor = Governor(100, 20)
    strained = Load(50, late_s=0.05, busy=0.5)
    for _ in range(STRAINED_OF[0]):
        governor.observe(strained)
    cut = governor.limit
    for _ in range(STRAINED_OF[0] - 1):
        governor.observe(strained)
        assert governor.limit == cut
    governor.observe(Load(30, late_s=0.05, busy=0.5))
    assert governor.limit < cut


def test_calm_seconds_raise_the_limit_by_and_by_and_never_beyond_the_most() -> None:
    governor = Governor(60, 20)
    for _ in range(STRAINED_OF[0]):
        governor.observe(Load(50, late_s=0.05, busy=0.5))
    limits = []
    for _ in range(40 * CALM_S):
        governor.observe(Load(40, late_s=0.001, busy=0.4))
        limits.append(governor.limit)
    assert limits[CALM_S - 2] == 47 and limits[CALM_S - 1] == 48
    assert limits == sorted(limits) and limits[-1] == 60


def test_between_strained_and_calm_the_limit_stays() -> None:
    governor = Governor(100, 20)
    for _ in range(STRAINED_OF[0]):
        governor.observe(Load(50, late_s=0.05, busy=0.5))
    for _ in range(100):
        governor.observe(Load(47, late_s=0.007, busy=0.5))
    assert governor.limit == 47


def test_the_least_calls_are_taken_whatever_is_measured() -> None:
    governor = Governor(100, 20)
    for _ in range(50):
        governor.observe(Load(3, late_s=0.5, busy=1.0, unsent_s=9.0))
    assert governor.limit == 20
    assert Governor(5, 20).limit == 5, "but never more than the most"


def test_a_burst_is_refused_before_the_next_measurement_where_the_calls_would_want_more_than_the_core() -> None:
    machine = Machine(Governor(1000, 20))
    machine.seconds(20, coming=2)
    machine.second(coming=200)
    assert machine.refused > 100
    assert machine.base + machine.cost * machine.most < 1.0
    assert machine.late == 0


@pytest.mark.parametrize("cost", [0.004, 0.0075, 0.011, 0.014, 0.03])
@pytest.mark.parametrize("coming", [2, 5, 20])
def test_callers_without_end_fill_the_machine_and_make_nobody_late(cost: float, coming: int) -> None:
    machine = Machine(Governor(1000, 10), cost=cost)
    machine.seconds(600, coming)
    if cost < 0.03:  # else the first calls of all are too many already
        assert machine.late <= 6
    assert machine.late <= machine.lasts_s + 6, "the next ones are not"
    carried = (1.0 - machine.base) / cost
    wanted = min(float(coming * machine.lasts_s), carried)
    assert len(machine.ends) >= 0.8 * wanted, "no more are refused than necessary"


def test_what_other_processes_take_is_found_by_lateness_and_given_back_when_they_end() -> None:
    machine = Machine(Governor(100, 20))
    machine.seconds(120, coming=2)
    machine.base = 0.5  # something else runs on the core
    machine.seconds(120, coming=2)
    crowded = len(machine.ends)
    assert 20 <= crowded <= 46
    machine.base = 0.03
    machine.seconds(300, coming=2)
    assert len(machine.ends) >= 75


def test_what_a_call_takes_is_learnt_from_ten_on() -> None:
    governor = Governor(1000, 20)
    for _ in range(50):
        governor.observe(Load(9, late_s=0.001, busy=0.9))
    assert governor.cost == pytest.approx(0.012)
    for _ in range(50):
        governor.observe(Load(40, late_s=0.001, busy=0.3))
    assert governor.cost == pytest.approx(0.0075, rel=0.01)
    assert governor.limit == 40 + int((0.92 - 0.3) / governor.cost)


def test_only_calls_that_wait_for_our_own_recogniser_lower_the_limit_below_the_least() -> None:
    governor = Governor(100, 20)
    heard_late = Load(8, late_s=0.001, busy=0.2, final_wait_s=0.5)
    for _ in range(STRAINED_OF[0]):
        governor.observe(heard_late)
    assert governor.limit == 7
    for _ in range(50):
        governor.observe(Load(3, late_s=0.001, busy=0.2, final_wait_s=0.5))
    assert governor.limit == 4, "so few it can take"
    for _ in range(STRAINED_OF[0]):
        governor.observe(Load(3, late_s=0.5, busy=1.0, final_wait_s=0.0))
    assert governor.limit == 4, "another sign neither raises nor lowers it there"
    for _ in range(CALM_S):
        governor.observe(Load(4, late_s=0.001, busy=0.2, final_wait_s=0.0))
    assert governor.limit == 5


def test_the_signs_that_strain_are_named() -> None:
    governor = Governor(100, 20)
    governor.observe(Load(50, late_s=0.001, busy=0.93, unsent_s=0.1, final_wait_s=0.31))
    assert governor.signs == ["event loop", "recogniser"]
    governor.observe(Load(50, late_s=0.001, busy=0.5))
    assert governor.signs == []
