"""What of a call may be kept: while its recording is paused, neither words nor keys are, in the record or in the log.

A bot pauses the recording around what nobody may keep (a card number, a PIN). A transcript with the number in it would
be no better than the recording, so :class:`Privacy` takes it out of the events: how long somebody spoke stays, what
was said does not. What is recognised late, of speech that began during the pause, belongs to the pause. Pure.
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

NOT_KEPT = "[not kept]"
KEY_NOT_KEPT = "x"


class Privacy:
    """One call's. Give it every event, in order."""

    def __init__(self) -> None:
        self._paused = False
        self._resumed_at = 0.0

    def event(self, event: Event) -> Event:
        """``event`` as it may be kept."""
        match event:
            case RecordingAsked(action=RecordingAction.PAUSE):
                self._paused = True
            case RecordingAsked(action=RecordingAction.RESUME | RecordingAction.START) if self._paused:
                self._paused, self._resumed_at = False, event.at
            case Hypothesis(start=start) | Final(start=start) if self._paused or start < self._resumed_at:
                return replace(event, text=NOT_KEPT)
            case KeyPressed() if self._paused:
                return replace(event, key=KEY_NOT_KEPT)
            case KeysAsked() if self._paused:
                return replace(event, keys=KEY_NOT_KEPT)
            case BotMessage() if self._paused:
                return replace(event, text=NOT_KEPT, speak=NOT_KEPT if event.speak else "")
        return event

    def text(self, text: str) -> str:
        """Words that are said, asked or heard now, as they may be kept."""
        return NOT_KEPT if self._paused and text else text
