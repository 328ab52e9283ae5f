"""One call, from the moment it rings to the record it leaves.

The session owns nothing clever. It carries events from the leg, voice activity, the recogniser, the bot and the playout
into the turn machine, and carries the machine's commands out. Events are queued: what a command causes (dropping a
prompt ends it at once) is handled after the command, never inside it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from voicebot.bots import Conversation
from voicebot.calls.asking import asked_activity, facts_of
from voicebot.calls.hearing import Hearing
from voicebot.calls.playback import Playback, PromptVoice
from voicebot.calls.record import RecordBuilder
from voicebot.calls.recording_control import RecordingControl
from voicebot.calls.request import CallRequest, CannotCall, Placed
from voicebot.calls.services import CallServices
from voicebot.calls.tones import TONE
from voicebot.calls.transferring import PARTING_S, Transferring
from voicebot.events import (
    CallAnswered,
    CallAsked,
    CallNotAnswered,
    CallRinging,
    EarlyMediaReceived,
    EarlyMediaSent,
    Event,
    HoldEnded,
    HoldStarted,
    KeyPressed,
    LegEnded,
    PlacedCallChanged,
    RecordingChanged,
    TransferEnded,
)
from voicebot.legs import Leg, LegClosed, LegInfo
from voicebot.rtp import Playout
from voicebot.rtp.playout import PlaybackEvent
from voicebot.speech import APOLOGY_TEXTS
from voicebot.tasks import BackgroundTasks
from voicebot.turns import (
    Ask,
    Command,
    Drop,
    Expect,
    FloorState,
    HangUp,
    Listen,
    Pause,
    PlaceCall,
    Play,
    Record,
    Resume,
    SendKeys,
    Transfer,
    TurnMachine,
    UseVoice,
)

logger = logging.getLogger(__name__)

STOP_DEADLINE_S = 5.0
MAX_PLACED = 10
"""Calls that one call's bot may have placed."""

MAX_EARLY_S = 60.0
"""How long a greeting may be heard before we answer; networks give up after some minutes."""

Phase = Literal["calling", "ringing", "early-media", "up", "ended"]


