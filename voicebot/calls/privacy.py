"""Masks words and keys, for the record and the log, while the recording of a call is paused. Pure.

A bot pauses the recording while a secret is said, such as a card number or a PIN. A transcript of it would be no better
than the recording, so :class:`Privacy` removes the words and keys from the events; their times stay. A result of
recognition that comes after the pause is masked, too, if its speech began during the pause.
"""

from __future__ import annotations

from dataclasses import replace

from voicebot.events import (
    BotMessage,
    Event,
    Final,
    Hypothesis,
    KeyPressed,
    KeysAsked,
    RecordingAction,
    RecordingAsked,
)
from voicebot.records import NOT_KEPT

KEY_NOT_KEPT = "x"


class Privacy:
    """Of one call. Give it every event, in order."""

    def __init__(self) -> None:
        self._paused = False
        self._resumed_at = 0.0
        self._stopped = False

    @property
    def paused(self) -> bool:
        """Whether the recording is paused now."""
        return self._paused

    def event(self, event: Event) -> Event:
        """``event``, masked if the recording is paused."""
        match event:
            case RecordingAsked(action=RecordingAction.PAUSE):
                self._paused = True
            case RecordingAsked(action=RecordingAction.STOP):
                if self._paused and self._stopped:  # the secret was said after the recording had been stopped
                    self._paused, self._resumed_at = False, event.at
                self._stopped = True
            case RecordingAsked(action=RecordingAction.RESUME | RecordingAction.START):
                self._stopped = False
                if self._paused:
                    self._paused, self._resumed_at = False, event.at
            case Hypothesis(start=start) if self._paused or start < self._resumed_at:
                return replace(event, text=NOT_KEPT)
            case Final(start=start) if self._paused or start < self._resumed_at:
                return replace(event, text=NOT_KEPT, others=())
            case KeyPressed() if self._paused:
                return replace(event, key=KEY_NOT_KEPT)
            case KeysAsked() if self._paused:
                return replace(event, keys=KEY_NOT_KEPT)
            case BotMessage() if self._paused:
                return replace(event, text=NOT_KEPT, speak=NOT_KEPT if event.speak else "")
        return event

    def text(self, text: str) -> str:
        """``text``, which is said by either side now, masked if the recording is paused."""
        return NOT_KEPT if self._paused and text else text
