"""What of a call's record can be searched for. Pure.

There are two kinds of records: of calls of bots (:mod:`voicebot.calls.record`) and of calls between people that were
listened to (:mod:`voicebot.assist.record`). A digest is the same of both.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

from voicebot.records import NOT_KEPT

Kind = Literal["bot", "people"]
MOST_WORDS: Final = 200_000
"""Letters of one side that can be found, of one call."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f]")
_MARKUP: Final = re.compile(r"<[^<>]*>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """A call in short. ``kind``: who has talked with the caller. ``began``: in microseconds since 1970. ``outcome``:
    why it ended, or why nobody answered. ``gap_ms``: the median of the silences before answers of the bot. ``steps``:
    those of the dialog, each once. ``other_words``: of the bot, or of everybody else."""

    id: str
    kind: Kind
    call_id: str
    began: int
    duration_ms: float | None
    direction: str
    caller: str
    callee: str
    trunk: str
    bot: str = ""
    language: str = ""
    outcome: str
    turns: int
    interruptions: int = 0
    failures: int = 0
    gap_ms: float | None = None
    steps: tuple[str, ...] = ()
    caller_words: str
    other_words: str


def digest_of(record: Mapping[str, Any]) -> Digest:
    """Raises ValueError if it is no record of a call."""
    try:
        return _of_people(record) if record.get("kind") == "assist" else _of_bot(record)
    except (KeyError, TypeError, AttributeError, OverflowError) as wrong:
        raise ValueError(f"no record of a call: {type(wrong).__name__} {wrong}") from wrong


def microseconds(moment: str) -> int:
    """ISO 8601 as microseconds since 1970; without a time zone it is UTC. Raises ValueError."""
    at = datetime.fromisoformat(moment)
    return ((at if at.tzinfo is not None else at.replace(tzinfo=UTC)) - _EPOCH) // timedelta(microseconds=1)


def iso(moment: int) -> str:
    """The other way round, to the millisecond, as records have it."""
    at = _EPOCH + timedelta(microseconds=moment)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def number_letters(text: str) -> str:
    """A number or address as it is compared: small letters, without what people put between digits."""
    return re.sub(r"[\s()./-]", "", text).lower()


def _of_bot(record: Mapping[str, Any]) -> Digest:
    turns = record["turns"]
    gaps = [turn["gap_ms"] for turn in turns if turn["gap_ms"] is not None and turn["gap_ms"] >= 0]
    return Digest(
        id=_text(record["id"]),
        kind="bot",
        call_id=_text(record["call_id"]),
        began=microseconds(record["started"]),
        duration_ms=_milliseconds(record["duration_ms"]),
        direction=_text(record["direction"]),
        caller=_text(record["caller"]),
        callee=_text(record["callee"]),
        trunk=_text(record["trunk"]),
        bot=_text(record["bot"]),
        language=_text(record["language"]),
        outcome=_text(record["end"]["reason"]),
        turns=len(turns),
        interruptions=int(record["interruptions"]),
        failures=int(record["failure_count"]),
        gap_ms=round(statistics.median(gaps), 1) if gaps else None,
        steps=tuple(dict.fromkeys(_steps(record["timeline"]))),
        caller_words=_joined(_said_by_caller(record)),
        other_words=_joined(_said_by_bot(turns)),
    )


def _said_by_caller(record: Mapping[str, Any]) -> Iterator[str]:
    """In turns, and over prompts that went on."""
    for turn in record["turns"]:
        yield turn["caller"]["final_text"] or turn["caller"]["text"]
    for overlap in record.get("overlaps", ()):
        if overlap["outcome"] != "interruption":  # whose words are in the turn
            yield overlap["text"]


def _of_people(record: Mapping[str, Any]) -> Digest:
    address = {party["ParticipantRole"]: party["Address"] for party in reversed(record["parties"])}
    said = [(line["ParticipantRole"] == "CUSTOMER", line["Content"]) for line in record["transcript"]]
    return Digest(
        id=_text(record["id"]),
        kind="people",
        call_id=_text(record["call_id"]),
        began=microseconds(record["started"]),
        duration_ms=_milliseconds(record["duration_ms"]),
        direction="inbound",
        caller=_text(address.get("CUSTOMER", "")),
        callee=_text(address.get("AGENT", "")),
        trunk=_text(record["trunk"]),
        outcome=_text(record["end"]["reason"]),
        turns=len(said),
        failures=len(record["trouble"]),
        caller_words=_joined(text for by_caller, text in said if by_caller),
        other_words=_joined(text for by_caller, text in said if not by_caller),
    )


def _said_by_bot(turns: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for turn in turns:
        utterances = [said["text"] for said in turn["bot"]["utterances"] if said["text"]]
        for text in utterances or [turn["bot"]["text"]]:
            yield _MARKUP.sub(" ", text) if "<" in text else text


def _steps(timeline: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for line in timeline:
        yield from (_text(step) for step in (*line.get("path", ()), line.get("step")) if isinstance(step, str) and step)


def _joined(texts: Iterable[str]) -> str:
    """Line by line; what is not kept cannot be found either."""
    return _text("\n".join(text.replace(NOT_KEPT, "") for text in texts if text)[:MOST_WORDS])


def _milliseconds(value: object) -> float | None:
    return None if value is None else float(str(value))


def _text(value: object) -> str:
    """What SQLite can keep and a page can show: half a surrogate pair, which UTF-8 cannot write, becomes a question
    mark, and control characters become spaces."""
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return _CONTROL.sub(" ", value.encode("utf-8", "replace").decode())
