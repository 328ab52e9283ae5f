"""Who has the floor, and how it passes: the state of one call's conversation, and the moves that change it.

Nothing here knows of events. :class:`~voicebot.turns.machine.TurnMachine` says what each event moves.
"""

from __future__ import annotations

from typing import Any

from voicebot.events import BotMessage, InputHint
from voicebot.turns.call_policy import CallPolicy
from voicebot.turns.commands import (
    Ask,
    AskKind,
    Canned,
    Command,
    Drop,
    HangUp,
    Pause,
    Play,
    Resume,
    Transfer,
)
from voicebot.turns.listening import CallerEar, Listening, words
from voicebot.turns.policy import TurnPolicy
from voicebot.turns.speaking import BotSpeech
from voicebot.turns.state import ALLOWED, STATE_TIMERS, State


class Floor:
    """What holds at this moment. Its moves append to ``_out`` what the call is to do."""

    def __init__(self, policy: TurnPolicy | None = None) -> None:
        self.policy = policy or TurnPolicy()
        self.state = State.STARTING
        self.no_inputs = 0
        self.no_matches = 0
        self._ear = CallerEar(self.policy)
        self._speech = BotSpeech()
        self._out: list[Command] = []
        self._requests = 0
        self._outstanding: set[int] = set()
        self._keys_after_drop: list[str] = []
        self._held_keys: list[str] = []
        self._finish: HangUp | Transfer | None = None
        self._ended_by_bot = False
        self._failures: dict[Canned, int] = {}
        self._call = CallPolicy(self.policy)
        self._hypothesis_told = 0
        self._after_speech: list[Command] = []
        self._silenced = False
        self._words_only = False
        self._recognition_lost = False
        self._timers: dict[str, float] = {}
        self._held_since: float | None = None

    # --- moves -------------------------------------------------------------------------------------------------------

    def _go(self, state: State, now: float) -> None:
        if state is self.state:
            return
        if state not in ALLOWED[self.state]:
            raise AssertionError(f"{self.state} may not become {state}")
        self.state = state
        for name in STATE_TIMERS:
            self._timers.pop(name, None)
        if state is State.WAITING:
            self._timers["no_input"] = now + self._call.no_input_s
        elif state is State.THINKING:
            self._timers["masking"] = now + self._call.masking_s
        elif state is State.YIELDING:
            self._timers["yield"] = now + self.policy.max_yield_s
        elif state is State.ENDED:
            self._timers.clear()

    def _settle(self, now: float) -> None:
        """Find the state that fits what is owed: something to play, to finish with, to wait for, or nothing."""
        if self._speech:
            self._go(State.SPEAKING, now)
            return
        self._out += self._after_speech
        self._after_speech.clear()
        if self._finish is not None:
            if self.state is not State.TRANSFERRING:
                self._out.append(self._finish)
                self._go(State.TRANSFERRING, now)
        else:
            for key in self._held_keys:
                self._ask(AskKind.KEY, key)
            self._held_keys.clear()
            if self._outstanding:
                self._go(State.THINKING, now)
            else:
                self._go(State.WAITING, now)
                if self._ear.listening is not Listening.QUIET:
                    self._go(State.CALLER, now)

    def _take_floor(self, now: float) -> None:
        """Something is to be played now: speak, unless the caller is speaking; then words decide."""
        if self.state not in (State.THINKING, State.WAITING, State.CALLER):
            return
        if self._ear.listening is Listening.QUIET or not self._may_interrupt():
            self._go(State.SPEAKING, now)
            return
        self._yield(now)
        if not self._ear.speaking:
            self._timers["resume"] = now + self.policy.resume_s
        if self._ear.has_words:
            self._words_came(now)

    def _words_came(self, at: float) -> None:
        if self.state is State.WAITING:
            self._go(State.CALLER, at)
        elif not self._meant():
            return
        elif self.state is State.YIELDING or (
            # the gate held the caller's voice back, the recogniser did not; an echo repeats our own words
            self.state is State.SPEAKING and self._may_interrupt() and not self._speech.is_echo(self._ear.text)
        ):
            self._go(State.CALLER, at)
            self._drop(at)

    def _end_caller_turn_if_due(self, now: float) -> None:
        due = self._ear_deadline()
        if due is not None and due <= now:
            self._end_caller_turn(now)

    def _end_caller_turn(self, now: float) -> None:
        if self._finish is not None or self.state is State.SPEAKING:
            self._ear.discard(now)  # said over a prompt that ignores speech, or by our own echo
            return
        turn = self._ear.take(now)
        if turn.text:
            self.no_inputs = self.no_matches = 0
            self._ask(AskKind.SPEECH, turn.text, confidence=turn.confidence)
        elif turn.voiced_s >= self.policy.min_no_match_s and self.state is State.CALLER:
            self.no_matches += 1
            self._ask(AskKind.NO_MATCH, count=self.no_matches)
        if self.state is State.CALLER:
            self._settle(now)

    def _yield(self, now: float) -> None:
        self._out.append(Pause())
        self._go(State.YIELDING, now)

    def _unyield(self, now: float) -> None:
        if not self._ear.speaking:
            self._ear.take(now)  # the cough is over and done with
        self._out.append(Resume())
        self._go(State.SPEAKING, now)

    def _drop(self, now: float) -> None:
        """Drop the bot's whole turn. What follows it waits until playback has told how much of it was heard."""
        self._words_only = self._silenced = False
        self._speech.drop(self._requests)
        self._out.append(Drop())
        self._tell_drop_if_known(now)

    def _tell_drop_if_known(self, now: float) -> None:
        if self._speech.dropping:
            return
        if self._silenced:  # by the bot itself: nobody needs to be told
            self._silenced = False
            if self.state in (State.SPEAKING, State.YIELDING):
                self._settle(now)
            return
        self._ask(AskKind.INTERRUPTED, self._speech.heard, heard_s=self._speech.heard_s)
        keys, self._keys_after_drop = self._keys_after_drop, []
        for key in keys:
            self._ask(AskKind.KEY, key)
        if keys:
            self._go(State.THINKING, now)

    def _say(self, now: float, text: str, audio: str = "", message: BotMessage | None = None) -> None:
        """Words, or a file, of the bot's: in its ``message``, or set by it beforehand."""
        said = message or BotMessage(now, 0, text, "" if audio else text)
        only_audio = audio if not said.speak else ""  # what else could be spoken fails as speech does
        utterance = self._speech.add(said.request, text or said.speak, said.hint, audio=only_audio)
        self._out.append(Play(utterance.number, said.request, text, said.speak, said.locale, audio=audio))
        self._take_floor(now)

    def _say_canned(self, now: float, canned: Canned, hint: InputHint = InputHint.ACCEPTING) -> None:
        utterance = self._speech.add(0, "", hint, canned)
        self._out.append(Play(utterance.number, 0, "", "", "", canned))
        self._take_floor(now)

    def _apologise(self, now: float, cause: Canned) -> None:
        self._failures[cause] = self._failures.get(cause, 0) + 1
        if self._failures[cause] >= self.policy.max_failures:
            self._fall_back(now, cause)
            return
        self._say_canned(now, Canned.BOT)  # the call goes on, whatever failed; the others are for its end

    def _fall_back(self, now: float, cause: Canned) -> None:
        target = self.policy.fallback_transfer
        finish = Transfer(target, {"reason": cause.value}) if target else HangUp(cause.value)
        self._finish_with(now, finish, say=Canned.TRANSFER if target else Canned.SPEECH_SERVICE)

    def _finish_with(self, now: float, finish: HangUp | Transfer, say: Canned | None = None) -> None:
        self._finish = finish
        self._timers.pop("lost", None)
        self._timers.pop("give_up", None)
        if say is not None:
            self._say_canned(now, say, InputHint.IGNORING)
        if self.state is State.YIELDING:
            self._unyield(now)
        if self.state in (State.WAITING, State.THINKING, State.CALLER):
            self._settle(now)

    def _ask(self, kind: AskKind, text: str = "", **facts: Any) -> None:
        self._requests += 1
        self._outstanding.add(self._requests)
        self._out.append(Ask(self._requests, kind, text, **facts))

    # --- questions ---------------------------------------------------------------------------------------------------

    def _may_interrupt(self) -> bool:
        return self._call.barge_in and self._finish is None and self._speech.speech_interrupts

    def _keys_may_interrupt(self) -> bool:
        return self._speech.keys_interrupt and (self._call.keys_barge_in or not self._speech)

    def _meant(self) -> bool:
        """Whether the caller has said enough words for a barge-in."""
        return len(words(self._ear.text)) >= self._call.barge_in_words

    def _ear_deadline(self) -> float | None:
        # the bot is not asked behind the back of a prompt that is held, nor before it knows what was heard of it
        if self.state in (State.YIELDING, State.STARTING, State.TRANSFERRING, State.ENDED) or self._speech.dropping:
            return None
        return self._ear.deadline()

    def _flush(self) -> list[Command]:
        out, self._out = self._out, []
        return out
