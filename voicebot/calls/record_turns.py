"""Collects the turns of a call's record: which fact belongs to which question and answer.

What the caller says and presses is collected until the bot is asked because of it. A result of the recogniser may come
later than that; it belongs to the turn whose speech it covers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from voicebot.calls.record_timeline import RecordClock, clip
from voicebot.calls.record_turn import CallerEntry, TurnEntry, UtteranceEntry
from voicebot.events import (
    BotDone,
    BotFailed,
    BotMessage,
    Event,
    Final,
    Hypothesis,
    KeyPressed,
    NoMatch,
    PlaybackEnded,
    PlaybackFailed,
    PlaybackStarted,
    SpeechStarted,
    SpeechStopped,
)
from voicebot.turns import AskKind, TurnEnd

MAX_TURNS = 1_000
MAX_UTTERANCES = 4 * MAX_TURNS
MAX_IN_TURN = 100
"""How many utterances, texts and keys of one turn are recorded."""
_BY_THE_CALLER = frozenset({AskKind.SPEECH, AskKind.KEY, AskKind.NO_MATCH})
"""The questions that the caller has caused."""


class RecordedTurns:
    """Of one call. ``dropped``: how many turns did not fit."""

    def __init__(self) -> None:
        self.dropped = 0
        self.no_matches = 0
        self.key_presses: list[tuple[str, float]] = []
        self._turns: list[TurnEntry] = []
        self._of_request: dict[int, TurnEntry] = {}
        self._pending = CallerEntry()
        self._speaking = False
        self._awaits_final = False
        """Whether a final result of what is pending is still to come."""
        self._utterances: dict[int, tuple[TurnEntry | None, UtteranceEntry]] = {}

    def note(self, event: Event) -> None:
        """Take one event of the call, in order. Those without a row in :data:`HANDLERS` do not concern turns."""
        handler = HANDLERS.get(type(event))
        if handler is not None:
            handler(self, event)

    def asked(self, request: int, text: str, kind: AskKind, at: float, *, ended: TurnEnd | None) -> None:
        """The bot was asked: a turn begins. Not with ``interrupted``, which says what was heard of the last answer."""
        if kind == AskKind.INTERRUPTED:
            if self._turns:
                self._turns[-1].heard_text = clip(text)
                self._of_request[request] = self._turns[-1]
            return
        side = CallerEntry()
        if kind in _BY_THE_CALLER:
            side, self._pending, self._awaits_final = self._pending, side, False
        side.text = clip(text)
        if len(self._turns) >= MAX_TURNS:
            self.dropped += 1
            return
        turn = TurnEntry(request, str(kind), at, side, None if ended is None else str(ended))
        self._turns.append(turn)
        self._of_request[request] = turn

    def passed(self) -> None:
        """What the caller said over a prompt, which goes on, is no part of the next turn: as for the turn machine,
        unless the caller still speaks, or the final result is still to come."""
        if not self._speaking and not self._awaits_final:
            self._pending = CallerEntry(keys=self._pending.keys)

    def spoken(self, utterance: int, text: str, request: int, at: float, *, prepared: bool) -> None:
        """``utterance`` has the text ``text`` and answers ``request``. ``prepared``: it was made ready before."""
        entry = self._utterance(utterance, request)
        entry.text, entry.said, entry.prepared = clip(text), at, prepared

    def synthesised(self, utterance: int, text: str, request: int, at: float) -> str:
        """The first audio of ``utterance`` is available. Returns its text as it was kept when it was said."""
        entry = self._utterance(utterance, request)
        if entry.first_audio is None:
            entry.first_audio = at
        if text and not entry.text:
            entry.text = clip(text)
        return entry.text

    def as_json(self, clock: RecordClock) -> list[dict[str, Any]]:
        """The turns, the first one first."""
        return [turn.as_json(index, clock.ms) for index, turn in enumerate(self._turns, 1)]

    @property
    def no_inputs(self) -> int:
        """How often the caller said nothing and the bot was told so."""
        return sum(1 for turn in self._turns if turn.kind == AskKind.NO_INPUT)

    @property
    def interruptions(self) -> int:
        """How many utterances were interrupted."""
        return sum(1 for _, entry in self._utterances.values() if entry.cut)

    # --- the caller's side -------------------------------------------------------------------------------------------

    def _speech_started(self, event: SpeechStarted) -> None:
        self._speaking = True
        if self._pending.speech_start is None:
            self._pending.speech_start = event.onset

    def _speech_stopped(self, event: SpeechStopped) -> None:
        """The end of the speech that is being collected; if none is, of the last turn's."""
        self._speaking = False
        late = self._pending.speech_start is None and self._turns
        (self._turns[-1].caller if late else self._pending).speech_end = event.offset

    def _hypothesis(self, event: Hypothesis) -> None:
        side = self._side_of(event.end)
        if side.first_hypothesis is None:
            side.first_hypothesis = event.at
        self._awaits_final |= side is self._pending

    def _final(self, event: Final) -> None:
        side = self._side_of(event.end)
        if side is self._pending:
            self._awaits_final = False
        side.final = event.at
        side.final_text = clip(f"{side.final_text} {event.text}".strip())
        side.confidence = event.confidence

    def _no_match(self, _event: NoMatch) -> None:
        self.no_matches += 1

    def _key(self, event: KeyPressed) -> None:
        if len(self._pending.keys) < MAX_IN_TURN:
            self._pending.keys.append((event.key, event.at))
        if len(self.key_presses) < MAX_TURNS:
            self.key_presses.append((event.key, event.at))

    def _side_of(self, end: float) -> CallerEntry:
        """The entry whose speech a result up to ``end`` covers. The bot may have been asked already."""
        pending = self._pending
        if self._turns and self._turns[-1].caller.speech_start is not None:
            if pending.speech_start is None and end <= self._turns[-1].asked:
                return self._turns[-1].caller
            if pending.speech_start is not None and end <= pending.speech_start:
                return self._turns[-1].caller
        return pending

    # --- the bot's side ----------------------------------------------------------------------------------------------

    def _message(self, event: BotMessage) -> None:
        turn = self._turn(event.request)
        if turn is None:
            return
        if turn.first_message is None:
            turn.first_message = event.at
        if len(turn.texts) < MAX_IN_TURN:
            turn.texts.append(clip(event.text or event.speak))

    def _done(self, event: BotDone) -> None:
        if (turn := self._turn(event.request)) is not None:
            turn.done = event.at

    def _failed(self, event: BotFailed) -> None:
        if (turn := self._turn(event.request)) is not None:
            turn.failed, turn.failed_at = event.reason, event.at

    def _playback_started(self, event: PlaybackStarted) -> None:
        entry = self._utterance(event.utterance)
        if entry.started is None:
            entry.started = event.at

    def _playback_ended(self, event: PlaybackEnded) -> None:
        entry = self._utterance(event.utterance)
        entry.ended, entry.heard_s, entry.complete = event.at, event.heard_s, event.complete

    def _playback_failed(self, event: PlaybackFailed) -> None:
        entry = self._utterance(event.utterance)
        entry.ended, entry.heard_s, entry.complete = event.at, event.heard_s, False
        entry.failed = event.reason

    def _turn(self, request: int) -> TurnEntry | None:
        """The turn of ``request``; of request 0, what the bot says on its own initiative: the last turn."""
        turn = self._of_request.get(request)
        return turn if turn is not None or request != 0 else (self._turns[-1] if self._turns else None)

    def _utterance(self, number: int, request: int | None = None) -> UtteranceEntry:
        known = self._utterances.get(number)
        if known is not None and (known[0] is not None or request is None):
            return known[1]
        entry = known[1] if known is not None else UtteranceEntry(number)
        turn = self._turn(request if request is not None else 0)
        if turn is not None and len(turn.utterances) < MAX_IN_TURN:
            turn.utterances[number] = entry
        if len(self._utterances) < MAX_UTTERANCES:
            self._utterances[number] = (turn, entry)
        return entry


T = RecordedTurns

HANDLERS: dict[type[Event], Callable[[RecordedTurns, Any], None]] = {
    SpeechStarted: T._speech_started,
    SpeechStopped: T._speech_stopped,
    Hypothesis: T._hypothesis,
    Final: T._final,
    NoMatch: T._no_match,
    KeyPressed: T._key,
    BotMessage: T._message,
    BotDone: T._done,
    BotFailed: T._failed,
    PlaybackStarted: T._playback_started,
    PlaybackEnded: T._playback_ended,
    PlaybackFailed: T._playback_failed,
}
