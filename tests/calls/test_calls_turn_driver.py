"""The turn machine driven: events in order, commands before what they cause, and the clock."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from voicebot.calls.turn_driver import TurnDriver
from voicebot.events import Event
from voicebot.turns import Command, TurnMachine

pytestmark = pytest.mark.virtual_time


class ScriptedMachine:
    """Answers what it is given with the commands that are named after it."""

    def __init__(self, **commands: list[str]) -> None:
        self.commands = commands
        self.deadline: float | None = None

    def start(self) -> list[str]:
        return self.commands.get("start", [])

    def handle(self, event: Event) -> list[str]:
        return self.commands.get(f"event_{event.at:g}", [])

    def wake(self, now: float) -> list[str]:
        self.deadline = None
        return self.commands.get("wake", [])


class Driven:
    """A driver, and what it did in order; a command ``event N`` causes event N at once."""

    def __init__(self, machine: ScriptedMachine) -> None:
        self.did: list[str] = []
        self.silenced = False
        self.driver = TurnDriver(
            cast("TurnMachine", machine), lambda event: self.did.append(f"note {event.at:g}"), lambda: self.silenced
        )
        self.driver.drive(
            heed=lambda event: None,
            carry_out=self._carry_out,
            settled=lambda: self.did.append("settled"),
        )

    def _carry_out(self, command: Command) -> None:
        done: Any = command
        self.did.append(done)
        if done.startswith("event"):
            self.driver.dispatch(Event(float(done.removeprefix("event "))))


async def test_what_a_command_causes_is_handled_after_the_commands_beside_it() -> None:
    driven = Driven(ScriptedMachine(event_1=["event 2", "ask"], event_2=["play"]))
    driven.driver.dispatch(Event(1.0))
    assert driven.did == ["note 1", "event 2", "ask", "note 2", "play", "settled"]


async def test_so_it_is_at_the_start_and_when_the_machine_is_woken() -> None:
    machine = ScriptedMachine(start=["event 1", "ask"], wake=["event 1", "ask"])
    driven = Driven(machine)
    machine.deadline = asyncio.get_running_loop().time()
    driven.driver.start()
    once = ["event 1", "ask", "note 1", "settled"]
    assert driven.did == once
    async with asyncio.timeout(20):
        while len(driven.did) < 2 * len(once):
            await asyncio.sleep(0)
    assert driven.did == once * 2


async def test_a_closed_driver_is_not_woken() -> None:
    machine = ScriptedMachine(wake=["ask"])
    driven = Driven(machine)
    machine.deadline = asyncio.get_running_loop().time()
    driven.driver.dispatch(Event(1.0))
    driven.driver.close()
    for _ in range(5):
        await asyncio.sleep(0)
    assert driven.did == ["note 1", "settled"]


async def test_what_comes_while_it_is_not_known_whose_the_call_is_waits_in_its_order() -> None:
    machine = ScriptedMachine(event_1=["ask 1"], event_2=["ask 2"], wake=["no input"])
    driven = Driven(machine)
    machine.deadline = asyncio.get_running_loop().time() + 0.01
    driven.driver.start()
    driven.silenced = True
    driven.driver.dispatch(Event(1.0))
    await asyncio.sleep(1)
    driven.driver.dispatch(Event(2.0))
    assert driven.did == ["settled"]
    driven.silenced = False
    driven.driver.dispatch(Event(3.0))
    handled = ["note 1", "ask 1", "note 2", "ask 2", "note 3", "settled"]
    assert driven.did[1:] == handled, "the third does not overtake the others"
    await asyncio.sleep(1)
    assert driven.did[1 + len(handled) :] == ["no input", "settled"]


async def test_what_waits_for_a_call_that_is_anothers_is_dropped() -> None:
    driven = Driven(ScriptedMachine(event_1=["ask"]))
    driven.silenced = True
    driven.driver.dispatch(Event(1.0))
    driven.driver.close()
    await asyncio.sleep(1)
    driven.silenced = False
    await driven.driver.ours()
    assert driven.did == []


async def test_who_hangs_up_waits_until_what_has_come_is_handled() -> None:
    driven = Driven(ScriptedMachine(event_1=["ask"]))
    driven.silenced = True
    driven.driver.dispatch(Event(1.0))
    asyncio.get_running_loop().call_later(0.02, setattr, driven, "silenced", False)
    await driven.driver.ours()
    assert driven.did[:3] == ["note 1", "ask", "settled"]
