"""The recording of a call by the platform of its leg, as the settings and the bot ask.

It stays with the platform. Its id there is in the timeline of the call's record.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from voicebot.calls.call_recording import RecordingState
from voicebot.events import RecordingAction, RecordingChanged
from voicebot.legs import LegClosed, Recorder, RecordingRefused
from voicebot.tasks import BackgroundTasks

logger = logging.getLogger(__name__)

MAX_WAITING = 16
"""Commands that wait for those before them."""
LAST_S = 2.0
"""How long the end of the call waits for what was asked before."""


class PlatformRecording:
    """What :class:`~voicebot.calls.recording_control.RecordingControl` is for recordings of ours. Commands are carried
    out one after the other; ``tell`` gets the outcome of each. ``runs``: whether to record from the beginning."""

    def __init__(self, recorder: Recorder, tell: Callable[[RecordingChanged], None], *, runs: bool) -> None:
        self.state = RecordingState.NONE
        self._recorder = recorder
        self._tell = tell
        self._recording = ""
        self._one_by_one = asyncio.Lock()
        self._tasks = BackgroundTasks(logger)
        if runs:
            self.carry_out(RecordingAction.START, "")

    def carry_out(self, action: RecordingAction, command: str) -> None:
        """Carry out a command of the bot, which has this id."""
        if len(self._tasks) >= MAX_WAITING:
            self._told(action, command, "too many commands wait for the platform")
        else:
            self._tasks.spawn(self._in_turn(action, command), "a command for the recording")

    async def _in_turn(self, action: RecordingAction, command: str) -> None:
        async with self._one_by_one:
            try:
                error = await self._asked(action)
            except LegClosed:
                error = "the call has ended"
            except RecordingRefused as refused:
                error = str(refused)
        self._told(action, command, error)

    async def _asked(self, action: RecordingAction) -> str:
        """Have ``action`` carried out. Returns ``""``, or why it cannot be."""
        match self.state, action:
            case RecordingState.NONE, RecordingAction.START:
                self._recording = await self._recorder.start()
                self.state = RecordingState.RUNS
            case RecordingState.NONE, _:
                return "there is no recording"
            case _, RecordingAction.STOP:
                await self._recorder.stop(self._recording)
                self.state = RecordingState.NONE
            case RecordingState.RUNS, RecordingAction.PAUSE:
                await self._recorder.pause(self._recording)
                self.state = RecordingState.PAUSED
            case RecordingState.PAUSED, RecordingAction.START | RecordingAction.RESUME:
                await self._recorder.resume(self._recording)
                self.state = RecordingState.RUNS
        return ""

    def _told(self, action: RecordingAction, command: str, error: str) -> None:
        log = logger.warning if error else logger.info
        log("recording by the platform: %s %s", action.value, error or self._recording)
        self._tell(RecordingChanged(asyncio.get_running_loop().time(), action, command, error, self._recording))

    async def close(self) -> None:
        """The call has ended: nothing is recorded from now on, though it may go on elsewhere. What was recorded is
        kept."""
        await self._tasks.join(LAST_S)
        await self._tasks.close()
        if self.state is not RecordingState.NONE:
            self.state = RecordingState.NONE
            await self._recorder.stop(self._recording)
