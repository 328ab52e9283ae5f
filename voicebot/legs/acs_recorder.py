"""The recording of one call by Azure Communication Services (:class:`voicebot.legs.Recorder`)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from voicebot.legs import RecordingRefused
from voicebot.legs.acs_platform import Platform, PlatformRefused

T = TypeVar("T")


class AcsRecorder:
    """``connection()``: the id of the call, when it is up. Raises :class:`~voicebot.legs.LegClosed`."""

    def __init__(self, platform: Platform, connection: Callable[[], Awaitable[str]]) -> None:
        self._platform = platform
        self._connection = connection

    async def start(self) -> str:
        return await _carried_out(self._platform.start_recording(await self._connection()))

    async def pause(self, recording: str) -> None:
        await _carried_out(self._platform.pause_recording(recording))

    async def resume(self, recording: str) -> None:
        await _carried_out(self._platform.resume_recording(recording))

    async def stop(self, recording: str) -> None:
        try:
            await self._platform.stop_recording(recording)
        except PlatformRefused as refused:
            if not 400 <= refused.status < 500:  # else there is none any more
                raise RecordingRefused(str(refused)) from refused


async def _carried_out(request: Awaitable[T]) -> T:
    try:
        return await request
    except PlatformRefused as refused:
        raise RecordingRefused(str(refused)) from refused
