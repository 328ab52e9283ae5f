"""The turn machine: one call's conversation, as events in and commands out.

``handle(event)`` takes a fact in, ``wake(now)`` is called when ``deadline`` has passed, ``start(now)`` begins; each
returns the commands to carry out, in order. Which handler an event meets is the table ``HANDLERS`` at the end; which
state may follow which is ``state.ALLOWED``, and the moves between them are :class:`~voicebot.turns.floor.Floor`'s. The
caller's words gather in ``listening.CallerEar``, whatever the state; the bot's in ``speaking.BotSpeech``.

Key presses interrupt at once; a voice pauses the prompt first, and drops it when words come (``State.YIELDING``). A
prompt that ignores keys keeps them until it was heard. Hang-up and transfer wait until everything said before them
was heard, and from then on nothing interrupts. While the other side holds the call, playout stands still and so do the
timers: nobody is there to be patient with. What a bot sets for its call (``CallConfigured``) goes before the policy.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from voicebot.events import (
    AbortPromptsAsked,
    BotDone,
    BotFailed,
    BotMessage,
    BotRecovered,
    CallAnswered,
    CallAsked,
    CallConfigured,
    EarlyMediaSent,
    Event,
    Final,
    HangUpAsked,
    HoldEnded,
    HoldStarted,
    Hypothesis,
    InputHint,
    KeyPressed,
    KeysAsked,
    LegEnded,
    NoMatch,
    PlacedCallChanged,
    PlaybackEnded,
    PlaybackFailed,
    RecognitionLost,
    RecognitionRestored,
    RecordingAsked,
    RecordingChanged,
    SpeechStarted,
    SpeechStopped,
    TransferAsked,
    TransferEnded,
)
from voicebot.turns.commands import (
    Ask,
    AskKind,
    Canned,
    Command,
    Drop,
    HangUp,
    PlaceCall,
    Record,
    SendKeys,
    Transfer,
)
from voicebot.turns.floor import Floor
from voicebot.turns.state import State

MAX_HELD_KEYS = 64
MAX_HELD_COMMANDS = 20


class TurnMachine(Floor):
    """Pure state of one call's conversation. Not reentrant: carry commands out after ``handle`` has returned."""

    # --- entrances ---------------------------------------------------------------------------------------------------

    def start(self, now: float) -> list[Command]:
        """Ask the bot for its greeting; it may be prepared while the phone still rings."""
        del now
        self._ask(AskKind.START)
        return self._flush()

    def handle(self, event: Event) -> list[Command]:
        """Take ``event`` in and return what is to be done."""
        handler = HANDLERS.get(type(event))
        if handler is not None and self.state is not State.ENDED:
            handler(self, event)
        return self._flush()

    def wake(self, now: float) -> list[Command]:
        """Carry out what is due at ``now``; harmless when nothing is."""
        due = [n for n, due in self._timers.items() if due <= now] if self._held_since is None else []
        for name in due:
            if self._timers.pop(name, None) is not None:  # an earlier one may have cancelled it
                TIMERS[name](self, now)
        self._end_caller_turn_if_due(now)
        return self._flush()

    @property
    def deadline(self) -> float | None:
        """When :meth:`wake` is wanted next."""
        ear_due = self._ear_deadline()
        timers = self._timers.values() if self._held_since is None else ()
        return min([*timers, *([] if ear_due is None else [ear_due])], default=None)

    @property
    def bot_audible(self) -> bool:
        """Whether our own voice is on the line: voice activity then needs more than its echo."""
        return self.state is State.SPEAKING

    # --- the leg -----------------------------------------------------------------------------------------------------

    def _answered(self, event: CallAnswered | EarlyMediaSent) -> None:
        if self.state is State.STARTING:
            self._settle(event.at)

    def _leg_ended(self, event: LegEnded) -> None:
        self._go(State.ENDED, event.at)

    def _is_held(self, event: HoldStarted) -> None:
        if self._held_since is None:
            self._held_since = event.at

    def _hold_ended(self, event: HoldEnded) -> None:
        if self._held_since is not None:
            away_s, self._held_since = event.at - self._held_since, None
            self._timers = {name: due + away_s for name, due in self._timers.items()}

    def _key(self, event: KeyPressed) -> None:
        if self._finish or not self._keys_may_interrupt() or self.state is State.STARTING:
            # nothing may interrupt: the key waits until the prompt was heard, or the transfer has failed
            if len(self._held_keys) < MAX_HELD_KEYS:
                self._held_keys.append(event.key)
            return
        self.no_inputs = self.no_matches = 0
        if self._speech or self._speech.dropping:
            self._keys_after_drop.append(event.key)
            self._drop(event.at)
            return
        if self._ear.has_words:
            self._end_caller_turn(event.at)
        self._ask(AskKind.KEY, event.key)
        self._go(State.THINKING, event.at)

    def _transfer_ended(self, event: TransferEnded) -> None:
        if self.state is not State.TRANSFERRING:
            return
        self._ask(AskKind.TRANSFER_RESULT, event.message, accepted=event.accepted, status=event.status)
        if event.accepted:
            return
        self._finish = None
        if self._ended_by_bot:
            self._finish = HangUp("transfer-failed")
            self._say_canned(event.at, Canned.GOODBYE, InputHint.IGNORING)
        self._settle(event.at)

    # --- the caller's voice ------------------------------------------------------------------------------------------

    def _speech_started(self, event: SpeechStarted) -> None:
        self._ear.speech_started(event)
        if self.state is State.WAITING:
            self._go(State.CALLER, event.at)
        elif self.state is State.SPEAKING and self._may_interrupt() and not self._words_only:
            self._yield(event.at)
        elif self.state is State.YIELDING:
            self._timers.pop("resume", None)

    def _speech_stopped(self, event: SpeechStopped) -> None:
        self._ear.speech_stopped(event)
        if self.state is State.YIELDING:
            self._timers["resume"] = event.offset + self.policy.resume_s

    def _hypothesis(self, event: Hypothesis) -> None:
        if self._ear.hypothesis(event):
            self._words_came(event.at)
            if self._call.hypotheses:
                self._tell_hypothesis()

    def _tell_hypothesis(self) -> None:
        """One at a time: a bot that is slow must not find the caller's turn behind a queue of beliefs."""
        if self.state is State.CALLER and not self._hypothesis_told and not self._speech.dropping:
            self._hypothesis_told = self._requests = self._requests + 1
            self._out.append(Ask(self._requests, AskKind.HYPOTHESIS, self._ear.text))

    def _final(self, event: Final) -> None:
        if self._ear.final(event):
            self._words_came(event.at)
        self._end_caller_turn_if_due(event.at)

    def _no_match(self, event: NoMatch) -> None:
        self._ear.no_match(event)
        if self.state is State.YIELDING and not self._ear.speaking and not self._ear.has_words:
            self._unyield(event.at)

    # --- the bot -----------------------------------------------------------------------------------------------------

    def _message(self, event: BotMessage) -> None:
        if (event.speak or event.audio) and self._speech.wanted(event.request):
            self._say(event.at, event.text, event.audio, event)

    def _was_hypothesis(self, request: int) -> bool:
        """Whether that was what the bot was told last of the words so far: nobody waits for what comes of it."""
        if was := request == self._hypothesis_told and request > 0:
            self._hypothesis_told = 0
        return was

    def _done(self, event: BotDone) -> None:
        if self._was_hypothesis(event.request):
            return
        self._outstanding.discard(event.request)
        self._failures.pop(Canned.BOT, None)
        if self.state is State.THINKING:
            self._settle(event.at)

    def _failed(self, event: BotFailed) -> None:
        if self._was_hypothesis(event.request):
            return
        self._outstanding.discard(event.request)
        if self._finish is None and not self._speech.has_canned():  # six keys that fail together are one apology
            self._apologise(event.at, Canned.BOT)

    def _recovered(self, event: BotRecovered) -> None:
        self._ask(AskKind.RESUME)
        if self.state is State.WAITING:
            self._go(State.THINKING, event.at)

    def _configured(self, event: CallConfigured) -> None:
        self._out += self._call.take(event)
        self._ear.policy = self._call.listening
        if event.listening is False:  # what is being said is not for the bot
            self._ear.discard(event.at)
            if self.state is State.YIELDING:
                self._unyield(event.at)
            elif self.state is State.CALLER and not self._ear.speaking:
                self._settle(event.at)

    def _silence_asked(self, event: AbortPromptsAsked) -> None:
        if self._speech and self._finish is None:
            self._silenced = True
            self._words_only = False
            self._speech.drop(0)  # what the bot says from now on is wanted, be it for the same request
            self._out.append(Drop())

    def _keys_asked(self, event: KeysAsked) -> None:
        if not self._speech and self.state is not State.STARTING:
            self._out.append(SendKeys(event.keys))
        elif len(self._after_speech) < MAX_HELD_COMMANDS:
            self._after_speech.append(SendKeys(event.keys))

    def _recording_asked(self, event: RecordingAsked) -> None:
        self._out.append(Record(event.action, event.command))

    def _recording_changed(self, event: RecordingChanged) -> None:
        if event.command:  # who gave it no name does not wait for an answer
            self._ask(AskKind.COMMAND_RESULT, event.error, action=event.action, command=event.command)

    def _call_asked(self, event: CallAsked) -> None:
        self._out.append(PlaceCall(event))

    def _call_told(self, event: PlacedCallChanged) -> None:
        self._ask(AskKind.PLACED_CALL, event.state, call=event)

    def _hang_up_asked(self, event: HangUpAsked) -> None:
        if isinstance(self._finish, Transfer):
            self._ended_by_bot = True  # the transfer comes first; should it fail, nobody is left to talk to
        else:
            self._finish_with(event.at, HangUp(event.reason))

    def _transfer_asked(self, event: TransferAsked) -> None:
        if self._finish is not None:
            return
        target = event.target or self.policy.fallback_transfer
        if target:
            self._finish_with(event.at, Transfer(target, event.context))
        else:
            self._ask(AskKind.TRANSFER_RESULT, "no target was given, and none is set")

    # --- playback ----------------------------------------------------------------------------------------------------

    def _playback_ended(self, event: PlaybackEnded) -> None:
        was_dropping = self._speech.dropping
        utterance = self._speech.ended(event)
        if was_dropping:
            self._tell_drop_if_known(event.at)
        if utterance is None:
            return
        if event.complete and not utterance.canned:
            self._failures.pop(Canned.SPEECH_SERVICE, None)
        if not utterance.hint.speech_interrupts:
            self._ear.discard(event.at)  # what was said over it is not an answer to it
        if self.state in (State.SPEAKING, State.YIELDING) and not self._speech:
            self._words_only = False
            self._settle(event.at)

    def _playback_failed(self, event: PlaybackFailed) -> None:
        was_dropping = self._speech.dropping
        failed = self._speech.remove(event.utterance)
        if was_dropping:
            self._tell_drop_if_known(event.at)
        if failed is not None and failed.audio:
            if failed.audio == self._call.no_input_audio:
                self._call.no_input_audio = ""  # the silent caller hears the words for it, or the bot
            self._ask(AskKind.AUDIO_FAILED, failed.audio)
            if self.state in (State.SPEAKING, State.YIELDING) and not self._speech:
                self._settle(event.at)
        elif failed is not None and not failed.canned and not self._finish and not self._speech.has_canned():
            self._apologise(event.at, Canned.SPEECH_SERVICE)
        elif self.state in (State.SPEAKING, State.YIELDING) and not self._speech:
            self._settle(event.at)

    # --- recognition -------------------------------------------------------------------------------------------------

    def _recognition_is_lost(self, event: RecognitionLost) -> None:
        self._recognition_lost = True
        if self.state is State.STARTING:
            if self._speech:
                self._drop(event.at)  # a greeting that nobody could answer, if it can be rendered at all
            else:
                self._speech.drop(self._requests)
            self._fall_back(event.at, Canned.SPEECH_SERVICE)
        elif self._finish is None:
            self._timers.setdefault("lost", event.at + self.policy.lost_recognition_s)

    def _recognition_is_restored(self, event: RecognitionRestored) -> None:
        self._recognition_lost = False
        self._timers.pop("lost", None)
        self._timers.pop("give_up", None)

    # --- timers ------------------------------------------------------------------------------------------------------

    def _no_input_due(self, now: float) -> None:
        if self._recognition_lost:  # not the caller's fault
            self._say_canned(now, Canned.WAIT)
            return
        self.no_inputs += 1
        if self.no_inputs > self._call.max_no_inputs:
            self._finish_with(now, HangUp("no-input"), say=Canned.GOODBYE)
            return
        call = self._call
        if (call.no_input_speech or call.no_input_audio) and not call.no_input_event:
            self._say(now, call.no_input_speech, call.no_input_audio)
            return
        self._ask(AskKind.NO_INPUT, count=self.no_inputs)
        self._go(State.THINKING, now)

    def _masking_due(self, now: float) -> None:
        if self._call.masking_text:
            self._say(now, self._call.masking_text)
        else:
            self._say_canned(now, Canned.WAIT)

    def _resume_due(self, now: float) -> None:
        if not self._meant():
            self._unyield(now)

    def _yield_due(self, now: float) -> None:
        self._words_only = True
        self._unyield(now)

    def _lost_due(self, now: float) -> None:
        self._timers["give_up"] = now + self.policy.give_up_s
        self._say_canned(now, Canned.WAIT)

    def _give_up_due(self, now: float) -> None:
        self._fall_back(now, Canned.SPEECH_SERVICE)


