"""The floor of one call: its state, and the functions behind the guards and moves of the table.

Events are not known here: :class:`~voicebot.turns.machine.TurnMachine` translates each event into a
:class:`~voicebot.turns.table.Happening`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from voicebot.events import BotMessage, InputHint
from voicebot.turns.bot_requests import BotRequests
from voicebot.turns.bot_speech import BotSpeech
from voicebot.turns.bot_wait import BotWait
from voicebot.turns.call_policy import CallPolicy
from voicebot.turns.caller_speech import CallerSpeech
from voicebot.turns.commands import (
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
from voicebot.turns.deferred import Deferred
from voicebot.turns.failures import Failures
from voicebot.turns.policy import TurnPolicy
from voicebot.turns.table import STATE_TIMERS, TABLE, TIMER_OF, FloorState, Guard, Happening, Move
from voicebot.turns.timers import Timers
from voicebot.turns.words import words


class Floor:
    """The parts of a conversation's state, and the moves that the table makes with them."""

    def __init__(self, policy: TurnPolicy) -> None:
        self.state = FloorState.STARTING
        self.policy = CallPolicy(policy)
        self.caller = CallerSpeech()
        self.bot = BotSpeech()
        self.requests = BotRequests()
        self.deferred = Deferred()
        self.failures = Failures(policy.max_failures)
        self.timers = Timers()
        self.wait = BotWait(self.policy, self.timers)
        self.no_inputs = 0
        """How often in a row the caller was silent."""
        self.no_matches = 0
        """How many turns of the caller in a row had no words."""
        self._paused_at: float | None = None
        self._rows = ROWS[self.state]
        self._commands: list[Command] = []

    # --- the table ---------------------------------------------------------------------------------------------------

    def happened(self, what: Happening, now: float) -> None:
        """Apply the first row of the table whose guard holds, if there is one."""
        for guard, next_state, moves in self._rows.get(what, ()):
            if guard is None or guard(self):
                if next_state is not None:
                    self._enter(next_state, now)
                for move in moves:
                    move(self, now)
                return

    def _enter(self, state: FloorState, now: float) -> None:
        if state is self.state:
            return
        self.state = state
        self._rows = ROWS[state]
        if state is FloorState.SPEAKING:
            self._paused_at = None
        self.timers.stop(STATE_TIMERS)
        timer = TIMER_OF.get(state)
        if timer is not None:
            self.timers.start(timer, now + self._time_of(timer))
        elif state is FloorState.ENDED:
            self.timers.clear()
        self.wait.entered(state, now)

    def _time_of(self, timer: Happening) -> float:
        match timer:
            case Happening.NO_INPUT:
                return self.policy.no_input_s
            case Happening.BOT_SLOW:
                return self.policy.masking_s
        return self.policy.settings.max_yield_s

    # --- time --------------------------------------------------------------------------------------------------------

    def deadline(self) -> float | None:
        """When to call :meth:`pass_time` next; None: never."""
        timer, turn = self.timers.next(), self._turn_deadline()
        if timer is None or turn is None:
            return turn if timer is None else timer
        return min(timer, turn)

    def pass_time(self, now: float) -> None:
        """Run the timers that are due at ``now``, and end the caller's turn if it is over."""
        for timer in self.timers.run_out(now):
            if self.timers.runs(timer):  # an earlier one may have stopped it
                self.timers.stop((timer,))
                self.happened(timer, now)
        self.end_turn_if_due(now)

    def end_turn_if_due(self, now: float) -> None:
        """End the caller's turn, if it is over."""
        due = self._turn_deadline()
        if due is not None and due <= now:
            self.happened(Happening.TURN_OVER, now)

    def _turn_deadline(self) -> float | None:
        # while a prompt is paused there is no row for it; and the bot must first know what was heard of a dropped turn
        if Happening.TURN_OVER not in self._rows or self.bot.dropping:
            return None
        return self.caller.deadline(self.policy.listening, self.policy.expected)

    # --- commands ----------------------------------------------------------------------------------------------------

    def command(self, *commands: Command) -> None:
        """Add commands to be carried out."""
        self._commands += commands

    def take_commands(self) -> list[Command]:
        """The commands since the last call of this method, to be carried out in order."""
        commands, self._commands = self._commands, []
        return commands

    def ask(self, kind: AskKind, text: str = "", **facts: Any) -> None:
        """Send the bot a request; ``facts`` are fields of :class:`~voicebot.turns.commands.Ask`."""
        self.command(self.requests.ask(kind, text, **facts))

    def say(self, message: BotMessage) -> None:
        """Queue a message from the bot: its text or its audio file."""
        only_audio = "" if message.speak else message.audio  # if there is a text too, that is spoken instead
        text = message.text or message.speak
        utterance = self.bot.add(message.request, text, message.hint, audio=only_audio)
        self.command(
            Play(
                utterance.number,
                message.request,
                message.text,
                message.speak,
                message.locale,
                audio=message.audio,
            )
        )
        self.happened(Happening.PROMPT, message.at)

    def say_canned(self, now: float, canned: Canned, hint: InputHint = InputHint.ACCEPTING) -> None:
        """Queue a prompt of our own."""
        utterance = self.bot.add(0, "", hint, canned)
        self.command(Play(utterance.number, 0, "", "", "", canned))
        self.happened(Happening.PROMPT, now)

    def apologise(self, now: float, cause: Canned) -> None:
        """``cause`` has failed: apologise, or fall back if it has failed too often."""
        if self.failures.failed(cause):
            self.fall_back(now, cause)
        else:
            self.say_canned(now, Canned.BOT)  # also for synthesis: the other apologies announce the end of the call

    def fall_back(self, now: float, cause: Canned) -> None:
        """Give up: the caller is transferred to the fallback, or hears an apology before we hang up."""
        target = self.policy.settings.fallback_transfer
        if target is not None:
            self.end_with(now, Transfer(target), Canned.TRANSFER)
        else:
            self.end_with(now, HangUp(cause.value), Canned.SPEECH_SERVICE)

    def end_with(self, now: float, leaving: HangUp | Transfer, say: Canned | None = None) -> None:
        """End the call with ``leaving``, after what is queued and ``say``. The caller can no longer interrupt."""
        self.deferred.leaving = leaving
        self.timers.stop(_RECOGNITION_TIMERS)
        if say is not None:
            self.say_canned(now, say, InputHint.IGNORING)
        self.happened(Happening.TO_END, now)

    # --- guards ------------------------------------------------------------------------------------------------------

    def _speech_interrupts(self) -> bool:
        return self.policy.barge_in and self.deferred.leaving is None and self.bot.speech_interrupts

    def _enough_words(self) -> bool:
        return len(words(self.caller.text)) >= self.policy.barge_in_words

    def _keys_must_wait(self) -> bool:
        if self.deferred.leaving is not None or not self.bot.keys_interrupt:
            return True
        return self.bot.queued and not self.policy.keys_barge_in

    def _words_interrupt(self) -> bool:
        # a voice that was too quiet for the gate may be recognised all the same; an echo repeats our own words
        return self._enough_words() and self._speech_interrupts() and not self.bot.is_echo(self.caller.text)

    # --- moves -------------------------------------------------------------------------------------------------------

    def _pause(self, now: float) -> None:
        self._paused_at = now
        self.command(Pause())

    def _resume(self, now: float) -> None:
        if not self.caller.speaking:
            self.caller.take(now)  # forget the cough
        self.command(Resume())

    def _drop(self, now: float) -> None:
        # requests to the bot wait until playback has reported how much was heard
        played_until = now if self._paused_at is None else self._paused_at
        began = played_until if self.caller.began is None else self.caller.began
        self.bot.interrupt(self.requests.count, played_until - began)
        self.command(Drop())

    def _drop_greeting(self, now: float) -> None:
        if self.bot.queued:
            self._drop(now)  # nobody could answer a greeting, if it can be synthesised at all
        else:
            self.bot.suppress(self.requests.count)

    def _words_only(self, _now: float) -> None:
        self.bot.words_only = True

    def _await_words(self, now: float) -> None:
        if not self.caller.speaking:
            self.timers.start(Happening.NO_WORDS_CAME, now + self.policy.settings.barge_in_resume_ms / 1000)

    def _ask_words(self, now: float) -> None:
        self._tell_turn(now, or_no_match=False)

    def _ask_turn(self, now: float) -> None:
        self._tell_turn(now, or_no_match=True)

    def _tell_turn(self, now: float, *, or_no_match: bool) -> None:
        turn = self.caller.take(now)
        if turn.text:
            self._understood()
            self.deferred.allow_late_end_key("")
            heard = 0.0 if self.requests.answer_owed else self.bot.last_heard
            self.ask(AskKind.SPEECH, turn.text, confidence=turn.confidence, prompt_heard=heard)
        elif or_no_match and turn.voiced_s >= self.policy.settings.min_no_match_s:
            self.no_matches += 1
            self.ask(AskKind.NO_MATCH, count=self.no_matches)

    def _understood(self) -> None:
        self.no_inputs = self.no_matches = 0

    def _ask_hypothesis(self, _now: float) -> None:
        self.command(self.requests.ask_hypothesis(self.caller.text))

    def _keep_dropping_key(self, _now: float) -> None:
        self._understood()
        self.deferred.keep_dropping_key()

    def _ask_key(self, _now: float) -> None:
        self._understood()
        self.ask(AskKind.KEY, self.deferred.pressed_key())

    def _ask_kept_keys(self, _now: float) -> None:
        for key in self.deferred.kept_keys():
            self.ask(AskKind.KEY, key)

    def _ask_dropping_keys(self, _now: float) -> None:
        for key in self.deferred.dropping_keys():
            self.ask(AskKind.KEY, key)

    def _ask_interrupted(self, _now: float) -> None:
        self.ask(AskKind.INTERRUPTED, self.bot.heard, heard_s=self.bot.heard_s)

    def _forget_drop(self, _now: float) -> None:
        self.bot.taken_back = False

    def _ask_no_input(self, _now: float) -> None:
        self.no_inputs += 1
        self.ask(AskKind.NO_INPUT, count=self.no_inputs)

    def _give_up_on_silence(self, now: float) -> None:
        self.no_inputs += 1
        self.end_with(now, HangUp("no-input"), Canned.GOODBYE)

    def _remind(self, now: float) -> None:
        self.no_inputs += 1
        audio, text = self.policy.no_input_audio, self.policy.no_input_speech
        self.say(BotMessage(now, 0, text, "" if audio else text, audio=audio))

    def _mask(self, now: float) -> None:
        message = self.wait.mask(now)
        if message is not None:
            self.say(message)
        else:
            self.say_canned(now, Canned.WAIT)

    def _await_recognition(self, now: float) -> None:
        if not self.timers.runs(Happening.AWAY_LONG):
            self.timers.start(Happening.AWAY_LONG, now + self.policy.settings.lost_recognition_s)

    def _await_recognition_longer(self, now: float) -> None:
        self.timers.start(Happening.GIVE_UP, now + self.policy.settings.give_up_s)

    def recognition_is_back(self) -> None:
        """Stop waiting for recognition."""
        self.failures.recognition_away = False
        self.timers.stop(_RECOGNITION_TIMERS)

    def _leave(self, _now: float) -> None:
        assert self.deferred.leaving is not None, "the table's guard TO_END"
        self.command(self.deferred.leaving)

    def _stay(self, _now: float) -> None:
        self.deferred.leaving = None


