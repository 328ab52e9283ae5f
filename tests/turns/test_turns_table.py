"""The table itself: every guard and move is used, no row hides another, and random calls take every row."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from test_turns_properties import STEP_NAMES, World

from voicebot.events import InputHint
from voicebot.turns import FloorState
from voicebot.turns.floor import Floor
from voicebot.turns.guards import GUARDS
from voicebot.turns.moves import MOVES, ROWS
from voicebot.turns.policy import TurnPolicy
from voicebot.turns.table import STATE_TIMERS, TABLE, TIMER_OF, Guard, Happening, Move, Row


def test_every_guard_and_move_is_used_and_bound_to_what_it_does() -> None:
    assert set(GUARDS) == set(Guard) == {row.guard for row in TABLE if row.guard is not None}
    assert set(MOVES) == set(Move) == {move for row in TABLE for move in row.moves}


def test_every_happening_is_in_the_table() -> None:
    assert {row.what for row in TABLE} == set(Happening)


def test_nothing_follows_a_row_without_a_guard() -> None:
    for state in FloorState:
        for what in Happening:
            rows = [row for row in TABLE if row.what is what and state in row.states]
            assert all(row.guard is not None for row in rows[:-1]), (state, what)
            guards = Counter(row.guard for row in rows)
            assert max(guards.values(), default=1) == 1, (state, what)


def test_nothing_happens_after_the_end() -> None:
    assert not [row for row in TABLE if FloorState.ENDED in row.states]


def test_what_comes_next_is_decided_in_every_state() -> None:
    for state in FloorState:
        if state is not FloorState.ENDED:
            assert [row.guard for row in TABLE if row.what is Happening.SETTLED and state in row.states][-1] is None


def test_a_key_is_never_without_a_row() -> None:
    """Kept, or told: no key is lost. While something plays there is something to drop."""
    for state in FloorState:
        if state not in (FloorState.ENDED, FloorState.SPEAKING, FloorState.YIELDING):
            assert [row.guard for row in TABLE if row.what is Happening.KEY and state in row.states][-1] is None


def test_a_timer_of_a_state_has_a_row_there() -> None:
    for state, timer in TIMER_OF.items():
        assert [row for row in TABLE if row.what is timer and state in row.states]
    assert set(TIMER_OF.values()) < set(STATE_TIMERS)


@pytest.mark.parametrize("state", FloorState)
def test_a_state_ends_the_timers_of_the_one_before_and_starts_its_own(state: FloorState) -> None:
    floor = Floor(TurnPolicy(), ROWS)
    before = FloorState.THINKING if state is not FloorState.THINKING else FloorState.WAITING
    floor._enter(before, 0.0)
    floor.timers.start(Happening.NO_WORDS_CAME, 1.0)
    floor._enter(state, 5.0)
    running = {timer for timer in STATE_TIMERS if floor.timers.runs(timer)}
    assert running == ({TIMER_OF[state]} if state in TIMER_OF else set())


def test_a_state_that_is_entered_again_goes_on() -> None:
    floor = Floor(TurnPolicy(masking_s=4.0), ROWS)
    floor._enter(FloorState.THINKING, 1.0)
    floor._enter(FloorState.THINKING, 3.0)
    assert floor.deadline() == 5.0


def test_random_calls_take_every_row(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: set[Row] = set()

    class Watched(Floor):
        def happened(self, what: Happening, now: float) -> None:
            for row in TABLE:
                if row.what is what and self.state in row.states and (row.guard is None or GUARDS[row.guard](self)):
                    taken.add(row)
                    break
            super().happened(what, now)

    monkeypatch.setattr("voicebot.turns.machine.Floor", Watched)
    chance = random.Random(11)
    steps = (*STEP_NAMES, "answered", "tell-dropped", "hypothesis", "key", "message", "done", "heard", "late-mhm",
             "no-or-no-problem", "two-words")  # fmt: skip
    for _ in range(8000):
        world = World(chance.choice(POLICIES), answered=chance.random() < 0.8, slow_playout=chance.random() < 0.3)
        for _ in range(40):
            world.step(chance.choice(steps), chance.choice(list(InputHint)))
            world.pass_time(chance.choice((0.01, 0.2, 0.6, 3.0)))
        world.step("leg-ended", InputHint.ACCEPTING)
        if len(taken) == len(TABLE):
            break
    assert [row for row in TABLE if row not in taken] == []


POLICIES = (TurnPolicy(), TurnPolicy(max_no_inputs=1, no_input_s=2.0), TurnPolicy(give_up_s=2.0))
