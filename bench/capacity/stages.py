"""Where our own share of the gaps goes, by the records that the service keeps of its calls."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from voicebot.caller.measure import Spread

Turn = dict[str, Any]
Stage = Callable[[Turn, float], float]

STAGES: Final[dict[str, Stage]] = {
    "asked after it was due": lambda turn, waited_ms: (
        turn["bot"]["asked_ms"] - turn["caller"]["speech_end_ms"] - waited_ms
    ),
    "the bot": lambda turn, _: turn["bot"]["first_message_ms"] - turn["bot"]["asked_ms"],
    "its audio": lambda turn, _: turn["bot"]["first_audio_ms"] - turn["bot"]["first_message_ms"],
    "the next packet": lambda turn, _: turn["bot"]["first_packet_ms"] - turn["bot"]["first_audio_ms"],
}
"""Milliseconds of a turn that was spoken and answered, one stage after the other. What is left of the gap is how far
the end of the voice that voice activity has found is from the last voiced sample that left the phone, less or more."""


def records_in(folder: Path) -> list[dict[str, Any]]:
    """The records of calls that have ended. Blocks."""
    return [json.loads(file.read_bytes()) for file in sorted(folder.glob("*.json"))]


def stages(records: Iterable[dict[str, Any]], waited_ms: float) -> dict[str, dict[str, Any]]:
    """The percentiles of each stage. ``waited_ms``: how long the turn policy waits for."""
    turns = [turn for record in records for turn in record["turns"] if _is_whole(turn)]
    return {name: asdict(Spread.of([of(turn, waited_ms) for turn in turns])) for name, of in STAGES.items()}


def _is_whole(turn: Turn) -> bool:
    bot, caller = turn["bot"], turn["caller"]
    times = (caller["speech_end_ms"], bot["first_message_ms"], bot["first_audio_ms"], bot["first_packet_ms"])
    return turn["kind"] == "speech" and not caller["keys"] and None not in times