_RECOGNITION_TIMERS = (Happening.AWAY_LONG, Happening.GIVE_UP)

GUARDS: dict[Guard, Callable[[Floor], bool]] = {
    Guard.TO_END: lambda floor: floor.deferred.leaving is not None,
    Guard.GOES_ON: lambda floor: floor.deferred.leaving is None,
    Guard.KEYS_MUST_WAIT: Floor._keys_must_wait,
    Guard.SOMETHING_TO_DROP: lambda floor: floor.bot.queued or floor.bot.dropping,
    Guard.SOMETHING_QUEUED: lambda floor: floor.bot.queued,
    Guard.NOTHING_QUEUED: lambda floor: not floor.bot.queued,
    Guard.WORDS_KNOWN: lambda floor: floor.caller.has_words,
    Guard.NOTHING_SAID: lambda floor: not floor.caller.speaking and not floor.caller.has_words,
    Guard.ENOUGH_WORDS: Floor._enough_words,
    Guard.TOO_FEW_WORDS: lambda floor: not floor._enough_words(),
    Guard.VOICE_INTERRUPTS: lambda floor: floor._speech_interrupts() and not floor.bot.words_only,
    Guard.WORDS_INTERRUPT: Floor._words_interrupt,
    Guard.CALLER_INTERRUPTS: lambda floor: floor.caller.begun and floor._speech_interrupts(),
    Guard.CALLER_HAS_BEGUN: lambda floor: floor.caller.begun,
    Guard.CALLER_IS_QUIET: lambda floor: not floor.caller.speaking,
    Guard.HYPOTHESIS_WANTED: lambda floor: (
        floor.policy.hypotheses and not floor.requests.hypothesis_open and not floor.bot.dropping
    ),
    Guard.BOT_OWES: lambda floor: floor.requests.owed or floor.wait.announced or floor.deferred.keys_kept,
    Guard.MASKED_ENOUGH: lambda floor: floor.wait.masked_enough,
    Guard.TAKEN_BACK: lambda floor: floor.bot.taken_back,
    Guard.DROPPED_BY_KEY: lambda floor: floor.deferred.dropped_by_key,
    Guard.BOT_HAS_LEFT: lambda floor: floor.deferred.bot_has_left,
    Guard.RECOGNITION_AWAY: lambda floor: floor.failures.recognition_away,
    Guard.SILENT_TOO_OFTEN: lambda floor: floor.no_inputs >= floor.policy.max_no_inputs,
    Guard.REMINDER_SET: lambda floor: floor.policy.reminder,
}

