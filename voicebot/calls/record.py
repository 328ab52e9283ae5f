"""The call's record: one JSON document that says what happened in a call and when.

The session passes every :class:`~voicebot.events.Event` of the call to :meth:`RecordBuilder.note`, and tells the few
things that are not events (what the bot was asked, which utterance carries which text). Times in the document are
milliseconds since the call's start (the INVITE), so that a line of the timeline, a turn and a second of the recording
can be laid beside one another; only ``started``, ``answered`` and ``ended`` are wall-clock times (ISO 8601, UTC).

A *turn* is one question to the bot and what came of it::

    {"index": 2, "request": 3, "kind": "speech",
     "caller": {"text", "speech_start_ms", "speech_end_ms", "first_hypothesis_ms", "final_ms", "final_text",
                "confidence", "keys", "keys_ms"},
     "bot":    {"asked_ms", "first_message_ms", "done_ms", "failed", "first_audio_ms", "first_packet_ms",
                "playback_end_ms", "text", "utterances": [...], "interrupted": {"at_ms", "heard_s", "heard_text"}},
     "gap_ms": 412.0}

``gap_ms`` runs from the caller's last voiced sample (or last key) to the first packet of the answer: the silence that
the caller sat through, as seen from inside; the wire figure is `voicebot.caller`'s. What the bot says on its own
initiative (request 0) belongs to the turn in which it was said. Every list is bounded: what does not fit is counted.
``metadata`` is what the bot wanted kept.
"""

from __future__ import annotations

import asyncio
import dataclasses
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voicebot.address import Address
from voicebot.calls.privacy import Privacy
from voicebot.calls.record_file import write_record
from voicebot.calls.record_turn import CallerSide, Turn, Utterance, apart
from voicebot.events import (
    BotDone,
    BotFailed,
    BotMessage,
    CallAnswered,
    CallNotAnswered,
    CallRinging,
    EarlyMediaReceived,
    Event,
    Final,
    HangUpAsked,
    Hypothesis,
    KeyPressed,
    LegEnded,
    MetadataSent,
    NoMatch,
    PlaybackEnded,
    PlaybackFailed,
    PlaybackStarted,
    RecognitionLost,
    SpeechStarted,
    SpeechStopped,
    TransferAsked,
    TransferEnded,
)

if TYPE_CHECKING:
    from voicebot.legs import LegInfo

SCHEMA = 1
MAX_TIMELINE = 5_000
MAX_TURNS = 1_000
MAX_IN_TURN = 100
"""Utterances kept of one turn, and keys kept of one turn."""
MAX_FAILURES = 200
MAX_TEXT = 4_000
MAX_METADATA = 50

_CALLER_KINDS = frozenset({"speech", "key", "keys", "no-match"})
"""Questions that come from something the caller did."""
_TIME_FIELDS = frozenset({"onset", "offset", "start", "end"})