M = TurnMachine

HANDLERS: dict[type[Event], Callable[[TurnMachine, Any], None]] = {
    CallAnswered: M._answered,
    EarlyMediaSent: M._answered,
    LegEnded: M._leg_ended,
    HoldStarted: M._is_held,
    HoldEnded: M._hold_ended,
    KeyPressed: M._key,
    TransferEnded: M._transfer_ended,
    SpeechStarted: M._speech_started,
    SpeechStopped: M._speech_stopped,
    Hypothesis: M._hypothesis,
    Final: M._final,
    NoMatch: M._no_match,
    RecognitionLost: M._recognition_is_lost,
    RecognitionRestored: M._recognition_is_restored,
    BotMessage: M._message,
    BotDone: M._done,
    BotFailed: M._failed,
    BotRecovered: M._recovered,
    CallConfigured: M._configured,
    AbortPromptsAsked: M._silence_asked,
    KeysAsked: M._keys_asked,
    RecordingAsked: M._recording_asked,
    RecordingChanged: M._recording_changed,
    CallAsked: M._call_asked,
    PlacedCallChanged: M._call_told,
    HangUpAsked: M._hang_up_asked,
    TransferAsked: M._transfer_asked,
    PlaybackEnded: M._playback_ended,
    PlaybackFailed: M._playback_failed,
}

TIMERS: dict[str, Callable[[TurnMachine, float], None]] = {
    "no_input": M._no_input_due,
    "masking": M._masking_due,
    "resume": M._resume_due,
    "yield": M._yield_due,
    "lost": M._lost_due,
    "give_up": M._give_up_due,
}
