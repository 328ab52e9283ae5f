"""The recording that is made here of a call: the caller is on the left, the bot on the right."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from voicebot.audio import AudioFormat
from voicebot.records import Recording, Track


class RecordingState(StrEnum):
    """What is recorded of a call now. Paused, and stopped: what was recorded is kept."""

    NONE = "none"
    RUNS = "runs"
    PAUSED = "paused"


class CallRecording:
    """``audio``: the format of both voices. ``state``: in which the call begins, or goes on.

    The owner ends it with :meth:`finish` or :meth:`discard`.
    """

    def __init__(self, audio: AudioFormat, state: RecordingState) -> None:
        self._audio = audio
        self._recording: Recording | None = None
        self._runs = state is RecordingState.RUNS
        if state is not RecordingState.NONE:
            self._begin()

    @property
    def state(self) -> RecordingState:
        if self._recording is None:
            return RecordingState.NONE
        return RecordingState.RUNS if self._runs else RecordingState.PAUSED

    def let_run(self, on: bool) -> None:
        """Begin, or go on; ``on`` False: keep nothing of what comes from now on."""
        recording = self._recording or self._begin()
        recording.pause()
        self._runs = on

    def _begin(self) -> Recording:
        self._recording = recording = Recording()
        self._caller: Track = recording.track(self._audio, left=True)
        self._bot: Track = recording.track(self._audio, left=False, stalls=False)
        return recording

    def caller(self, payload: bytes, at: float) -> None:
        """20 ms from the caller; ``at``: when, on the loop's clock."""
        if self._recording is not None and self._runs:
            self._recording.frame(self._caller, payload, at)

    def bot(self, payload: bytes, at: float) -> None:
        """20 ms that were sent to the caller."""
        if self._recording is not None and self._runs:
            self._recording.frame(self._bot, payload, at)

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
