"""The spans of a call, made of its record (:mod:`voicebot.calls.record`) when it is over. Pure.

::

    call                                from the INVITE to the end
    ├── INVITE                          to the answer, or to the end if there was none
    ├── turn                            from the caller's first word or key to the end of the answer
    │   ├── recognition                 from the end of the speech to the final result
    │   ├── bot                         from the question to the first message
    │   ├── synthesis                   from the message to its first audio, for each prompt
    │   └── playout                     from its first packet to the last
    └── transfer                        from the bot's wish to the outcome

A step that was still going on when the call ended ends with it. What the record of an earlier version lacks, which
began the call, is left out.

A span has only what says how the call went: no words, no keys and no numbers, which records keep and a collector must
not. Therefore a failure has a category, and the log has its text, with the trace's id.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any, Final

from voicebot.trace_context import bot_span_id, span_id

Value = str | bool | int | float
_FAILED_ENDS: Final = frozenset({"error", "media-timeout", "no-ack", "expired", "killed", "unreachable", "refused"})
"""The reasons of ends that are nobody's wish (:class:`voicebot.events.LegEnded`)."""
_MAX_VALUE: Final = 200
"""Characters of an attribute; callers choose the Call-ID."""
_FACTS: Final = {
    "sip.call_id": "call_id",
    "voicebot.direction": "direction",
    "voicebot.trunk": "trunk",
    "voicebot.front_end": "front_end",
    "voicebot.codec": "codec",
    "voicebot.bot": "bot",
    "voicebot.language": "language",
    "voicebot.no_inputs": "no_inputs",
    "voicebot.no_matches": "no_matches",
    "voicebot.interruptions": "interruptions",
    "voicebot.failures": "failure_count",
}
"""Attributes of a call, and their names in the record."""


class SpanKind(Enum):
    """On which side of a request a span is (OpenTelemetry's SpanKind)."""

    INTERNAL = "internal"
    SERVER = "server"
    CLIENT = "client"


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened during a span, at ``ns`` (Unix time)."""

    name: str
    ns: int


@dataclass(frozen=True, slots=True)
class Span:
    """``id``, ``parent``: 16 hexadecimal digits; the parent of the call itself is ``""``. ``start_ns``, ``end_ns``:
    Unix time. ``failed``: what went wrong; ``""``: nothing."""

    name: str
    id: str
    parent: str
    start_ns: int
    end_ns: int
    kind: SpanKind = SpanKind.INTERNAL
    attributes: Mapping[str, Value] = field(default_factory=dict)
    failed: str = ""
    moments: tuple[Moment, ...] = ()


def spans_of(record: Mapping[str, Any]) -> Iterator[Span]:
    """The spans of the call that ``record`` is of, the call's own first. ``record``: as
    :meth:`voicebot.calls.RecordBuilder.build` makes it, of a call that is over or that was killed."""
    call = _Call(record)
    yield call.whole()
    yield call.invite()
    for turn in record["turns"]:
        yield from _Turn(call, turn).spans()
    if record["transfer"] is not None and record["transfer"]["asked_ms"] is not None:
        yield call.transfer(record["transfer"])


def something_failed(record: Mapping[str, Any]) -> bool:
    """Whether something went wrong in the call that ``record`` is of."""
    return bool(record["failure_count"]) or record["end"]["reason"] in _FAILED_ENDS


class _Call:
    def __init__(self, record: Mapping[str, Any]) -> None:
        self.id: str = record["id"]
        self.root = span_id(self.id)
        self._record = record
        self._start_ns = round(datetime.fromisoformat(record["started"]).timestamp() * 1000) * 1_000_000
        self.end_ms = _last(record)

    def ns(self, ms: float) -> int:
        """The Unix time of ``ms`` after the call's start."""
        return self._start_ns + round(ms * 1_000_000)

    def span(self, name: str, number: str, parent: str, start_ms: float, end_ms: float, **others: Any) -> Span:
        """A part of the call. ``number``: which of its name it is."""
        own = others.pop("id", None) or span_id(self.id, name, number)
        return Span(name, own, parent, self.ns(start_ms), self.ns(max(start_ms, end_ms)), **others)

    def moments(self, **at_ms: float | None) -> tuple[Moment, ...]:
        """Those of which the time is known."""
        return tuple(Moment(name.replace("_", " "), self.ns(ms)) for name, ms in at_ms.items() if ms is not None)

    def whole(self) -> Span:
        record, reason = self._record, self._record["end"]["reason"]
        attributes = {name: record[key] for name, key in _FACTS.items()}
        attributes["voicebot.end"] = reason
        attributes["voicebot.turns"] = len(record["turns"])
        attributes["voicebot.mos"] = record["quality"].get("mos")
        kind = SpanKind.CLIENT if record["direction"] == "outbound" else SpanKind.SERVER
        return Span(
            "call",
            self.root,
            "",
            self.ns(0.0),
            self.ns(self.end_ms),
            kind,
            _known(attributes),
            f"the call ended: {reason}" if reason in _FAILED_ENDS else "",
            tuple(Moment("taken over", self.ns(taken["at_ms"] or 0.0)) for taken in record.get("taken_over", ())),
        )

    def invite(self) -> Span:
        record = self._record
        missed = record["not_answered"] or {}
        answered = record["answered_ms"]
        return self.span(
            "INVITE",
            "",
            self.root,
            0.0,
            self.end_ms if answered is None else answered,
            attributes=_known({"voicebot.not_answered": missed.get("outcome"), "sip.status": missed.get("status")}),
            moments=self.moments(ringing=record["ringing_ms"], early_media=record["early_media_ms"]),
        )

    def transfer(self, transfer: Mapping[str, Any]) -> Span:
        accepted = transfer["accepted"]
        end_ms = transfer.get("ended_ms")
        return self.span(
            "transfer",
            "",
            self.root,
            transfer["asked_ms"],
            self.end_ms if end_ms is None else end_ms,
            attributes=_known({"voicebot.accepted": accepted, "sip.status": transfer.get("status")}),
            failed="the transfer failed" if accepted is False else "",
        )


