"""Starts, pauses, resumes and stops the recording of a call, as the settings and the bot ask."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

from voicebot.audio import AudioFormat
from voicebot.events import RecordingAction, RecordingChanged
from voicebot.records import Recording, Track

logger = logging.getLogger(__name__)


class RecordingState(StrEnum):
    """What is recorded of a call now. Paused, and stopped: what was recorded is kept."""

    NONE = "none"
    RUNS = "runs"
    PAUSED = "paused"


class RecordingControl:
    """``kept``: whether there is a folder for recordings. ``state``: in which the call begins, or goes on. ``tell``
    gets the outcomes of commands."""

    def __init__(
        self, audio: AudioFormat, tell: Callable[[RecordingChanged], None], *, kept: bool, state: RecordingState
    ) -> None:
        self._audio = audio
        self._tell = tell
        self._kept = kept
        self._recording: Recording | None = None
        self._runs = state is RecordingState.RUNS and kept
        if kept and state is not RecordingState.NONE:
            self._begin()

    @property
    def state(self) -> RecordingState:
        if self._recording is None:
            return RecordingState.NONE
        return RecordingState.RUNS if self._runs else RecordingState.PAUSED

    def caller(self, payload: bytes, at: float) -> None:
        """20 ms from the caller; ``at``: when, on the loop's clock."""
        if self._recording is not None and self._runs:
            self._recording.frame(self._caller, payload, at)

    def bot(self, payload: bytes, at: float) -> None:
        """20 ms that were sent to the caller."""
        if self._recording is not None and self._runs:
            self._recording.frame(self._bot, payload, at)

    def carry_out(self, action: RecordingAction, command: str) -> None:
        """Carry out a command of the bot, which has this id."""
        error = self._carried_out(action)
        logger.info("recording: %s %s", action.value, error)
        self._tell(RecordingChanged(asyncio.get_running_loop().time(), action, command, error))

    def _carried_out(self, action: RecordingAction) -> str:
        """Returns ``""``, or why it cannot be carried out."""
        if not self._kept:
            return "recordings are not kept here"
        if self._recording is None:
            if action is not RecordingAction.START:
                return "there is no recording"
            recording = self._begin()
        else:
            recording = self._recording
        recording.pause()
        self._runs = action in (RecordingAction.START, RecordingAction.RESUME)
        return ""

    def _begin(self) -> Recording:
        self._recording = Recording()
        self._caller: Track = self._recording.track(self._audio, left=True)
        self._bot: Track = self._recording.track(self._audio, left=False, stalls=False)
        return self._recording

    @property
    def begun(self) -> bool:
        """Whether anything is to be written."""
        return self._recording is not None

    @property
    def began_at(self) -> float | None:
        """When its first sample was, on the loop's clock; None if there is none."""
        return self._recording.started_at if self._recording is not None else None

    @property
    def dropped(self) -> int:
        """How many frames the recording lacks."""
        return self._recording.dropped if self._recording is not None else 0

    async def finish(self, path: Path) -> None:
        """Write the recording to ``path``, if there is one. Raises OSError."""
        if self._recording is not None:
            await self._recording.finish(path)

    async def discard(self) -> None:
        """Drop the recording. Harmless after :meth:`finish`."""
        if self._recording is not None:
            await self._recording.discard()
