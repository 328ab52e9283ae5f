"""One call, from the moment it rings to the record it leaves.

The session decides nothing. It connects the leg, what is heard (``hearing.py``), the bot and what is said
(``playback.py``) to the turn machine (``turn_driver.py``): events one way, commands the other. What it does itself is
the life of the call (``lifecycle.py``): to answer or to be answered, to end, and to leave nothing behind.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import Any

from voicebot.bots import Conversation
from voicebot.calls.asking import asked_activity, facts_of
from voicebot.calls.hearing import Hearing
from voicebot.calls.lifecycle import Lifecycle, Phase
from voicebot.calls.placed_calls import PlacedCalls
from voicebot.calls.playback import Playback, PromptVoice
from voicebot.calls.record import RecordBuilder
from voicebot.calls.recording_control import RecordingControl
from voicebot.calls.request import Placed
from voicebot.calls.services import CallServices
from voicebot.calls.tones import TONE
from voicebot.calls.transferring import PARTING_S, Transferring
from voicebot.calls.turn_driver import TurnDriver
from voicebot.events import (
    CallAnswered,
    CallNotAnswered,
    CallRinging,
    EarlyMediaReceived,
    EarlyMediaSent,
    Event,
    HoldEnded,
    HoldStarted,
    KeyPressed,
    LegEnded,
    RecordingChanged,
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
TRANSFERRED = "transfer"
"""Why a leg ends whose caller was handed on (:class:`LegEnded`)."""
MAX_EARLY_S = 60.0
"""How long a greeting may be heard before we answer; networks give up after some minutes."""
EARLY_STEP_S = 0.5
"""How often it is looked at whether the greeting still leaves."""


class CallSession:
    """One call. ``run()`` is its whole life; it never raises, and leaves nothing behind.

    Somebody who calls hears a greeting that was prepared while the phone rang. Of a call of ours (``placed``) the bot
    learns when it is answered, and not at all when nobody does; audio that comes before is not listened to.
    """

    def __init__(self, leg: Leg, services: CallServices, placed: Placed | None = None) -> None:
        rules, keeping = services.rules, services.keeping
        self.leg = leg
        self.info: LegInfo = leg.info
        self.record: dict[str, Any] | None = None
        self._services = services
        self._placed = placed or Placed()
        self._loop = asyncio.get_running_loop()
        self._log = logging.LoggerAdapter(logger, {"call_id": leg.info.call_id})
        self._tasks = BackgroundTasks(self._log)
        self._outbound = leg.info.direction == "outbound"
        self._lifecycle = Lifecycle(self._outbound)
        self._builder = RecordBuilder(
            leg.info,
            started_at_wall=datetime.now(UTC),
            started_at=self._loop.time(),
            bot=self._placed.bot,
            language=rules.language,
        )
        self._turns = TurnDriver(
            TurnMachine(rules.policy), note=self._builder.note, carry_out=self._carry_out, settled=self._settled
        )
        self._recording = RecordingControl(leg.info.audio, kept=keeping.records is not None, running=keeping.recording)
        self._hearing = Hearing(leg.info.audio, services, self.dispatch, self._log)
        self._conversation: Conversation | None = None
        voice = PromptVoice(rules.voice_name, rules.language)
        self._playback = Playback(leg.playout, services.audio, voice, self._audio_came)
        self._transferring = Transferring(leg, rules.transfers, self._speaker)
        self._placed_calls = PlacedCalls(services.place, self.dispatch, self._log)
        leg.playout.on_event = self._played

    @property
    def phase(self) -> str:
        """How far the call is, as the API says it."""
        return self._lifecycle.phase.public_name

    @property
    def state(self) -> FloorState:
        """Who has the floor."""
        return self._turns.state

    def summary(self) -> dict[str, Any]:
        """The call in a few words, as JSON: who, since when, how far it is; how it ended, when it has."""
        return self._builder.summary() | {"state": self.phase, "bot": self._placed.bot}

    # --- the life of the call ----------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Answer, or be answered; converse until the leg has ended, clean up, write the record."""
        self._log.info("%s call from %s to %s", self.info.direction, self.info.caller, self.info.callee)
        limit_s = self._services.rules.max_duration_s
        self.leg.connect(self)
        try:
            await (self._reach() if self._outbound else self._take())
            if not await self._lifecycle.until(Phase.ENDED, limit_s):
                self._log.warning("longer than %.0f s: ended", limit_s)
        except LegClosed:
            self._log.info("not answered: %s", self._lifecycle.end_reason)
        except Exception:
            self._log.exception("call failed")
        finally:
            await self._close()

    async def hang_up(self) -> None:
        """End the call from outside (drain, operator)."""
        await self.leg.hang_up()

    async def _reach(self) -> None:
        """Wait for the answer to a call of ours, then ask the bot."""
        await self.leg.answer()
        self._lifecycle.reach(Phase.UP)
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
            await self._greet()
        if self._lifecycle.phase is Phase.ENDED:
            raise LegClosed("it ended before the answer")
        await self.leg.answer()
        self._lifecycle.reach(Phase.UP)
        self.dispatch(CallAnswered(self._loop.time()))

    async def _greet(self) -> None:
        """Let the greeting be heard, as long as it leaves."""
        give_up = self._loop.time() + MAX_EARLY_S
        while not await self._lifecycle.until(Phase.GREETED, EARLY_STEP_S):
            if not self.leg.audible or self._loop.time() >= give_up:
                return

    async def _begin(self) -> None:
        """Ask the bot for its greeting, and get ready to listen meanwhile."""
        facts = facts_of(self.info, self._placed, self._services.rules.language)
        self._conversation = self._services.conversation(facts, self.dispatch)
        self._turns.start()
        await self._hearing.start()

    async def _close(self) -> None:
        await self._end("hanging up", self.leg.hang_up())
        self.ended(self._lifecycle.end_reason, self._loop.time())  # in case the leg has not told
        self._turns.close()
        if self._lifecycle.end_reason == TRANSFERRED:
            await self._tasks.join(STOP_DEADLINE_S)  # it was still about to tell that it has succeeded
        await self._tasks.close(STOP_DEADLINE_S)
        self.leg.playout.on_event = None
        await self._end("playback", self._playback.close())
        await self._end("recognition", self._hearing.stop())
        if self._conversation is not None:
            await self._end("the conversation", self._conversation.close(self._lifecycle.end_reason))
        await self._end("the record", self._write())
        await self._end("the recording", self._recording.discard())

    async def _end(self, what: str, work: Awaitable[object]) -> None:
        try:
            async with asyncio.timeout(STOP_DEADLINE_S):
                await work
        except Exception as error:
            self._log.error("at the end of the call: %s: %s: %s", what, type(error).__name__, error)

    async def _write(self) -> None:
        self._builder.ended(self._lifecycle.end_reason, self._loop.time(), self.leg.quality().as_dict())
        self.record = self._builder.build()
        if self._services.keeping.records is None:
            return
        losses = self._services.keeping.losses
        with losses.watch("record"):
            path = await self._builder.write(self._services.keeping.records)
        if self._recording.begun:
            with losses.watch("recording"):
                await self._recording.finish(path.with_suffix(".wav"))
        self._log.info("record: %s", path)

    # --- the leg's sink ----------------------------------------------------------------------------------------------

    def frame(self, payload: bytes, at: float) -> None:
        """20 ms of the caller. On hold it is music, which is not for the recogniser."""
        self._recording.caller(payload, at)
        if self._lifecycle.listened_to:
            self._hearing.frame(payload, at, muted=self._lifecycle.held)

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
            case CallRinging():
                self._lifecycle.reach(Phase.RINGING)
            case EarlyMediaReceived():
                self._lifecycle.reach(Phase.EARLY_MEDIA)
            case HoldStarted() | HoldEnded():
                self._lifecycle.held = isinstance(event, HoldStarted)
            case CallNotAnswered(outcome=outcome, status=status, reason=reason):
                self._placed.observer(outcome.value, status, reason)
        self.dispatch(event)

    def ended(self, reason: str, at: float) -> None:
        """The leg is gone."""
        was_up = self._lifecycle.phase is Phase.UP
        if not self._lifecycle.end(reason):
            return
        if was_up and self._outbound:
            self._placed.observer("ended", 0, reason)
        self.dispatch(LegEnded(at, reason))

    # --- events in, commands out -------------------------------------------------------------------------------------

    def dispatch(self, event: Event) -> None:
        """Take an event in; safe to call from within a command."""
        self._turns.dispatch(event)

    def _carry_out(self, command: Command) -> None:
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
                self._use_voice(name, language)
            case SendKeys(keys):
                self._log.info("keys: %s", self._words(keys) or len(keys))
                self.leg.send_keys(keys)
            case Record(action, name):
                error = self._recording.carry_out(action)
                self._log.info("recording: %s %s", action.value, error)
                self.dispatch(RecordingChanged(self._loop.time(), action, name, error))
            case PlaceCall(asked):
                self._tasks.spawn(self._placed_calls.place(asked), "placing a call")
            case Transfer():
                self._lifecycle.reach(Phase.GREETED)  # only a call that is up can be handed on
                self._tasks.spawn(self._transfer(command), "the transfer")
            case HangUp(reason):
                self._log.info("hanging up: %s", reason)
                self._tasks.spawn(self._part(), "hanging up")

    def _settled(self) -> None:
        self._hearing.gate(self._turns.bot_audible)
        if self._turns.state in (FloorState.WAITING, FloorState.CALLER):
            self._lifecycle.reach(Phase.GREETED)

    def _ask(self, ask: Ask) -> None:
        self._builder.asked(ask.request, ask.text, ask.kind, self._loop.time())
        self._log.info("asked the bot: %s %s", ask.kind.value, self._words(ask.text) or ask.count or "")
        assert self._conversation is not None, "the bot is asked from its greeting on"
        self._conversation.send(ask.request, asked_activity(ask, self._playback.voice.language))

    def _use_voice(self, name: str, language: str) -> None:
        before = self._playback.voice
        self._playback.voice = PromptVoice(name or before.name, language or before.language)
        if language and language != before.language:
            self._tasks.spawn(self._hearing.listen_in(language), "changing the language")

    async def _part(self) -> None:
        await asyncio.sleep(PARTING_S)
        await self.leg.hang_up()

    async def _transfer(self, transfer: Transfer) -> None:
        await self._lifecycle.until(Phase.UP)
        ended = await self._transferring.carry_out(transfer)
        if ended.accepted:
            self._log.info("transferred to %s", transfer.target)
        else:
            self._log.warning("no transfer to %s: %s %s", transfer.target, ended.status or "", ended.message)
        self.dispatch(ended)

    def _speaker(self, playout: Playout) -> Playback:
        """What speaks on a leg beside this call's, with this call's voice."""
        return Playback(playout, self._services.audio, self._playback.voice, lambda _: None)

    def _played(self, event: PlaybackEvent) -> None:
        if event.utterance != TONE:
            self.dispatch(event)

    def _audio_came(self, command: Play) -> None:
        self._builder.synthesised(command.utterance, command.request, command.text, self._loop.time())

    def _words(self, text: str) -> str:
        """What of it the log may hold."""
        return self._builder.kept(text) if self._services.keeping.log_words else ""