class RecordBuilder:
    """Collects one call's facts; :meth:`build` gives the document at any moment, also while the call runs.

    ``started_at_wall`` must know its time zone; ``started_at`` is the same moment on the loop's clock. ``bot`` and
    ``language`` are the names the call was routed to.
    """

    def __init__(
        self,
        info: LegInfo,
        *,
        started_at_wall: datetime,
        started_at: float,
        bot: str = "",
        language: str = "",
    ) -> None:
        if started_at_wall.tzinfo is None:
            raise ValueError("started_at_wall must carry a time zone")
        self._info = info
        self._wall = started_at_wall
        self._start = started_at
        self._bot = bot
        self._language = language
        self._turns: list[Turn] = []
        self._turn_of_request: dict[int, Turn] = {}
        self._turns_dropped = 0
        self._privacy = Privacy()
        self._pending = CallerSide()
        self._utterances: dict[int, tuple[Turn | None, Utterance]] = {}
        self._timeline: list[dict[str, Any]] = []
        self._timeline_dropped: Counter[str] = Counter()
        self._failures: list[dict[str, Any]] = []
        self._failure_count = 0
        self._keys: list[dict[str, Any]] = []
        self._no_matches = 0
        self._transfer: dict[str, Any] | None = None
        self._hang_up_asked = False
        self._metadata: list[Any] = []
        self._not_answered: dict[str, Any] | None = None
        self._ringing: float | None = None
        self._early_media: float | None = None
        self._answered: float | None = None
        self._ended: float | None = None
        self._reason = ""
        self._quality: dict[str, Any] = {}

    # --- what the session tells ------------------------------------------------------------------------------------

    def note(self, event: Event) -> None:  # noqa: PLR0915 (one table, read from top to bottom)
        """Take one event of the call, in the order in which they happened. Unknown kinds only join the timeline."""
        event = self._privacy.event(event)
        self._line(event.at, _snake(type(event).__name__), self._fields(event))
        match event:
            case CallAnswered():
                self._answered = event.at if self._answered is None else self._answered
            case CallRinging():
                self._ringing = event.at
            case EarlyMediaReceived():
                self._early_media = event.at
            case CallNotAnswered(outcome=outcome, status=status, reason=reason):
                self._not_answered = {"outcome": outcome.value, "status": status, "reason": _clip(reason)}
            case SpeechStarted(onset=onset):
                if self._pending.speech_start is None:
                    self._pending.speech_start = onset
            case SpeechStopped(offset=offset):
                self._hearing().speech_end = offset
            case Hypothesis(text=text, end=end):
                side = self._side_of(end)
                if side.first_hypothesis is None:
                    side.first_hypothesis = event.at
                side.last_hypothesis = _clip(text)
            case Final(text=text, end=end, confidence=confidence):
                side = self._side_of(end)
                side.final = event.at
                side.final_text = _clip(f"{side.final_text} {text}".strip())
                side.confidence = confidence
            case NoMatch():
                self._no_matches += 1
            case KeyPressed(key=key):
                if len(self._pending.keys) < MAX_IN_TURN:
                    self._pending.keys.append((key, event.at))
                if len(self._keys) < MAX_TURNS:
                    self._keys.append({"at_ms": self._ms(event.at), "key": key})
            case BotMessage(request=request, text=text, speak=speak):
                turn = self._turn(request)
                if turn is not None:
                    if turn.first_message is None:
                        turn.first_message = event.at
                    if len(turn.texts) < MAX_IN_TURN:
                        turn.texts.append(_clip(text or speak))
            case BotDone(request=request):
                turn = self._turn(request)
                if turn is not None:
                    turn.done = event.at
            case BotFailed(request=request, reason=reason):
                turn = self._turn(request)
                if turn is not None:
                    turn.failed = reason
                self._failure(event.at, "bot", reason)
            case RecognitionLost(reason=reason):
                self._failure(event.at, "recognition", reason)
            case PlaybackStarted(utterance=number):
                utterance = self._utterance(number)
                if utterance.started is None:
                    utterance.started = event.at
            case PlaybackEnded(utterance=number, heard_s=heard_s, complete=complete):
                utterance = self._utterance(number)
                utterance.ended, utterance.heard_s, utterance.complete = event.at, heard_s, complete
            case PlaybackFailed(utterance=number, heard_s=heard_s, reason=reason):
                utterance = self._utterance(number)
                utterance.ended, utterance.heard_s, utterance.complete = event.at, heard_s, False
                utterance.failed = reason
                self._failure(event.at, "playback", reason)
            case HangUpAsked():
                self._hang_up_asked = True
            case TransferAsked(target=target):
                self._transfer = {"target": str(target or ""), "asked_ms": self._ms(event.at), "accepted": None}
            case TransferEnded(accepted=accepted, status=status, message=message):
                self._transfer = {
                    **(self._transfer or {"target": "", "asked_ms": None}),
                    "ended_ms": self._ms(event.at),
                    "accepted": accepted,
                    "status": status,
                    "message": message,
                }
            case MetadataSent(content=content):
                if len(self._metadata) < MAX_METADATA:
                    self._metadata.append(content)
            case LegEnded(reason=reason):
                self.ended(reason, event.at)

    def asked(self, request: int, text: str, kind: str, at: float) -> None:
        """The bot was asked ``request`` with ``text``; ``kind`` as `voicebot.turns.AskKind` names it.

        What the caller said and pressed since the last question becomes this turn's caller side when the kind says
        that the caller did something; a final result that is still on its way joins the turn whose speech it covers.
        ``interrupted`` opens no turn: it tells the bot what was heard of the last one, and is kept there.
        """
        kind = str(kind)
        if kind == "hypothesis":
            return  # it stands in the timeline as what the recogniser believed
        text = self._privacy.text(text)
        self._line(at, "asked", {"request": request, "kind": kind, "text": _clip(text)})
        if kind == "interrupted":
            if self._turns:
                self._turns[-1].heard_text = _clip(text)
                self._turn_of_request[request] = self._turns[-1]
            return
        side = CallerSide()
        if kind in _CALLER_KINDS:
            side, self._pending = self._pending, side
        side.text = _clip(text)
        if len(self._turns) >= MAX_TURNS:
            self._turns_dropped += 1
            return
        turn = Turn(request, kind, at, side)
        self._turns.append(turn)
        self._turn_of_request[request] = turn

    def spoken(self, utterance: int, text: str, request: int) -> None:
        """Utterance ``utterance`` carries ``text`` (plain, or SSML) in answer to ``request``."""
        self._utterance(utterance, request).text = _clip(self._privacy.text(text))

    def synthesised(self, utterance: int, request: int, text: str, at: float) -> None:
        """The first byte of the utterance's audio is here (from synthesis or from the cache)."""
        self._line(at, "first_audio", {"utterance": utterance, "request": request})
        entry = self._utterance(utterance, request)
        if entry.first_audio is None:
            entry.first_audio = at
        if text and not entry.text:
            entry.text = _clip(self._privacy.text(text))

    def heard(self, utterance: int, text: str) -> None:
        """The part of an interrupted utterance's text that the caller is taken to have heard."""
        self._utterance(utterance).heard_text = _clip(self._privacy.text(text))

    def kept(self, text: str) -> str:
        """``text`` as it may be kept, in a log for instance."""
        return self._privacy.text(text)

    def failed(self, what: str, reason: str, at: float) -> None:
        """Something failed that no event tells; ``what`` names the part (``apology`` when one was played)."""
        self._line(at, "failed", {"what": what, "reason": reason})
        self._failure(at, what, reason)

    def ended(self, reason: str, at: float, quality: dict[str, Any] | None = None) -> None:
        """The call is over. The first reason stands; ``quality`` (RTP figures) may come later."""
        if self._ended is None:
            self._ended, self._reason = at, reason
        if quality is not None:
            self._quality = dict(quality)

    # --- the document ------------------------------------------------------------------------------------------------

    def build(self) -> dict[str, Any]:
        """The record as JSON-ready values: ``schema`` says the version, everything else is in the module's text."""
        info = self._info
        interrupted = sum(1 for _, u in self._utterances.values() if u.complete is False and u.failed is None)
        return {
            "schema": SCHEMA,
            "call_id": info.call_id,
            "caller": info.caller,
            "callee": info.callee,
            "caller_uri": info.caller_uri,
            "callee_uri": info.callee_uri,
            "display_name": info.display_name,
            "direction": info.direction,
            "trunk": info.trunk,
            "front_end": self._info.front_end,
            "remote_address": info.remote_address,
            "codec": info.codec or info.audio.name,
            "bot": self._bot,
            "language": self._language,
            "started": self._iso(self._start),
            "answered": self._iso(self._answered),
            "ended": self._iso(self._ended),
            "ringing_ms": self._ms(self._ringing),
            "early_media_ms": self._ms(self._early_media),
            "answered_ms": self._ms(self._answered),
            "duration_ms": self._ms(self._ended),
            "talk_ms": apart(self._answered, self._ended),
            "end": {"reason": self._reason, "bot_asked": self._hang_up_asked},
            "not_answered": self._not_answered,
            "transfer": self._transfer,
            "metadata": self._metadata,
            "turns": [turn.as_json(index, self._ms) for index, turn in enumerate(self._turns, 1)],
            "turns_dropped": self._turns_dropped,
            "keys": self._keys,
            "no_inputs": sum(1 for turn in self._turns if turn.kind == "no-input"),
            "no_matches": self._no_matches,
            "interruptions": interrupted,
            "failures": self._failures,
            "failure_count": self._failure_count,
            "quality": self._quality,
            "timeline": self._timeline,
            "timeline_dropped": dict(self._timeline_dropped),
        }

    def summary(self) -> dict[str, Any]:
        """Who, when and how it ended: what is told of a call while it runs, too. See :meth:`build`."""
        info = self._info
        return {
            "id": info.call_id,
            "direction": info.direction,
            "from": info.caller,
            "to": info.callee,
            "trunk": info.trunk,
            "started": self._iso(self._start),
            "answered": self._iso(self._answered),
            "ended": self._iso(self._ended),
            "end": self._reason,
            "not_answered": self._not_answered,
        }

    async def write(self, directory: Path) -> Path:
        """Write the document into ``directory`` off the loop, atomically; returns the file. Raises OSError."""
        return await asyncio.to_thread(write_record, self.build(), directory)

    # --- inside -----------------------------------------------------------------------------------------------------

    def _hearing(self) -> CallerSide:
        """The caller side that an open-ended fact belongs to: the one being collected, if anything is in it."""
        if self._pending.speech_start is None and self._turns:
            return self._turns[-1].caller
        return self._pending

    def _side_of(self, end: float) -> CallerSide:
        """The caller side whose speech a result up to ``end`` covers: it may come after the bot was asked."""
        pending = self._pending
        if self._turns and self._turns[-1].caller.speech_start is not None:
            if pending.speech_start is None and end <= self._turns[-1].asked:
                return self._turns[-1].caller
            if pending.speech_start is not None and end <= pending.speech_start:
                return self._turns[-1].caller
        return pending

    def _turn(self, request: int) -> Turn | None:
        turn = self._turn_of_request.get(request)
        return turn if turn is not None or request != 0 else (self._turns[-1] if self._turns else None)

    def _utterance(self, number: int, request: int | None = None) -> Utterance:
        known = self._utterances.get(number)
        if known is not None and (known[0] is not None or request is None):
            return known[1]
        utterance = known[1] if known is not None else Utterance(number)
        turn = self._turn(request if request is not None else 0)
        if turn is not None:
            if len(turn.utterances) < MAX_IN_TURN:
                turn.utterances[number] = utterance
            if len(self._utterances) < MAX_TURNS * 4:
                self._utterances[number] = (turn, utterance)
        elif len(self._utterances) < MAX_TURNS * 4:
            self._utterances[number] = (None, utterance)
        return utterance

    def _failure(self, at: float, what: str, reason: str) -> None:
        self._failure_count += 1
        if len(self._failures) < MAX_FAILURES:
            self._failures.append({"at_ms": self._ms(at), "what": what, "reason": _clip(reason)})

    def _line(self, at: float, name: str, fields: dict[str, Any]) -> None:
        if len(self._timeline) >= MAX_TIMELINE:
            self._timeline_dropped[name] += 1
            return
        self._timeline.append({"at_ms": self._ms(at), "event": name, **fields})

    def _fields(self, event: Event) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for item in dataclasses.fields(event):
            value = getattr(event, item.name)
            if item.name == "at":
                continue
            if item.name in _TIME_FIELDS:
                out[f"{item.name}_ms"] = self._ms(value)
            elif isinstance(value, str | Address):
                out[item.name] = _clip(str(value))
            elif isinstance(value, bool | int | float) or value is None:
                out[item.name] = value
            elif isinstance(value, tuple):
                out[item.name] = [_clip(str(part)) for part in value[:MAX_IN_TURN]]
        return out

    def _ms(self, at: float | None) -> float | None:
        return None if at is None else round((at - self._start) * 1000, 1)

    def _iso(self, at: float | None) -> str | None:
        if at is None:
            return None
        wall = self._wall + timedelta(seconds=at - self._start)
        return wall.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def _clip(text: str) -> str:
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"
