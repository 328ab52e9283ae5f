"""Records of calls as they are kept, without the calls."""

from __future__ import annotations

import wave
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from voicebot.audio import PCMU
from voicebot.calls import RecordBuilder
from voicebot.events import (
    BotDone,
    BotMessage,
    CallAnswered,
    Event,
    Final,
    PlaybackEnded,
    PlaybackStarted,
    SpeechStarted,
    SpeechStopped,
)
from voicebot.legs import LegInfo
from voicebot.records import write_record
from voicebot.sip import Ladder
from voicebot.turns import AskKind, TurnEnd

BEGAN = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)


def kept_call(
    number: int,
    said: Sequence[tuple[str, str]] = (("Where is my parcel?", "It is on its way."),),
    *,
    caller: str = "+15550100",
    callee: str = "bot",
    began: datetime = BEGAN,
    bot: str = "",
    trunk: str = "",
    reason: str = "caller",
    further: Sequence[Event] = (),
    ladder: Ladder | None = None,
) -> dict[str, Any]:
    """The record of call ``number``, in which the caller and the bot ``said`` one after the other. ``further``: events
    after that. ``ladder``: its SIP messages."""
    info = LegInfo(f"call-{number}@phone.example", caller, callee, PCMU, trunk=trunk)
    builder = RecordBuilder(call_name(number), info, started_at_wall=began, started_at=0.0, bot=bot, language="en-US")
    builder.note(CallAnswered(0.1))
    at = 1.0
    for request, (words, answer) in enumerate(said, 1):
        builder.note(SpeechStarted(at, at))
        builder.note(SpeechStopped(at + 1.0, at + 1.0))
        builder.note(Final(at + 1.2, words, at, at + 1.0, 0.9))
        builder.asked(request, words, AskKind.SPEECH, at + 1.2, ended=TurnEnd.COMPLETE)
        builder.note(BotMessage(at + 1.3, request, answer, answer))
        builder.note(BotDone(at + 1.3, request))
        builder.spoken(request, answer, request, at + 1.3)
        builder.synthesised(request, request, answer, at + 1.4)
        builder.note(PlaybackStarted(at + 1.5, request))
        builder.note(PlaybackEnded(at + 3.0, request, 1.5, True, 1.5))
        at += 4.0
    for event in further:
        builder.note(event)
    if ladder is not None:
        builder.signalled(ladder)
    builder.ended(reason, at + 1.0, {})
    return builder.build()


def call_name(number: int) -> str:
    return f"{number:032x}"


def keep(folder: Path, *records: dict[str, Any]) -> None:
    for record in records:
        write_record(record, folder)


def record_audio(path: Path, left: float, right: float, seconds: float = 1.0) -> None:
    """Two tones."""
    time = np.arange(int(8000 * seconds)) / 8000
    sides = [np.sin(2 * np.pi * 440 * time) * volume * 32000 for volume in (left, right)]
    with wave.open(str(path), "wb") as wav:
        wav.setnchannels(2)
        wav.setsampwidth(2)
        wav.setframerate(8000)
        wav.writeframes(np.stack(sides, axis=1).astype("<i2").tobytes())
