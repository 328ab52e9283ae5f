"""What a bench says that processes took."""

from __future__ import annotations

from bench.service import Usage


def test_what_a_process_took_is_its_own_though_another_one_had_its_name_before() -> None:
    before = Usage({("calls", 1): 5.0, ("dialog host", 2): 30.0})
    restarted = Usage({("calls", 1): 6.5, ("dialog host", 3): 0.5})
    assert restarted.since(before) == {"calls": 1.5, "dialog host": 0.5}


def test_two_of_a_kind_are_added_up() -> None:
    before = Usage({("dialog host", 2): 30.0})
    reloaded = Usage({("dialog host", 2): 31.0, ("dialog host", 3): 0.5})
    assert reloaded.since(before) == {"dialog host": 1.5}


def test_all_that_there_is_was_taken_since_the_start() -> None:
    assert Usage({("calls", 1): 5.0}).since(Usage()) == {"calls": 5.0}
