"""The caller's audio since the last phrase, to be sent to a new recognition session."""

from __future__ import annotations

from collections import deque
from typing import Final

from voicebot.audio import AudioFormat

REPLAY_S: Final = 10.0


class Replay:
    """Frames with their times, at most ``seconds`` of audio: when it is full, the oldest frame is dropped."""

    def __init__(self, audio: AudioFormat, seconds: float = REPLAY_S) -> None:
        self._frames: deque[tuple[bytes, float]] = deque()
        self._bytes = 0
        self._limit = round(seconds * audio.byte_rate)

    def append(self, payload: bytes, at: float) -> None:
        self._frames.append((payload, at))
        self._bytes += len(payload)
        while self._bytes > self._limit:
            self._bytes -= len(self._frames.popleft()[0])

    def forget_until(self, time: float) -> None:
        """Drop what was spoken before ``time``."""
        while self._frames and self._frames[0][1] <= time:
            self._bytes -= len(self._frames.popleft()[0])

    @property
    def latest(self) -> float:
        """The time of the last frame, -inf if there is none."""
        return self._frames[-1][1] if self._frames else float("-inf")

    def since(self, time: float) -> list[tuple[bytes, float]]:
        return [frame for frame in self._frames if frame[1] > time]
