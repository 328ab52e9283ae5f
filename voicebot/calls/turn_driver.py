"""Drives the turn machine of one call: one event after another, each command as it comes, and the clock.

Whoever wants to follow a call while it runs is told each event here, where all of them come by, in order (``note``).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable

from voicebot.events import Event
from voicebot.turns import Command, FloorState, TurnMachine


class TurnDriver:
    """``note`` gets each event before the machine does, ``carry_out`` each command that the machine returns.

    ``settled`` is called when no event is left to be handled. What a command causes at once (dropping a prompt ends it)
    is handled after the commands that came with it, never between them.
    """

    def __init__(
        self,
        machine: TurnMachine,
        *,
        note: Callable[[Event], None],
        carry_out: Callable[[Command], None],
        settled: Callable[[], None],
    ) -> None:
        self._machine = machine
        self._note = note
        self._carry_out = carry_out
        self._settled = settled
        self._loop = asyncio.get_running_loop()
        self._events: deque[Event] = deque()
        self._running = False
        self._timer: asyncio.TimerHandle | None = None

    @property
    def state(self) -> FloorState:
        """Who has the floor."""
        return self._machine.state

    @property
    def bot_audible(self) -> bool:
        """Whether our own voice is on the line."""
        return self._machine.bot_audible

    def start(self) -> None:
        """Ask the bot for its greeting."""
        self._run(self._machine.start())

    def dispatch(self, event: Event) -> None:
        """Take an event in; safe to call from within a command."""
        self._events.append(event)
        if not self._running:
            self._run(())

    def close(self) -> None:
        """Wake no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _wake(self) -> None:
        self._run(self._machine.wake(self._loop.time()))

    def _run(self, commands: Iterable[Command]) -> None:
        self._running = True
        try:
            for command in commands:
                self._carry_out(command)
            while self._events:
                event = self._events.popleft()
                self._note(event)
                for command in self._machine.handle(event):
                    self._carry_out(command)
        finally:
            self._running = False
        self.close()
        due = self._machine.deadline
        if due is not None:
            self._timer = self._loop.call_at(due, self._wake)
        self._settled()
