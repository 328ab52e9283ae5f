"""Drives the turn machine of one call: gives it one event after another and the time, and passes its commands on."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable

from voicebot.events import Event
from voicebot.turns import Command, FloorState, TurnMachine


class TurnDriver:
    """``note`` gets each event before the machine does, ``carry_out`` each command that the machine returns.

    ``settled`` is called when no event is left to be handled. An event that a command causes at once, as dropping a
    prompt ends it, is handled after the other commands that the machine returned with it.
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
        """Whose turn it is."""
        return self._machine.state

    @property
    def bot_audible(self) -> bool:
        """Whether the caller is hearing the bot."""
        return self._machine.bot_audible

    def start(self) -> None:
        """Ask the bot for its greeting."""
        self._run(self._machine.start())

    def dispatch(self, event: Event) -> None:
        """Give the machine an event. May be called while a command is being carried out."""
        self._events.append(event)
        if not self._running:
            self._run(())

    def close(self) -> None:
        """Stop the timer."""
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
