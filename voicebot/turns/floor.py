"""The floor of one call: its state, and what the moves of the table are made of (``guards.py``, ``moves.py``).

Events are not known here: :class:`~voicebot.turns.machine.TurnMachine` translates each event into a
:class:`~voicebot.turns.table.Happening`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from voicebot.events import BotMessage, Final, Hypothesis, InputHint
from voicebot.turns.back_channel import interrupts, only_back_channel
from voicebot.turns.bot_requests import BotRequests
from voicebot.turns.bot_speech import SHARE_TO_KNOW, BotSpeech
from voicebot.turns.bot_wait import BotWait
from voicebot.turns.call_policy import CallPolicy
from voicebot.turns.caller_speech import CallerSpeech
from voicebot.turns.commands import AskKind, Canned, Command, HangUp, Play, Transfer
from voicebot.turns.deferred import Deferred
from voicebot.turns.end_of_turn import TurnEnd, TurnSoFar, may_be_over, to_be_scored
from voicebot.turns.expected_answer import WHOLE, Judgement, judge
from voicebot.turns.failures import Failures
from voicebot.turns.given_answer import GivenAnswer
from voicebot.turns.interruption import Meaning, SpokenOver, least_confidence, meaning
from voicebot.turns.overlap import Overlap
from voicebot.turns.policy import TurnPolicy
from voicebot.turns.table import STATE_TIMERS, TIMER_OF, FloorState, Happening
from voicebot.turns.timers import Timers

_RECOGNITION_TIMERS = (Happening.AWAY_LONG, Happening.GIVE_UP)

BoundRow = tuple[Callable[["Floor"], bool] | None, FloorState | None, tuple[Callable[["Floor", float], None], ...]]
"""A row of the table for one state and happening, with the functions of its guard and moves."""
Rows = Mapping[FloorState, Mapping[Happening, tuple[BoundRow, ...]]]


class Floor:
    """The parts of a conversation's state. ``rows``: the table; ``language``: that of the call at first."""

    def __init__(self, policy: TurnPolicy, rows: Rows, language: str = "") -> None:
        self.state = FloorState.STARTING
        self.policy = CallPolicy(policy, language)
        self.caller = CallerSpeech()
        self.bot = BotSpeech()
        self.requests = BotRequests()
        self.deferred = Deferred()
        self.given = GivenAnswer()
        self.overlap = Overlap()
        self.failures = Failures(policy.max_failures)
        self.timers = Timers()
        self.wait = BotWait(self.policy, self.timers)
        self.no_inputs = 0
        """How often in a row the caller was silent."""
        self.no_matches = 0
        """How many turns of the caller in a row had no words."""
        self.paused_at: float | None = None
        """Since when the prompt is paused."""
        self._table = rows
        self._rows = rows[self.state]
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
        self._rows = self._table[state]
        if state is FloorState.SPEAKING:
            self.paused_at = None
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
        turn = self._turn()
        times = (self.timers.next(), self._turn_deadline(turn), self._commit_deadline(turn))
        return min((due for due in times if due is not None), default=None)

    def pass_time(self, now: float) -> None:
        """Run the timers that are due at ``now``, and do what is due for the caller's turn."""
        for timer in self.timers.run_out(now):
            if self.timers.runs(timer):  # an earlier one may have stopped it
                self.timers.stop((timer,))
                self.happened(timer, now)
        self.follow_turn(now)

    def follow_turn(self, now: float) -> None:
        """More is known of the caller's turn, or it has become later: end it if it is over, or else begin what can be
        begun before that."""
        turn = self._turn()
        if _past(self._turn_deadline(turn), now):
            self.happened(Happening.TURN_OVER, now)
            return
        if self.caller.offset is not None and not self.caller.score_asked and to_be_scored(turn):
            self.happened(Happening.SOUND_TELLS, now)
        if may_be_over(turn) and (self.caller.offset is not None or turn.judgement is Judgement.COMPLETE):
            self.happened(Happening.MAY_BE_OVER, now)
        if _past(self._commit_deadline(turn), now):
            self.happened(Happening.COMMIT_DUE, now)

    def turn_end(self, now: float) -> TurnEnd | None:
        """Why the caller's turn is over; None if it is not."""
        turn = self._turn()
        return self.caller.why_over(turn) if _past(self._turn_deadline(turn), now) else None

    def is_echo(self, event: Hypothesis | Final) -> bool:
        """Whether the result only repeats what the bot says, or has just said."""
        noticed = self.state is not FloorState.SPEAKING
        if noticed and (
            judge(event.text, self.policy.expected) in WHOLE or interrupts(event.text, self.policy.language)
        ):
            return False  # callers often say what was offered to them
        quiet_since = self.caller.offset
        end = event.end if quiet_since is None else min(event.end, quiet_since)
        return self.bot.recent.is_repeated(event.text, event.start, end, noticed=noticed)

    def meaning(self) -> Meaning:
        """What the caller means who speaks over the prompt."""
        if self.adds_nothing():
            return Meaning.LISTENING
        over = self._spoken_over()
        if self.given.may_go_on(self.caller.began) and self.caller.may_be_reworded:
            over = replace(over, goes_on=True)
        policy, listened = self.policy, only_back_channel(self.caller.first_guess, self.policy.language)
        listened = listened and not self.caller.keeps_first_guess
        over = replace(over, listened=listened, unfinished=self.caller.may_be_reworded, quiet=self.caller.is_heard)
        text = self.caller.text
        sure = self.caller.is_sure(least_confidence(text, policy.settings.sure_confidence, listened=listened))
        return meaning(text, policy.language, policy.expected, over, confirmed=sure)

    def adds_nothing(self) -> bool:
        """Whether the caller only goes on with the answer that the bot has."""
        if not self.given.goes_on(self.caller.text, self.caller.began, self.policy.language):
            return False
        return not self._spoken_over().question

    def _spoken_over(self) -> SpokenOver:
        asked = self.policy.asked and not self.requests.owed
        return self.bot.spoken_over(self.caller.began, asked=asked, doubtful=self.caller.doubtful)

    def nothing_to_come(self) -> bool:
        """Whether it is quiet, and there is a final result of all that was said."""
        turn = self._turn()
        return not self.caller.speaking and ((turn.final and turn.covered) or turn.no_match)

    def _turn(self) -> TurnSoFar:
        turn = self.caller.so_far(self.policy.expected, self.policy.language)
        if turn.judgement is Judgement.COMPLETE and self.bot.last_heard < SHARE_TO_KNOW:
            # who interrupts before the question was heard may say more: "no thank you, that is all"
            return replace(turn, judgement=Judgement.OTHER, unheard=True)
        return turn

    def _turn_deadline(self, turn: TurnSoFar) -> float | None:
        # while a prompt is paused there is no row for it; and the bot must first know what was heard of a dropped turn
        if Happening.TURN_OVER not in self._rows or self.bot.dropping:
            return None
        return self.caller.deadline(turn, self.policy.listening)

    def _commit_deadline(self, turn: TurnSoFar) -> float | None:
        if Happening.COMMIT_DUE not in self._rows:
            return None
        over_prompt = self.state is FloorState.YIELDING
        return self.caller.commit_deadline(turn, self.policy.listening, over_prompt=over_prompt)

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
        if kind in (AskKind.SPEECH, AskKind.KEY):
            self.policy.asked = False
        self.command(self.requests.ask(kind, text, **facts))

    def say(self, message: BotMessage) -> None:
        """Queue a message from the bot: its text or its audio file."""
        only_audio = "" if message.speak else message.audio  # if there is a text too, that is spoken instead
        text = message.text or message.speak
        spoken = message.speak or message.text
        utterance = self.bot.add(message.request, text, message.hint, audio=only_audio, spoken=spoken)
        self.command(
            Play(
                utterance.number,
                message.request,
                message.text,
                message.speak,
                message.locale,
                audio=message.audio,
                hint=message.hint,
            )
        )
        self.happened(Happening.PROMPT, message.at)

    def say_canned(self, now: float, canned: Canned, hint: InputHint = InputHint.ACCEPTING) -> None:
        """Queue a prompt of our own."""
        utterance = self.bot.add(0, "", hint, canned)
        self.command(Play(utterance.number, 0, "", "", "", canned, hint=hint))
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

    def recognition_is_back(self) -> None:
        """Stop waiting for recognition."""
        self.failures.recognition_away = False
        self.timers.stop(_RECOGNITION_TIMERS)


def _past(due: float | None, now: float) -> bool:
    return due is not None and due <= now
