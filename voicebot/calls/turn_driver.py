"""Drives the turn machine of one call: gives it one event after another and the time, and passes its commands on.

A process that was away for a while may have lost the call to another one (:mod:`voicebot.fleet`). Until that is known,
events wait, in their order: nobody is asked, called or hung up on for a call that is not ours.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable

from voicebot.events import Event
from voicebot.turns import Command, FloorState, TurnMachine

SILENCED_STEP_S = 0.05
"""How often to look whether the call still is ours."""


class TurnDriver:
    """All parts of a call tell it what has happened (:meth:`dispatch`); so it is there before them, and :meth:`drive`
    follows when they are there, too.

    ``note`` gets each event before the machine does, and after the end as well. ``silenced()``: whether the call may be
    another process's. An event that a command causes at once, as dropping a prompt ends it, is handled after the other
    commands that the machine returned with it.
    """

    def __init__(
        self, machine: TurnMachine, note: Callable[[Event], None], silenced: Callable[[], bool] = lambda: False
    ) -> None:
        self._machine = machine
        self._note = note
        self._silenced = silenced
        self._heed: Callable[[Event], None] = _nothing
        self._carry_out: Callable[[Command], None] = _nothing
        self._settled: Callable[[], None] = _nothing
        self._loop = asyncio.get_running_loop()
        self._events: deque[Event] = deque()
        self._running = False
        self._closed = False
        self._known: asyncio.Future[None] | None = None
        """Done when it is known whose the call is, while somebody waits for that."""
        self._timer: asyncio.TimerHandle | None = None

    @property
    def state(self) -> FloorState:
        """Whose turn it is."""
        return self._machine.state

    @property
    def bot_audible(self) -> bool:
        """Whether the caller is hearing the bot."""
        return self._machine.bot_audible

    def drive(
        self,
        *,
        heed: Callable[[Event], None],
        carry_out: Callable[[Command], None],
        settled: Callable[[], None],
    ) -> None:
        """``heed`` gets each event before the machine does, too, and ``carry_out`` each command that the machine
        returns. ``settled`` is called when no event is left to be handled."""
        self._heed, self._carry_out, self._settled = heed, carry_out, settled

    def start(self) -> None:
        """Ask the bot for its greeting."""
        self._run(self._machine.start())

    def dispatch(self, event: Event) -> None:
        """Give the machine an event; after the end, it is only noted. May be called while a command is being carried
        out."""
        if self._closed:
            self._note(event)
            return
        self._events.append(event)
        if not self._running and not self._waits():
            self._run(())

    async def ours(self) -> None:
        """Wait until it is known whether the call still is ours. If it is, what has come until then is handled."""
        if not self._closed and self._waits():
            if self._known is None:
                self._known = self._loop.create_future()
            await asyncio.shield(self._known)

    def close(self) -> None:
        """The call is over: stop the timer, and drop the events that wait.

        The parts of the call have this driver to tell it what has happened, so it lets go of them: in circles, all
        would wait for a collection of garbage.
        """
        self._stop_timer()
        self._events.clear()
        self._closed = True
        self._heed = self._carry_out = self._settled = _nothing
        self._tell()

    def _wake(self) -> None:
        if self._waits():
            return
        if self._events:
            self._run(())  # what has come before the time was up
        self._run(self._machine.wake(self._loop.time()))

    def _tell(self) -> None:
        known, self._known = self._known, None
        if known is not None:
            known.set_result(None)

    def _waits(self) -> bool:
        """Whether it has to be known first whose the call is."""
        if not self._silenced():
            return False
        self._stop_timer()
        self._timer = self._loop.call_later(SILENCED_STEP_S, self._wake)
        return True

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _run(self, commands: Iterable[Command]) -> None:
        self._running = True
        try:
            for command in commands:
                self._carry_out(command)
            while self._events:
                event = self._events.popleft()
                self._note(event)
                self._heed(event)
                for command in self._machine.handle(event):
                    self._carry_out(command)
        finally:
            self._running = False
        self._stop_timer()
        due = self._machine.deadline
        if due is not None and not self._closed:
            self._timer = self._loop.call_at(due, self._wake)
        self._settled()
        self._tell()


def _nothing(*_: object) -> None:
    """What is done before there are parts, and after the end."""
