"""One call, from ringing to its record.

The session connects the turn machine (``turn_driver.py``), which decides, with the leg, the recogniser
(``hearing.py``), the bot and the audio that is played (``playback.py``), or with the platform that speaks and listens
for us (``by_platform.py``): it passes their events to the machine, whose commands are carried out
(``carrying_out.py``). It also leads the call through its phases (``lifecycle.py``): answered, ended, cleaned up.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from datetime import UTC, datetime
from functools import partial
from typing import Any

from voicebot.address import Address
from voicebot.calls.asking import facts_of
from voicebot.calls.carrying_out import CarryingOut, text_of
from voicebot.calls.closing import STOP_DEADLINE_S, Closing
from voicebot.calls.going_on import GoingOn, parts_before
from voicebot.calls.lifecycle import Lifecycle, Phase
from voicebot.calls.listeners import Listeners, Side
from voicebot.calls.preparing import Preparing
from voicebot.calls.record import RecordBuilder
from voicebot.calls.record_timeline import Timeline
from voicebot.calls.request import Placed
from voicebot.calls.services import CallServices
from voicebot.calls.set_by_bot import SetByBot
from voicebot.calls.talking import talking, turn_machine
from voicebot.calls.tones import TONE
from voicebot.calls.turn_driver import TurnDriver
from voicebot.calls.unfinished_record import UnfinishedRecord
from voicebot.events import (
    TAKEN,
    BotRecovered,
    CallAnswered,
    CallConfigured,
    CallNotAnswered,
    CallRinging,
    EarlyMediaReceived,
    EarlyMediaSent,
    Event,
    HoldEnded,
    HoldStarted,
    KeyPressed,
    LegEnded,
    TransferAsked,
)
from voicebot.legs import Keepable, Leg, LegClosed, LegInfo
from voicebot.log import about, log_fields
from voicebot.rtp.playout import PlaybackEvent
from voicebot.tasks import BackgroundTasks
from voicebot.turns import FloorState, Play

logger = logging.getLogger(__name__)

TRANSFERRED = "transfer"
"""The reason with which the leg of a transferred caller ends (:class:`LegEnded`)."""
MAX_EARLY_S = 60.0
"""How long a greeting may play before the call is answered; networks end unanswered calls after some minutes."""
GOODBYE_S = 0.5
"""Where SIP messages are kept, the record waits so long for the answer to the BYE."""
EARLY_STEP_S = 0.5
"""How often to check whether the greeting is still being sent."""
_MIDWAY = (FloorState.SPEAKING, FloorState.YIELDING, FloorState.CALLER, FloorState.THINKING)


class CallSession:
    """One call. ``placed``: what is known of an outbound one.

    The bot is asked for its greeting while an inbound call rings, so that the greeting is ready when the call is
    answered. Of an outbound call, the bot learns only when it is answered; audio before that is not recognised.

    It is made in a context of its own (:mod:`contextvars`): what is logged there is about this call.

    None of its parts has the session, nor another part that has it. They tell the turn driver, which lets go of them
    when it is closed, as the leg does when it has ended. So all of a call goes when it is over, and waits for no
    collection of garbage, which would keep the packets of other calls.
    """

    def __init__(
        self, leg: Leg, services: CallServices, placed: Placed | None = None, going_on: GoingOn | None = None
    ) -> None:
        rules, keeping = services.rules, services.keeping
        self.id = going_on.call if going_on is not None else secrets.token_hex(16)
        """Our random id of the call: it names its conversation, record and recording. Callers choose the Call-ID, and
        could choose that of another call."""
        self.leg = leg
        self.info: LegInfo = leg.info
        self.record: dict[str, Any] | None = None
        self._services = services
        self._placed = placed or Placed()
        self._loop = asyncio.get_running_loop()
        parts = parts_before(going_on.record) if going_on is not None else 0
        self._trace = services.trace(self.id, parts)
        fields = log_fields(self.id, leg.info.call_id, ("", "") if self._trace is None else (self.id, ""))
        self._log = logging.LoggerAdapter(logger, fields)
        about.set(fields)
        self._tasks = BackgroundTasks(self._log)
        self._outbound = leg.info.direction == "outbound"
        self._lifecycle = Lifecycle(self._outbound)
        self._going_on = going_on
        self._settings = going_on.settings if going_on is not None else SetByBot()
        self._began = going_on.began if going_on is not None else datetime.now(UTC)
        self._builder = builder = RecordBuilder(
            self.id,
            leg.info,
            started_at_wall=self._began,
            started_at=self._loop.time() - (datetime.now(UTC) - self._began).total_seconds(),
            bot=self._placed.bot,
            language=rules.language,
        )
        if going_on is not None:
            builder.goes_on(going_on.record)
        self.listeners = Listeners(lambda: builder.paused)
        self._unfinished = UnfinishedRecord(keeping.unfinished, self.id, builder.build)
        machine = turn_machine(leg, rules)
        self._turns = TurnDriver(machine, builder.note, services.silenced)
        talk = talking(
            leg,
            services,
            machine,
            tell=self._turns.dispatch,
            on_audio=partial(_synthesised, builder),
            log=self._log,
            before=going_on.recording if going_on is not None else None,
        )
        self._hearing, self._playback, self._recording, self._recorded = talk
        self._preparing = Preparing(
            services.audio.speech,
            leg.info.audio,
            lambda: talk.playback.voice,
            ahead=machine.floor.policy.settings.prepare,
        )
        self._commands = CarryingOut(
            self.id,
            leg,
            services,
            talk,
            builder=builder,
            preparing=self._preparing,
            lifecycle=self._lifecycle,
            tasks=self._tasks,
            tell=self._turns.dispatch,
            asked=self._unfinished.changed,
            ours=self._turns.ours,
            log=self._log,
        )
        self._turns.drive(heed=self._heed, carry_out=self._commands.carry_out, settled=self._settled)
        leg.playout.on_event = self._played

    @property
    def phase(self) -> str:
        """The call's phase, by its name in the API."""
        return self._lifecycle.phase.public_name

    @property
    def state(self) -> FloorState:
        """Whose turn it is."""
        return self._turns.state

    @property
    def timeline(self) -> Timeline:
        """What has happened, as in the record: for those who watch the call."""
        return self._builder.timeline

    @property
    def mos(self) -> float | None:
        """The estimated quality of the audio that has come so far; None: none has."""
        return self.leg.quality().mos

    def summary(self) -> dict[str, Any]:
        """The call for the API's list of calls, as a JSON object."""
        return self._builder.summary() | {"state": self.phase, "bot": self._builder.bot}

    # --- the life of the call ----------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Lead the whole call, clean up and write its record. Never raises."""
        info = self.info
        self._log.info("%s call from %s to %s, Call-ID %.200s", info.direction, info.caller, info.callee, info.call_id)
        limit_s = self._services.rules.max_duration_s
        self.leg.connect(self)
        try:
            if self._going_on is not None:
                await self._go_on(self._going_on)
            else:
                await (self._reach() if self._outbound else self._take())
            if not await self._lifecycle.until(Phase.ENDED, limit_s):
                self._log.warning("ended, because it was longer than %.0f s", limit_s)
        except LegClosed:
            self._log.info("not answered: %s", self._lifecycle.end_reason)
        except Exception:
            self._log.exception("call failed")
        finally:
            await self._close()

    async def hang_up(self) -> None:
        """End the call, as soon as it is known that it still is this process's."""
        await self._commands.hang_up()

    def transfer(self, to: Address | None) -> str:
        """Transfer the caller, as if the bot asked for it now: what it has said is heard before. None: to the fallback.
        Returns ``""``, or why that is not done."""
        target = to or self._services.rules.policy.fallback_transfer
        why_not = (
            self._commands.transferring.why_not(target) if self._lifecycle.phase is Phase.UP else "the call is not up"
        )
        if target is not None and not why_not:
            self.dispatch(TransferAsked(self._loop.time(), target))
        return why_not

    def kept(self) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """What another process needs to go on with the call, and the record so far (a new object when it has changed);
        None if it could not."""
        leg = self.leg.kept() if self._lifecycle.phase is Phase.UP and isinstance(self.leg, Keepable) else None
        if leg is None:
            return None
        voice, placed = self._playback.voice, self._placed
        facts = (placed.bot, placed.context, self._recording.state, self._settings)
        own = GoingOn(self.id, self._began, voice.name, voice.language, *facts)
        return {
            "leg": leg,
            "session": own.as_json(),
            "consulted": self._commands.transferring.kept(),
        }, self._unfinished.latest

    @property
    def midway(self) -> bool:
        """Whether somebody is speaking or an answer is due, so that words would be lost with this process."""
        return self._lifecycle.phase is Phase.UP and not self._lifecycle.held and self.state in _MIDWAY

    def give_up(self) -> None:
        """Another process goes on with the call."""
        self._log.warning("another node has this call: it ends here")
        self._turns.close()
        if isinstance(self.leg, Keepable):
            self.leg.give_up()

    async def _go_on(self, going_on: GoingOn) -> None:
        """Another process has begun the call, and its bot is in the middle of the conversation: media first, because
        each moment of it is silence, then the bot says again what it waits for."""
        await self.leg.answer()
        self._lifecycle.reach(Phase.UP)
        await self._begin()
        for setting in going_on.again(self._loop.time(), self._playback.voice):
            self.dispatch(setting)
        self.dispatch(CallAnswered(self._loop.time()))
        self.dispatch(BotRecovered(self._loop.time(), going_on.words_lost))

    async def _reach(self) -> None:
        """Wait until an outbound call is answered, then ask the bot for its greeting."""
        await self.leg.answer()
        self._lifecycle.reach(Phase.UP)
        self._placed.observer("answered", 0, "")
        await self._begin()
        self.dispatch(CallAnswered(self._loop.time()))

    async def _take(self) -> None:
        """Answer an inbound call: at once, or after the greeting, which is then early media (183) and free."""
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
        """Ask the bot for its greeting, and start the recogniser meanwhile."""
        rules = self._services.rules
        fallback = rules.policy.fallback_transfer is not None
        keys = self._settings.keys if self._going_on is not None else None
        facts = facts_of(self.id, self.info, self._placed, rules.language, self._trace, fallback=fallback, keys=keys)
        self._builder.bot = self._services.bot_for(facts)
        self._commands.conversation = conversation = self._services.conversation(facts, self._turns.dispatch)
        self._preparing.begin(conversation)
        self._turns.start()
        await self._hearing.start()

    async def _close(self) -> None:
        end = Closing(self._services.keeping, self._recorded, self._known, self._log)
        await end.step("hanging up", self.hang_up())
        self.ended(self._lifecycle.end_reason, self._loop.time())  # in case the leg has not reported its end
        self._turns.close()
        if self._lifecycle.end_reason == TRANSFERRED:
            await self._tasks.join(STOP_DEADLINE_S)  # the transfer's task is about to report that it has succeeded
        await self._tasks.close(STOP_DEADLINE_S)
        self.leg.playout.on_event = None
        await end.step("playback", self._playback.close())
        await end.step("what was made ready", self._preparing.close())
        await end.step("recognition", self._hearing.stop())
        if self._commands.conversation is not None:
            await end.step("the conversation", self._commands.conversation.close(self._lifecycle.end_reason))
        if self._lifecycle.end_reason != TAKEN:
            if self._services.keeping.ladders() is not None:
                await asyncio.sleep(GOODBYE_S)
            await end.keep(self.id)
        await end.step("the recording", self._recording.close())
        self._unfinished.over()

    def _known(self) -> RecordBuilder:
        recorded = self._recorded
        quality = self.leg.quality().as_dict() | {
            "recording_dropped_frames": recorded.dropped if recorded is not None else 0,
            "recording_from_ms": self._builder.milliseconds(recorded.began_at if recorded is not None else None),
        }
        self._builder.ended(self._lifecycle.end_reason, self._loop.time(), quality, self._preparing.counts.as_dict())
        if (ladders := self._services.keeping.ladders()) is not None:
            self._builder.signalled(ladders.of(self.info.call_id))
        self.record = self._builder.build()
        return self._builder

    # --- the leg's sink ----------------------------------------------------------------------------------------------

    def frame(self, payload: bytes, at: float) -> None:
        """20 ms from the caller. On hold this is music, from which the recogniser gets silence."""
        if self._recorded is not None:
            self._recorded.caller(payload, at)
        if self.listeners:
            self.listeners.hear(Side.CALLER, payload)
        if self._lifecycle.listened_to:
            self._hearing.frame(payload, at, muted=self._lifecycle.held)

    def sent(self, payload: bytes, at: float) -> None:
        """20 ms that were sent to the caller."""
        self._hearing.sent(payload)
        if self._recorded is not None:
            self._recorded.bot(payload, at)
        if self.listeners:
            self.listeners.hear(Side.BOT, payload)

    def key(self, key: str, at: float) -> None:
        """The caller has pressed ``key``."""
        self.dispatch(KeyPressed(at, key))

    def fact(self, event: Event) -> None:
        """The other side rings, sends early media, does not answer, holds or resumes the call."""
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
        """The leg has ended; harmless when called again."""
        was_up = self._lifecycle.phase is Phase.UP
        if not self._lifecycle.end(reason):
            return
        if was_up and self._outbound:
            self._placed.observer("ended", 0, reason)
        self.dispatch(LegEnded(at, reason))
        self.listeners.end()

    # --- events in ---------------------------------------------------------------------------------------------------

    def dispatch(self, event: Event) -> None:
        """Give the turn machine an event. May be called while a command is being carried out."""
        self._turns.dispatch(event)

    def _heed(self, event: Event) -> None:
        self._preparing.note(event)
        if isinstance(event, CallConfigured):
            self._settings.take(event)

    def _settled(self) -> None:
        self._hearing.gate(self._turns.bot_audible, paused=self._turns.state is FloorState.YIELDING)
        if self._turns.state in (FloorState.WAITING, FloorState.CALLER):
            self._lifecycle.reach(Phase.GREETED)

    def _played(self, event: PlaybackEvent) -> None:
        if event.utterance != TONE:
            self.dispatch(event)


def _synthesised(builder: RecordBuilder, command: Play) -> None:
    now = asyncio.get_running_loop().time()
    builder.synthesised(command.utterance, command.request, text_of(command), now)
