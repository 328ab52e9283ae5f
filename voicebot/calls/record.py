"""The record of a call: one JSON document that says what happened in the call and when.

Every :class:`~voicebot.events.Event` of the call is passed to :meth:`RecordBuilder.note`; what is not an event (a
question to the bot, the text of an utterance) has methods of its own. The record consists of the timeline
(``record_timeline.py``), the turns (``record_turns.py``), and the facts of the whole call, which are collected here.

Times in the document are milliseconds since the call's start (the INVITE), so that the timeline, the turns and the
recording can be compared. Only ``started``, ``answered`` and ``ended`` are times of day (ISO 8601, UTC).

A *turn* is one question to the bot and its answer::

    {"index": 2, "request": 3, "kind": "speech", "ended": "complete",
     "caller": {"text", "speech_start_ms", "speech_end_ms", "first_hypothesis_ms", "final_ms", "final_text",
                "confidence", "keys", "keys_ms"},
     "bot":    {"asked_ms", "first_message_ms", "done_ms", "failed", "failed_ms", "first_audio_ms", "first_packet_ms",
                "playback_end_ms", "text", "utterances": [...], "interrupted": {"at_ms", "heard_s", "heard_text"}},
     "gap_ms": 412.0}

``ended`` says why the caller's turn was over (:class:`~voicebot.turns.TurnEnd`; None: it was none of speech). Each of
``overlaps`` is a sound over a prompt, and what became of it (:class:`~voicebot.turns.Outcome`).

``gap_ms`` is the silence before the answer: from the caller's last voiced sample (or last key) to the first packet of
the answer, measured in this process; `voicebot.caller` measures it on the wire. What the bot says on its own initiative
(request 0) belongs to the turn in which it was said. Every list is bounded; what does not fit is counted. ``metadata``:
what the bot has sent for the record. ``prepared``: how often replies were made ready before the turn was over, and what
became of it (:class:`~voicebot.calls.preparing.PreparedCounts`). ``id``: our random id of the call; ``call_id``: the
SIP Call-ID. ``quality``: the figures of :class:`~voicebot.rtp.MediaQuality`, ``recording_dropped_frames``, the
frames that the recording lacks, and ``recording_from_ms``, when it began. ``signalling``: None, or the SIP messages of
the call (:mod:`voicebot.sip.ladder`).

Of our own dialogs, a line ``step_reached`` of the timeline tells where the call is in them after a request
(:class:`~voicebot.events.StepReached`). Its ``variables`` are null where they are the same as in the line before, and
``dialogs``, the version of the dialogs, is empty; a value that is null is private, and was never sent to this process.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from voicebot.calls.going_on import one_record
from voicebot.calls.privacy import Privacy
from voicebot.calls.record_timeline import RecordClock, Timeline, clip
from voicebot.calls.record_turn import apart
from voicebot.calls.record_turns import RecordedTurns
from voicebot.events import (
    BotFailed,
    CallAnswered,
    CallNotAnswered,
    CallRinging,
    EarlyMediaReceived,
    Event,
    HangUpAsked,
    LegEnded,
    MetadataSent,
    PlaybackFailed,
    RecognitionLost,
    StepReached,
    TransferAsked,
    TransferEnded,
)
from voicebot.legs import LegInfo
from voicebot.records import write_record
from voicebot.sip import Ladder
from voicebot.turns import AskKind, Outcome, Overlapped, TurnEnd

SCHEMA = 1
MAX_FAILURES = 200
MAX_OVERLAPS = 500
MAX_METADATA = 50

_MOMENTS: dict[type[Event], str] = {CallRinging: "ringing", EarlyMediaReceived: "early_media", CallAnswered: "answered"}
"""Events of which the first one's time is recorded, and its name."""
_FAILURES: dict[type[Event], str] = {BotFailed: "bot", RecognitionLost: "recognition", PlaybackFailed: "playback"}
"""Events of failures (with a ``reason``), and what has failed."""