class _Turn:
    """One entry of the record's ``turns``."""

    def __init__(self, call: _Call, turn: Mapping[str, Any]) -> None:
        self._call = call
        self._turn = turn
        self._caller: Mapping[str, Any] = turn["caller"]
        self._bot: Mapping[str, Any] = turn["bot"]
        self._index = str(turn["index"])
        self._id = span_id(call.id, "turn", self._index)

    def spans(self) -> Iterator[Span]:
        parts = [*self._recognition(), self._asked(), *self._prompts()]
        yield self._whole(parts)
        yield from parts

    def _part(self, name: str, number: str, start_ms: float, end_ms: float, **others: Any) -> Span:
        return self._call.span(name, number, self._id, start_ms, end_ms, **others)

    def _whole(self, parts: Iterable[Span]) -> Span:
        turn, caller = self._turn, self._caller
        began = [caller["speech_start_ms"], *caller["keys_ms"][:1], self._bot["asked_ms"]]
        return Span(
            "turn",
            self._id,
            self._call.root,
            min(self._call.ns(ms) for ms in began if ms is not None),
            max(part.end_ns for part in parts),
            attributes=_known(
                {
                    "voicebot.turn": turn["index"],
                    "voicebot.request": turn["request"],
                    "voicebot.asked_for": turn["kind"],
                    "voicebot.turn_end": turn["ended"],
                    "voicebot.gap_ms": turn["gap_ms"],
                    "voicebot.keys": len(caller["keys_ms"]) or None,
                    "voicebot.interrupted": self._bot["interrupted"] is not None,
                }
            ),
        )

    def _recognition(self) -> Iterator[Span]:
        """Of a turn that was over without a final result there is none. A result may come before the voice is found to
        have ended: then it took no time."""
        caller = self._caller
        if caller["final_ms"] is None:
            return
        spoken_ms = caller["speech_end_ms"]
        start_ms = caller["final_ms"] if spoken_ms is None else min(spoken_ms, caller["final_ms"])
        attributes = _known({"voicebot.confidence": caller["confidence"]})
        yield self._part("recognition", self._index, start_ms, caller["final_ms"], attributes=attributes)

    def _asked(self) -> Span:
        bot, request = self._bot, self._turn["request"]
        asked_ms: float = bot["asked_ms"]
        until = [bot["first_message_ms"], bot.get("failed_ms"), bot["done_ms"]]
        return self._part(
            "bot",
            self._index,
            asked_ms,
            next((ms for ms in until if ms is not None), self._call.end_ms),
            id=bot_span_id(self._call.id, self._turn.get("part", 0), request),
            kind=SpanKind.CLIENT,
            attributes=_known({"voicebot.request": request}),
            failed="the bot did not answer" if bot["failed"] is not None else "",
            moments=self._call.moments(finished=bot["done_ms"]),
        )

    def _prompts(self) -> Iterator[Span]:
        for utterance in self._bot["utterances"]:
            number = f"{self._index}/{utterance['utterance']}"
            said_ms, audio_ms = utterance.get("said_ms"), utterance["first_audio_ms"]
            sent_ms, end_ms = utterance["first_packet_ms"], utterance["playback_end_ms"]
            failed = "the prompt could not be played" if utterance["failed"] is not None else ""
            if said_ms is not None and (audio_ms is not None or failed):
                yield self._part(
                    "synthesis",
                    number,
                    said_ms,
                    audio_ms if audio_ms is not None else end_ms if end_ms is not None else said_ms,
                    kind=SpanKind.CLIENT,
                    attributes={"voicebot.prepared": utterance["prepared"]},
                    failed=failed if audio_ms is None else "",
                )
            if sent_ms is not None:
                heard = {"voicebot.heard_s": utterance["heard_s"], "voicebot.complete": utterance["complete"]}
                until_ms = self._call.end_ms if end_ms is None else end_ms
                yield self._part("playout", number, sent_ms, until_ms, attributes=_known(heard), failed=failed)


def _last(record: Mapping[str, Any]) -> float:
    """When the call was over; if it was killed, when something was last known of it. In ms since its start."""
    if record["duration_ms"] is not None:
        return float(record["duration_ms"])
    known = [record["answered_ms"] or 0.0]
    for turn in record["turns"]:
        known += [ms for ms in (turn["bot"]["asked_ms"], turn["bot"]["playback_end_ms"]) if ms is not None]
    return float(max(known))


def _known(values: Mapping[str, Value | None]) -> dict[str, Value]:
    """Those that are known, and not longer than a collector should hold."""
    return {
        name: value[:_MAX_VALUE] if isinstance(value, str) else value
        for name, value in values.items()
        if value is not None and value != ""
    }