class CallSession:
    """One call. ``run()`` is its whole life; it never raises, and leaves nothing behind.

    Somebody who calls hears a greeting that was prepared while the phone rang. Of a call of ours (``placed``) the bot
    learns when it is answered, and not at all when nobody does; audio that comes before is not listened to.
    """

    def __init__(self, leg: Leg, services: CallServices, placed: Placed | None = None) -> None:
        self.leg = leg
        self.phase: Phase = "ringing" if leg.info.direction == "inbound" else "calling"
        self.info: LegInfo = leg.info
        self.record: dict[str, Any] | None = None
        self._services = services
        self._loop = asyncio.get_running_loop()
        self._log = logging.LoggerAdapter(logger, {"call_id": leg.info.call_id})
        self._machine = TurnMachine(services.rules.policy)
        self._events: deque[Event] = deque()
        self._handling = False
        self._timer: asyncio.TimerHandle | None = None
        self._ended = asyncio.Event()
        self._tasks = BackgroundTasks(self._log)
        self._reason = "error"
        self._placed = placed or Placed()
        self._placed_calls = 0
        self._transferring = Transferring(leg, services.rules.transfers, self._speaker)
        self._deaf = leg.info.direction == "outbound"
        """Nothing that is heard is for us: nobody has answered yet, or we are on hold."""
        self._builder = RecordBuilder(
            leg.info, started_at_wall=datetime.now(UTC), started_at=self._loop.time(), language=services.rules.language
        )
        self._recording = RecordingControl(
            leg.info.audio, kept=services.keeping.records is not None, running=services.keeping.recording
        )
        self._hearing = Hearing(leg.info.audio, services, self.dispatch, self._log)
        self._up = asyncio.Event()
        self._greeted = asyncio.Event()
        self._conversation: Conversation | None = None
        voice = PromptVoice(services.rules.voice_name, services.rules.language)
        self._playback = Playback(leg.playout, services.audio, voice, self._audio_came)
        leg.playout.on_event = self._played

    def _speaker(self, playout: Playout) -> Playback:
        """What speaks on a leg beside this call's, with this call's voice."""
        return Playback(playout, self._services.audio, self._playback.voice, lambda _: None)

    @property
    def state(self) -> FloorState:
        """Who has the floor."""
        return self._machine.state

    def summary(self) -> dict[str, Any]:
        """The call in a few words, as JSON: who, since when, how far it is; how it ended, when it has."""
        return self._builder.summary() | {"state": self.phase, "bot": self._placed.bot}

    async def run(self) -> None:
        """Answer, or be answered; converse until the leg has ended, clean up, write the record."""
        self._log.info("%s call from %s to %s", self.info.direction, self.info.caller, self.info.callee)
        self.leg.connect(self)
        try:
            await (self._reach() if self.info.direction == "outbound" else self._take())
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), self._services.rules.max_duration_s)
            if not self._ended.is_set():
                self._log.warning("longer than %.0f s: ended", self._services.rules.max_duration_s)
        except LegClosed:
            self._log.info("not answered: %s", self._reason)
        except Exception:
            self._log.exception("call failed")
        finally:
            await self._close()

    async def _reach(self) -> None:
        """Wait for the answer to a call of ours, then ask the bot."""
        await self.leg.answer()
        self._is_up()
        self._placed.observer("answered", 0, "")
        await self._begin()
        self.dispatch(CallAnswered(self._loop.time()))

    async def _take(self) -> None:
        """Answer somebody's call: at once, or when they have heard the greeting, which costs nothing then (183)."""
        early = self._services.rules.before_answer(self.info.trunk) == "greeting" and self.leg.early_media()
        if not early:
            self.leg.ring()
        await self._begin()
        if early:
            self.dispatch(EarlyMediaSent(self._loop.time()))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._greeted.wait(), MAX_EARLY_S)
        if self._ended.is_set():
            raise LegClosed("it ended before the answer")
        await self.leg.answer()
        self._is_up()
        self.dispatch(CallAnswered(self._loop.time()))

    def _is_up(self) -> None:
        self._up.set()
        if self.phase != "ended":
            self.phase, self._deaf = "up", False

    async def _begin(self) -> None:
        """Ask the bot for its greeting, and get ready to listen meanwhile."""
        facts = facts_of(self.info, self._placed, self._services.rules.language)
        self._conversation = self._services.conversation(facts, self.dispatch)
        self._carry_out(self._machine.start())
        await self._hearing.start()

    async def hang_up(self) -> None:
        """End the call from outside (drain, operator)."""
        await self.leg.hang_up()

    # --- the leg's sink ----------------------------------------------------------------------------------------------

    def frame(self, payload: bytes, at: float) -> None:
        """20 ms of the caller."""
        self._recording.caller(payload, at)
        if self._deaf and self.phase != "up":
            return
        self._hearing.frame(payload, at, heed=not self._deaf)

    def sent(self, payload: bytes, at: float) -> None:
        """20 ms of ours, as they left."""
        self._hearing.sent(payload)
        self._recording.bot(payload, at)

    def key(self, key: str, at: float) -> None:
        """One key press."""
        self.dispatch(KeyPressed(at, key))

    def fact(self, event: Event) -> None:
        """Ringing, early media, no answer, hold."""
        match event:
            case CallRinging() if self.phase == "calling":
                self.phase = "ringing"
            case EarlyMediaReceived():
                self.phase = "early-media"
            case HoldStarted() | HoldEnded():
                self._deaf = isinstance(event, HoldStarted)  # music is not for the recogniser
            case CallNotAnswered(outcome=outcome, status=status, reason=reason):
                self._placed.observer(outcome.value, status, reason)
        self.dispatch(event)

    def ended(self, reason: str, at: float) -> None:
        """The leg is gone."""
        self._greeted.set()
        self._reason = reason
        if self.phase == "up" and self.info.direction == "outbound":
            self._placed.observer("ended", 0, reason)
        self.phase = "ended"
        self.dispatch(LegEnded(at, reason))
        self._ended.set()

    # --- events in, commands out -------------------------------------------------------------------------------------

    def dispatch(self, event: Event) -> None:
        """Take an event in; safe to call from within a command."""
        self._events.append(event)
        if self._handling:
            return
        self._handling = True
        try:
            while self._events:
                current = self._events.popleft()
                self._builder.note(current)
                self._carry_out(self._machine.handle(current))
        finally:
            self._handling = False
        self._schedule()

    def _wake(self) -> None:
        self._timer = None
        self._carry_out(self._machine.wake(self._loop.time()))
        self._schedule()

    def _schedule(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due = self._machine.deadline
        if due is not None:
            self._timer = self._loop.call_at(due, self._wake)
        self._hearing.gate(self._machine.bot_audible)
        if self._machine.state in (FloorState.WAITING, FloorState.CALLER):
            self._greeted.set()

    def _carry_out(self, commands: list[Command]) -> None:
        for command in commands:
            match command:
                case Ask():
                    self._ask(command)
                case Play():
                    text = APOLOGY_TEXTS[command.canned.value] if command.canned else command.text or command.speak
                    self._builder.spoken(command.utterance, text, command.request)
                    self._playback.play(command)
                case Pause():
                    self.leg.playout.pause()
                case Resume():
                    self.leg.playout.resume()
                case Drop():
                    self._playback.drop()
                case Expect(phrases):
                    self._hearing.expect(phrases)
                case Listen(on):
                    self._hearing.listening = on
                    self._log.info("listening" if on else "not listening")
                case UseVoice(name, language):
                    before = self._playback.voice
                    self._playback.voice = PromptVoice(name or before.name, language or before.language)
                    if language and language != before.language:
                        self._tasks.spawn(self._hearing.listen_in(language), "changing the language")
                case SendKeys(keys):
                    self._log.info("keys: %s", self._words(keys) or len(keys))
                    self.leg.send_keys(keys)
                case Record(action, name):
                    error = self._recording.carry_out(action)
                    self._log.info("recording: %s %s", action.value, error)
                    self.dispatch(RecordingChanged(self._loop.time(), action, name, error))
                case PlaceCall(asked):
                    self._tasks.spawn(self._place(asked), "placing a call")
                case Transfer(target, context):
                    self._greeted.set()  # only a call that is up can be handed on
                    self._tasks.spawn(self._transfer(target, context), "the transfer")
                case HangUp(reason):
                    self._log.info("hanging up: %s", reason)
                    self._tasks.spawn(self._hang_up(), "hanging up")
        self._schedule()

    def _ask(self, ask: Ask) -> None:
        self._builder.asked(ask.request, ask.text, ask.kind, self._loop.time())
        self._log.info("asked the bot: %s %s", ask.kind.value, self._words(ask.text) or ask.count or "")
        assert self._conversation is not None, "the bot is asked from its greeting on"
        self._conversation.send(ask.request, asked_activity(ask, self._playback.voice.language))

    def _words(self, text: str) -> str:
        """What of it the log may hold."""
        return self._builder.kept(text) if self._services.keeping.log_words else ""

    async def _hang_up(self) -> None:
        await asyncio.sleep(PARTING_S)
        await self.leg.hang_up()

    async def _transfer(self, target: str, context: Mapping[str, Any]) -> None:
        await self._up.wait()
        outcome = await self._transferring.to(target, context)
        if outcome.accepted:
            self._log.info("transferred to %s", target)
        else:
            self._log.warning("no transfer to %r: %s %s", target[:100], outcome.status or "", outcome.message)
        self.dispatch(TransferEnded(self._loop.time(), outcome.accepted, outcome.status, outcome.message))

    async def _place(self, asked: CallAsked) -> None:
        """Call somebody in a call of its own, and tell this call's bot what becomes of it."""
        call_id = ""

        def told(state: str, status: int, reason: str) -> None:
            self.dispatch(
                PlacedCallChanged(self._loop.time(), state, call_id, asked.target, asked.command, status, reason)
            )

        self._placed_calls += 1
        if self._placed_calls > MAX_PLACED:
            told("refused", 0, f"more than {MAX_PLACED} calls out of one are not allowed")
            return
        request = CallRequest(asked.target, trunk=asked.trunk, bot=asked.bot, context=asked.context)
        try:
            call_id = await self._services.place(request, told)
        except CannotCall as error:
            self._log.warning("no call to %r: %s", asked.target[:100], error)
            told("refused", 0, str(error))

    def _played(self, event: PlaybackEvent) -> None:
        if event.utterance != TONE:
            self.dispatch(event)

    def _audio_came(self, command: Play) -> None:
        self._builder.synthesised(command.utterance, command.request, command.text, self._loop.time())

    # --- the end -----------------------------------------------------------------------------------------------------

    async def _close(self) -> None:
        with contextlib.suppress(Exception):
            await asyncio.wait_for(self.leg.hang_up(), STOP_DEADLINE_S)
        if not self._ended.is_set():
            self.dispatch(LegEnded(self._loop.time(), self._reason))
        if self._timer is not None:
            self._timer.cancel()
        await self._tasks.close(STOP_DEADLINE_S)
        self.leg.playout.on_event = None
        conversation = self._conversation
        for work in (
            self._playback.close(),
            self._hearing.stop(),
            *([conversation.close(self._reason)] if conversation is not None else []),
            self._write(),
        ):
            try:
                await asyncio.wait_for(work, STOP_DEADLINE_S)
            except Exception as error:
                self._log.error("at the end of the call: %s: %s", type(error).__name__, error)

    async def _write(self) -> None:
        self._builder.ended(self._reason, self._loop.time(), self.leg.quality().as_dict())
        self.record = self._builder.build()
        if self._services.keeping.records is None:
            return
        path = await self._builder.write(self._services.keeping.records)
        await self._recording.finish(path.with_suffix(".wav"))
        self._log.info("record: %s", path)