class RecordBuilder:
    """Collects the facts of one call. :meth:`build` gives the document at any time, also while the call runs.

    ``call``: its id. ``started_at_wall``: the call's start, with a time zone; ``started_at``: the same moment on the
    loop's clock. ``bot``: the one that has the call, as far as that is known. ``language``: that of the call at its
    beginning.
    """

    def __init__(
        self,
        call: str,
        info: LegInfo,
        *,
        started_at_wall: datetime,
        started_at: float,
        bot: str = "",
        language: str = "",
    ) -> None:
        self._call = call
        self._info = info
        self.bot = bot
        self._language = language
        self._clock = RecordClock(started_at_wall, started_at)
        self._privacy = Privacy()
        self.timeline = Timeline(self._clock)
        self._turns = RecordedTurns()
        self._moments: dict[str, float] = {}
        self._failures: list[dict[str, Any]] = []
        self._failure_count = 0
        self._overlaps: list[dict[str, Any]] = []
        self._overlap_count = 0
        self._transfer: dict[str, Any] | None = None
        self._hang_up_asked = False
        self._metadata: list[Any] = []
        self._not_answered: dict[str, Any] | None = None
        self._ended: float | None = None
        self._reason = ""
        self._quality: dict[str, Any] = {}
        self._prepared: dict[str, int] = {}
        self._signalling: dict[str, Any] | None = None
        self._first: Mapping[str, Any] = {}
        self._variables: Mapping[str, str | None] | None = None
        self._dialogs = ""

    # --- facts -------------------------------------------------------------------------------------------------------

    def note(self, event: Event) -> None:
        """Take one event of the call, in the order in which they happened. Other kinds only appear in the timeline."""
        event = self._privacy.event(event)
        if isinstance(event, StepReached):
            event = self._news(event)
        kind = type(event)
        self.timeline.note(event)
        self._turns.note(event)
        if kind in _MOMENTS:
            self._moments.setdefault(_MOMENTS[kind], event.at)
        if kind in _FAILURES:
            self._failure(event.at, _FAILURES[kind], getattr(event, "reason", ""))
        handler = HANDLERS.get(kind)
        if handler is not None:
            handler(self, event)

    def asked(self, request: int, text: str, kind: AskKind, at: float, *, ended: TurnEnd | None = None) -> None:
        """The bot was asked ``request`` with ``text``. ``ended``: why the caller's turn was over.

        If ``kind`` says that the caller did something, this turn's ``caller`` is what the caller has said and pressed
        since the last question. A hypothesis is not a question; it is in the timeline as an event.
        """
        if kind == AskKind.HYPOTHESIS:
            return
        text = self._privacy.text(text)
        self.timeline.add(at, "asked", {"request": request, "kind": str(kind), "text": clip(text)})
        self._turns.asked(request, text, kind, at, ended=ended)

    def overlapped(self, overlap: Overlapped, at: float) -> None:
        """A sound over a prompt has passed, or has interrupted it."""
        self._overlap_count += 1
        if overlap.outcome is not Outcome.INTERRUPTION:
            self._turns.passed()
        if len(self._overlaps) < MAX_OVERLAPS:
            ms, text = self._clock.ms, clip(self._privacy.text(overlap.text))
            passed = {"began_ms": ms(overlap.began), "at_ms": ms(at), "outcome": str(overlap.outcome), "text": text}
            self._overlaps.append(passed)

    def spoken(self, utterance: int, text: str, request: int, at: float, *, prepared: bool = False) -> None:
        """The bot says ``text`` (plain or SSML) as ``utterance``, in answer to ``request``. ``prepared``: it was made
        ready before."""
        self._turns.spoken(utterance, self._privacy.text(text), request, at, prepared=prepared)

    def synthesised(self, utterance: int, request: int, text: str, at: float) -> None:
        """The first audio of ``utterance`` is available, from synthesis or from the cache."""
        kept = self._turns.synthesised(utterance, self._privacy.text(text), request, at)
        self.timeline.add(at, "first_audio", {"utterance": utterance, "request": request, "text": kept})

    def milliseconds(self, at: float | None) -> float | None:
        """``at``, on the loop's clock, as the document has times."""
        return self._clock.ms(at)

    @property
    def paused(self) -> bool:
        """Whether the recording is paused: neither words nor keys are kept now."""
        return self._privacy.paused

    def kept(self, text: str) -> str:
        """``text`` as a log may show it (:mod:`voicebot.calls.privacy`)."""
        return self._privacy.text(text)

    def ended(
        self, reason: str, at: float, quality: dict[str, Any] | None = None, prepared: dict[str, int] | None = None
    ) -> None:
        """The call has ended. The first reason stays; ``quality`` (RTP figures) and ``prepared`` (what was made ready)
        may be given later."""
        if self._ended is None:
            self._ended, self._reason = at, reason
        if quality is not None:
            self._quality = dict(quality)
        if prepared is not None:
            self._prepared = dict(prepared)

    def signalled(self, ladder: Ladder) -> None:
        """What was exchanged in the call by SIP."""
        self._signalling = {
            "messages": [
                {"at_ms": self._clock.ms(one.at), "sent": one.sent, "peer": one.peer, "transport": one.transport,
                 "text": one.text}
                for one in ladder
            ],
            "dropped": ladder.dropped,
        }  # fmt: skip

    def goes_on(self, first: Mapping[str, Any]) -> None:
        """The call was begun by another process, which knew ``first`` of it: :meth:`build` gives one record of both."""
        self._first = first

    # --- the document ------------------------------------------------------------------------------------------------

    def build(self) -> dict[str, Any]:
        """The record as values for ``json.dumps``; the module's text describes it."""
        info, turns, ms, iso = self._info, self._turns, self._clock.ms, self._clock.iso
        answered = self._moments.get("answered")
        record = {
            "schema": SCHEMA,
            "id": self._call,
            "call_id": info.call_id,
            "caller": info.caller,
            "callee": info.callee,
            "caller_uri": info.caller_uri,
            "callee_uri": info.callee_uri,
            "display_name": info.display_name,
            "direction": info.direction,
            "trunk": info.trunk,
            "front_end": info.front_end,
            "remote_address": info.remote_address,
            "codec": info.codec or info.audio.name,
            "bot": self.bot,
            "language": self._language,
            "started": iso(self._clock.start),
            "answered": iso(answered),
            "ended": iso(self._ended),
            "ringing_ms": ms(self._moments.get("ringing")),
            "early_media_ms": ms(self._moments.get("early_media")),
            "answered_ms": ms(answered),
            "duration_ms": ms(self._ended),
            "talk_ms": apart(answered, self._ended),
            "end": {"reason": self._reason, "bot_asked": self._hang_up_asked},
            "not_answered": self._not_answered,
            "transfer": self._transfer,
            "metadata": self._metadata,
            "turns": turns.as_json(self._clock),
            "turns_dropped": turns.dropped,
            "keys": [{"at_ms": ms(at), "key": key} for key, at in turns.key_presses],
            "no_inputs": turns.no_inputs,
            "no_matches": turns.no_matches,
            "interruptions": turns.interruptions,
            "overlaps": self._overlaps,
            "overlap_count": self._overlap_count,
            "failures": self._failures,
            "failure_count": self._failure_count,
            "prepared": self._prepared,
            "quality": self._quality,
            "timeline": self.timeline.lines,
            "timeline_dropped": dict(self.timeline.dropped),
            "signalling": self._signalling,
        }
        return one_record(self._first, record)

    def summary(self) -> dict[str, Any]:
        """The facts of the call that lists of calls show, running or ended, as values for ``json.dumps``."""
        info, iso = self._info, self._clock.iso
        return {
            "id": self._call,
            "call_id": info.call_id,
            "direction": info.direction,
            "from": info.caller,
            "to": info.callee,
            "trunk": info.trunk,
            "started": iso(self._clock.start),
            "answered": iso(self._moments.get("answered")),
            "ended": iso(self._ended),
            "end": self._reason,
            "not_answered": self._not_answered,
        }

    async def write(self, directory: Path) -> Path:
        """Write the document to ``directory``, whole or not at all, on a thread. Returns the file. Raises OSError."""
        return await asyncio.to_thread(write_record, self.build(), directory)

    def _news(self, event: StepReached) -> StepReached:
        """``event`` without the variables and the version of the dialogs, if they are the same as before."""
        same, known = event.variables == self._variables, event.dialogs == self._dialogs
        self._variables, self._dialogs = event.variables, event.dialogs
        if same or known:
            return replace(event, variables=None if same else event.variables, dialogs="" if known else event.dialogs)
        return event

    # --- the call as a whole -----------------------------------------------------------------------------------------

    def _no_answer(self, event: CallNotAnswered) -> None:
        self._not_answered = {"outcome": event.outcome.value, "status": event.status, "reason": clip(event.reason)}

    def _hang_up(self, _event: HangUpAsked) -> None:
        self._hang_up_asked = True

    def _transfer_asked(self, event: TransferAsked) -> None:
        asked_ms = self._clock.ms(event.at)
        self._transfer = {"target": str(event.target or ""), "asked_ms": asked_ms, "accepted": None}

    def _transfer_ended(self, event: TransferEnded) -> None:
        self._transfer = {
            **(self._transfer or {"target": "", "asked_ms": None}),
            "ended_ms": self._clock.ms(event.at),
            "accepted": event.accepted,
            "status": event.status,
            "message": event.message,
        }

    def _metadata_sent(self, event: MetadataSent) -> None:
        if len(self._metadata) < MAX_METADATA:
            self._metadata.append(event.content)

    def _leg_ended(self, event: LegEnded) -> None:
        self.ended(event.reason, event.at)

    def _failure(self, at: float, what: str, reason: str) -> None:
        self._failure_count += 1
        if len(self._failures) < MAX_FAILURES:
            self._failures.append({"at_ms": self._clock.ms(at), "what": what, "reason": clip(reason)})


R = RecordBuilder

HANDLERS: dict[type[Event], Callable[[RecordBuilder, Any], None]] = {
    CallNotAnswered: R._no_answer,
    HangUpAsked: R._hang_up,
    TransferAsked: R._transfer_asked,
    TransferEnded: R._transfer_ended,
    MetadataSent: R._metadata_sent,
    LegEnded: R._leg_ended,
}
