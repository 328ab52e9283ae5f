"""Starts, pauses, resumes and stops the recording that is made here, as the bot asks."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from voicebot.calls.call_recording import CallRecording, RecordingState
from voicebot.events import RecordingAction, RecordingChanged

logger = logging.getLogger(__name__)


class RecordingControl:
    """Of one call. ``recording``: None: there is no folder for recordings. ``tell`` gets the outcomes of commands."""

    def __init__(self, recording: CallRecording | None, tell: Callable[[RecordingChanged], None]) -> None:
        self._recording = recording
        self._tell = tell

    @property
    def state(self) -> RecordingState:
        return self._recording.state if self._recording is not None else RecordingState.NONE

    def carry_out(self, action: RecordingAction, command: str) -> None:
        """Carry out a command of the bot, which has this id."""
        error = self._carried_out(action)
        logger.info("recording: %s %s", action.value, error)
        self._tell(RecordingChanged(asyncio.get_running_loop().time(), action, command, error))

    def _carried_out(self, action: RecordingAction) -> str:
        """Returns ``""``, or why it cannot be carried out."""
        if self._recording is None:
            return "recordings are not kept here"
        if self._recording.state is RecordingState.NONE and action is not RecordingAction.START:
            return "there is no recording"
        self._recording.let_run(action in (RecordingAction.START, RecordingAction.RESUME))
        return ""

    async def close(self) -> None:
        """The call has ended: what was not written is dropped."""
        if self._recording is not None:
            await self._recording.discard()