MOVES: dict[Move, Callable[[Floor, float], None]] = {
    Move.PAUSE: Floor._pause,
    Move.RESUME: Floor._resume,
    Move.DROP: Floor._drop,
    Move.DROP_GREETING: Floor._drop_greeting,
    Move.WORDS_ONLY: Floor._words_only,
    Move.AWAIT_WORDS: Floor._await_words,
    Move.KEEP_WAITING: lambda floor, now: floor.timers.stop((Happening.NO_WORDS_CAME,)),
    Move.JUDGE_WORDS: lambda floor, now: floor.happened(Happening.WORDS, now),
    Move.ASK_TURN: Floor._ask_turn,
    Move.ASK_WORDS: Floor._ask_words,
    Move.ASK_HYPOTHESIS: Floor._ask_hypothesis,
    Move.FORGET_WORDS: lambda floor, now: floor.caller.discard(now),
    Move.KEEP_KEY: lambda floor, now: floor.deferred.keep_key(),
    Move.KEEP_DROPPING_KEY: Floor._keep_dropping_key,
    Move.ASK_KEY: Floor._ask_key,
    Move.ASK_KEPT_KEYS: Floor._ask_kept_keys,
    Move.ASK_DROPPING_KEYS: Floor._ask_dropping_keys,
    Move.ASK_INTERRUPTED: Floor._ask_interrupted,
    Move.FORGET_DROP: Floor._forget_drop,
    Move.ASK_NO_INPUT: Floor._ask_no_input,
    Move.ASK_RESUME: lambda floor, now: floor.ask(AskKind.RESUME),
    Move.REMIND: Floor._remind,
    Move.SAY_WAIT: lambda floor, now: floor.say_canned(now, Canned.WAIT),
    Move.MASK: Floor._mask,
    Move.AWAIT_BOT: lambda floor, now: floor.timers.start(Happening.BOT_SLOW, now + floor.policy.masking_s),
    Move.GIVE_UP_ON_SILENCE: Floor._give_up_on_silence,
    Move.FALL_BACK: lambda floor, now: floor.fall_back(now, Canned.SPEECH_SERVICE),
    Move.GIVE_UP_ON_BOT: lambda floor, now: floor.fall_back(now, Canned.BOT),
    Move.AWAIT_RECOGNITION: Floor._await_recognition,
    Move.AWAIT_RECOGNITION_LONGER: Floor._await_recognition_longer,
    Move.SEND_BOT_KEYS: lambda floor, now: floor.command(*floor.deferred.bot_keys()),
    Move.LEAVE: Floor._leave,
    Move.STAY: Floor._stay,
    Move.SAY_GOODBYE: lambda floor, now: floor.end_with(now, HangUp("transfer-failed"), Canned.GOODBYE),
    Move.SETTLE: lambda floor, now: floor.happened(Happening.SETTLED, now),
}

_Compiled = tuple[Callable[[Floor], bool] | None, FloorState | None, tuple[Callable[[Floor, float], None], ...]]

ROWS: dict[FloorState, dict[Happening, tuple[_Compiled, ...]]] = {state: {} for state in FloorState}
"""The table by state and happening, with the functions of its guards and moves."""
for _row in TABLE:
    for _state in _row.states:
        ROWS[_state][_row.what] = (
            *ROWS[_state].get(_row.what, ()),
            (
                None if _row.guard is None else GUARDS[_row.guard],
                _row.next,
                tuple(MOVES[move] for move in _row.moves),
            ),
        )
