"""A call that another process had begun: what it needs to go on, and one record of both parts. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from voicebot.calls.call_recording import RecordingState
from voicebot.calls.set_by_bot import SetByBot
from voicebot.events import CallConfigured
from voicebot.speech import PromptVoice

_LISTS = ("metadata", "keys", "overlaps", "failures", "timeline")
_COUNTS = ("turns_dropped", "no_inputs", "no_matches", "interruptions", "overlap_count", "failure_count")
_FIRST = ("ringing_ms", "early_media_ms", "answered_ms", "answered")
"""Moments that only the first part knows."""


@dataclass(frozen=True, slots=True)
class GoingOn:
    """``call``: its id, which also names its conversation. ``began``: when. ``voice`` and ``language``: those that the
    bot has chosen last; ``bot`` and ``context``: as for a placed call. ``recording``: what was recorded then, so that
    nothing is recorded that the bot does not want recorded. ``settings``: what else the bot has set for its call.
    ``record``: what was known of the call; may be empty. ``words_lost``: whether somebody was speaking, or an answer
    was due, when the other process was last heard of.
    """

    call: str
    began: datetime
    voice: str = ""
    language: str = ""
    bot: str = ""
    context: Mapping[str, Any] = field(default_factory=dict)
    recording: RecordingState = RecordingState.NONE
    settings: SetByBot = field(default_factory=SetByBot)
    record: Mapping[str, Any] = field(default_factory=dict)
    words_lost: bool = False

    def as_json(self) -> dict[str, Any]:
        return {
            "call": self.call,
            "began": self.began.isoformat(),
            "voice": self.voice,
            "language": self.language,
            "bot": self.bot,
            "context": dict(self.context),
            "recording": self.recording.value,
            "settings": self.settings.as_json(),
        }

    def again(self, at: float, now: PromptVoice) -> list[CallConfigured]:
        """What makes the call what the bot had made of it. ``now``: the voice with which it begins here."""
        voice = self.voice if self.voice != now.name else ""
        language = self.language if self.language != now.language else ""
        return self.settings.again(at, voice=voice, language=language)

    @classmethod
    def of(cls, kept: Mapping[str, Any], record: object, *, words_lost: bool = False) -> GoingOn:
        """Raises ValueError for what :meth:`as_json` has not made."""
        try:
            began = datetime.fromisoformat(kept["began"])
            texts = [kept[name] for name in ("call", "voice", "language", "bot")]
            context, recording = kept["context"], RecordingState(kept.get("recording", RecordingState.NONE))
            settings = SetByBot.of(kept.get("settings", {}))
        except (KeyError, TypeError) as error:
            raise ValueError(f"{error} is missing") from error
        if began.tzinfo is None or not all(isinstance(text, str) for text in texts) or not isinstance(context, dict):
            raise ValueError("it is no call that was kept")
        call, voice, language, bot = texts
        record = record if isinstance(record, dict) else {}
        return cls(call, began.astimezone(UTC), voice, language, bot, context, recording, settings, record, words_lost)


def parts_before(first: Mapping[str, Any]) -> int:
    """How many processes have had the call of which ``first`` was known."""
    return 1 + len(first.get("taken_over", ())) if first else 0


def one_record(first: Mapping[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """The record of a call that went on in another process: ``first`` as far as it was kept, then ``second``. Times are
    since the call's start in both. ``part`` of a turn: which process, from 0; each counts its requests from 1."""
    if not first:
        return second
    joined = second | {name: first.get(name) for name in _FIRST if first.get(name) is not None}
    for name in _LISTS:
        joined[name] = [*first.get(name, ()), *second[name]]
    own = [turn | {"part": parts_before(first)} for turn in second["turns"]]
    joined["turns"] = [turn | {"index": index} for index, turn in enumerate([*first.get("turns", ()), *own], 1)]
    for name in _COUNTS:
        joined[name] = first.get(name, 0) + second[name]
    joined["prepared"] = {
        name: first.get("prepared", {}).get(name, 0) + count for name, count in second["prepared"].items()
    }
    if second["duration_ms"] is not None and joined["answered_ms"] is not None:
        joined["talk_ms"] = round(second["duration_ms"] - joined["answered_ms"], 1)
    joined["taken_over"] = [*first.get("taken_over", ()), {"at_ms": second["answered_ms"]}]
    return joined
