"""The report of a placed call: its outcome, its turns, its figures, and the audio of both sides."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from voicebot.audio import AudioFormat
from voicebot.caller.measure import CallFigures, summary
from voicebot.caller.wav import write_stereo
from voicebot.rtp import MediaQuality

Who = Literal["caller", "bot"]
CallOutcome = Literal["completed", "failed", "refused"]
"""The script reached its end; it did not; the call was not answered."""


@dataclass(frozen=True, slots=True)
class TranscriptLine:
    """A line of the transcript. ``at``: seconds since the call was answered. ``latency_ms``: the response gap, on the
    first line of an answer of the bot; else None."""

    at: float
    who: Who
    text: str
    latency_ms: float | None = None


@dataclass(slots=True)
class TurnReport:
    """One step of the script. Times: seconds since the answer; figures in milliseconds, as `measure` defines them."""

    index: int
    line: int
    action: str
    said: str
    heard: str = ""
    onset_s: float | None = None
    offset_s: float | None = None
    answer_s: float | None = None
    answer_end_s: float | None = None
    gap_ms: float | None = None
    audible_gap_ms: float | None = None
    barge_in_ms: float | None = None
    key_to_silence_ms: float | None = None
    went_on: bool | None = None
    """Whether the prompt went on, of a `barge_in` that does not interrupt."""
    problem: str | None = None


@dataclass(slots=True)
class CallAudio:
    """Both sides in the leg's format, up to ``limit_s`` seconds. ``*_from``: the loop time of the first byte."""

    audio: AudioFormat
    limit_s: float = 1800.0
    caller: bytearray = field(default_factory=bytearray)
    bot: bytearray = field(default_factory=bytearray)
    caller_from: float | None = None
    bot_from: float | None = None

    def add_caller(self, payload: bytes, at: float) -> None:
        if self.caller_from is None:
            self.caller_from = at
        if len(self.caller) < self.limit_s * self.audio.byte_rate:
            self.caller += payload

    def add_bot(self, payload: bytes, at: float) -> None:
        if self.bot_from is None:
            self.bot_from = at
        if len(self.bot) < self.limit_s * self.audio.byte_rate:
            self.bot += payload

    def write(self, path: Path) -> None:
        """Write a stereo WAV file, the caller on the left, with both sides on one clock. Blocks; raises OSError."""
        starts = [start for start in (self.caller_from, self.bot_from) if start is not None]
        first = min(starts, default=0.0)

        def track(audio: bytearray, start: float | None) -> bytes:
            ahead = round((start - first) * self.audio.rate) if start is not None else 0
            return self.audio.silence(ahead) + bytes(audio)

        write_stereo(path, track(self.caller, self.caller_from), track(self.bot, self.bot_from), self.audio)


@dataclass(slots=True)
class CallReport:
    """The report of one call. ``reason``: why it ended as it did, in one line."""

    uri: str
    outcome: CallOutcome
    reason: str
    started: datetime
    call_id: str = ""
    codec: str = "PCMU"
    duration_s: float = 0.0
    """From the answer to the end."""
    ended_by: str = ""
    """``bot``, ``caller``, or another reason of the leg's end, such as ``media-timeout``."""
    transfer_target: str | None = None
    """The target of the bot's transfer (REFER), if there was one."""
    turns: list[TurnReport] = field(default_factory=list)
    lines: list[TranscriptLine] = field(default_factory=list)
    figures: CallFigures = field(default_factory=CallFigures)
    keys_heard: str = ""
    quality: MediaQuality | None = None
    audio: CallAudio | None = None

    @property
    def ok(self) -> bool:
        return self.outcome == "completed"

    def as_dict(self) -> dict[str, Any]:
        """The report for JSON, without the audio."""
        return {
            "uri": self.uri,
            "outcome": self.outcome,
            "reason": self.reason,
            "started": self.started.isoformat(timespec="milliseconds"),
            "call_id": self.call_id,
            "codec": self.codec,
            "duration_s": round(self.duration_s, 3),
            "ended_by": self.ended_by,
            "transfer_target": self.transfer_target,
            "turns": [asdict(turn) for turn in self.turns],
            "transcript": [asdict(line) for line in self.lines],
            "keys_heard": self.keys_heard,
            "figures": summary([self.figures]),
            "quality": self.quality.as_dict() if self.quality is not None else None,
        }
