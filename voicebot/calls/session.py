"""One call, from the moment it rings to the record it leaves.

The session owns nothing clever. It carries events from the leg, voice activity, the recogniser, the bot and the playout
into the turn machine, and carries the machine's commands out. Events are queued: what a command causes (dropping a
prompt ends it at once) is handled after the command, never inside it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from voicebot import g711
from voicebot.bots import CallFacts, Conversation
from voicebot.calls.asking import asked_activity
from voicebot.calls.playback import Playback, Voice
from voicebot.calls.record import RecordBuilder
from voicebot.calls.recording import Recording
from voicebot.calls.targets import AllowedTargets
from voicebot.calls.transfer_headers import transfer_headers
from voicebot.events import (
    CallAnswered,
    Event,
    KeyPressed,
    Law,
    LegEnded,
    RecognitionLost,
    RecordingAction,
    RecordingChanged,
    SpeechStarted,
    TransferEnded,
)
from voicebot.legs import Leg, LegClosed, LegInfo
from voicebot.speech import APOLOGY_TEXTS, EchoGuard, SpeechUnavailable, VoiceActivity
from voicebot.turns import (
    Ask,
    Command,
    Drop,
    Expect,
    HangUp,
    Listen,
    Pause,
    Play,
    Record,
    Resume,
    SendKeys,
    State,
    Transfer,
    TurnMachine,
    TurnPolicy,
    UseVoice,
)

logger = logging.getLogger(__name__)

STOP_DEADLINE_S = 5.0
PARTING_S = 0.25
"""Between the last packet and the BYE or REFER: a phone still holds some in its jitter buffer when the next arrives."""


class Recognition(Protocol):
    """What a call needs of its recogniser: :class:`voicebot.speech.Recognizer`."""

    async def start(self) -> None: ...

    def write(self, payload: bytes, at: float) -> None: ...

    def heard(self, start: float, end: float) -> None: ...

    def set_phrases(self, phrases: Sequence[str]) -> None: ...

    async def stop(self) -> None: ...


@dataclass(frozen=True, slots=True)
class CallServices:
    """What all calls share.

    ``recognition(law, on_event, language)`` and ``conversation(facts, on_event)`` make a call's own.
    """

    recognition: Callable[[Law, Callable[[Event], None], str], Recognition]
    conversation: Callable[[CallFacts, Callable[[Event], None]], Conversation]
    voice: Voice
    canned_audio: Callable[[str, Law], bytes]
    policy: TurnPolicy = field(default_factory=TurnPolicy)
    language: str = "en-US"
    voice_name: str = ""
    vad_start_ms: int = 64
    vad_echo_gate_dbfs: float = -40.0
    max_duration_s: float = 3600.0
    records: Path | None = None
    recording: bool = False
    transfer_domain: str = ""
    transfer_allow: tuple[str, ...] = ("*", "*@*")
    """Patterns of allowed targets, see :mod:`voicebot.calls.targets`; the policy's fall-back is allowed in any case."""


class CallSession:
    """One call. ``run()`` is its whole life; it never raises, and leaves nothing behind."""

    def __init__(self, leg: Leg, services: CallServices) -> None:
        self.leg = leg
        self.info: LegInfo = leg.info
        self.record: dict[str, Any] | None = None
        self._services = services
        self._loop = asyncio.get_running_loop()
        self._log = logging.LoggerAdapter(logger, {"call_id": leg.info.call_id})
        self._machine = TurnMachine(services.policy)
        self._events: deque[Event] = deque()
        self._handling = False
        self._timer: asyncio.TimerHandle | None = None
        self._ended = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._reason = "error"
        self._onset = 0.0
        self._builder = RecordBuilder(
            leg.info, started_at_wall=datetime.now(UTC), started_at=self._loop.time(), language=services.language
        )
        self._recording = Recording(leg.info.law) if services.recording and services.records else None
        self._recording_runs = self._recording is not None
        self._voice_activity = VoiceActivity(leg.info.law, start_ms=services.vad_start_ms)
        self._echo = EchoGuard(leg.info.law)
        self._recognition = services.recognition(leg.info.law, self.dispatch, services.language)
        self._language = services.language
        self._listening = True
        self._phrases: tuple[str, ...] = ()
        self._switching = asyncio.Lock()
        self._conversation = services.conversation(
            CallFacts(
                call_id=leg.info.call_id,
                caller=leg.info.caller,
                callee=leg.info.callee,
                display_name=leg.info.display_name,
                locale=services.language,
                headers=leg.info.headers,
                caller_uri=leg.info.caller_uri,
                callee_uri=leg.info.callee_uri,
                trunk=leg.info.trunk,
            ),
            self.dispatch,
        )
        self._playback = Playback(
            leg.playout,
            services.voice,
            law=leg.info.law,
            voice_name=services.voice_name,
            language=services.language,
            canned_audio=services.canned_audio,
            on_audio=self._audio_came,
        )
        leg.playout.on_event = self.dispatch

    @property
    def state(self) -> State:
        """Who has the floor."""
        return self._machine.state

    async def run(self) -> None:
        """Answer, converse until the leg has ended, clean up, write the record."""
        self._log.info("call from %s to %s", self.info.caller, self.info.callee)
        self.leg.connect(self)
        try:
            self.leg.ring()
            self._carry_out(self._machine.start(self._loop.time()))  # the bot prepares its greeting meanwhile
            try:
                await self._recognition.start()
            except SpeechUnavailable as error:
                self._log.error("no recognition: %s", error)
                self.dispatch(RecognitionLost(self._loop.time(), str(error)))
            await self.leg.answer()
            self.dispatch(CallAnswered(self._loop.time()))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), self._services.max_duration_s)
            if not self._ended.is_set():
                self._log.warning("longer than %.0f s: ended", self._services.max_duration_s)
        except LegClosed:
            self._log.info("the caller gave up before the answer")
        except Exception:
            self._log.exception("call failed")
        finally:
            await self._close()

    async def hang_up(self) -> None:
        """End the call from outside (drain, operator)."""
        await self.leg.hang_up()

    # --- the leg's sink ----------------------------------------------------------------------------------------------

    def frame(self, payload: bytes, at: float) -> None:
        """20 ms of the caller."""
        voice = self._echo.heard(payload) if self._listening else g711.silence(self.info.law)
        self._recognition.write(voice, at)
        for event in self._voice_activity.feed(voice, at):
            if isinstance(event, SpeechStarted):
                self._onset = event.onset
            else:
                self._recognition.heard(self._onset, event.offset)  # it should make something of that
            self.dispatch(event)
        if self._recording is not None and self._recording_runs:
            self._recording.caller(payload, at)

    def sent(self, payload: bytes, at: float) -> None:
        """20 ms of ours, as they left."""
        self._echo.sent(payload)
        if self._recording is not None and self._recording_runs:
            self._recording.bot(payload, at)

    def key(self, key: str, at: float) -> None:
        """One key press."""
        self.dispatch(KeyPressed(at, key))

    def ended(self, reason: str, at: float) -> None:
        """The leg is gone."""
        self._reason = reason
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
        self._voice_activity.gate_dbfs = self._services.vad_echo_gate_dbfs if self._machine.bot_audible else None

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
                    self._phrases = phrases
                    self._recognition.set_phrases(phrases)
                case Listen(on):
                    self._listening = on
                    self._log.info("listening" if on else "not listening")
                case UseVoice(name, language):
                    self._playback.voice_name = name or self._playback.voice_name
                    if language and language != self._language:
                        self._language = self._playback.language = language
                        self._spawn(self._listen_in(language))
                case SendKeys(keys):
                    self._log.info("keys: %s", self._builder.kept(keys))
                    self.leg.send_keys(keys)
                case Record(action, name):
                    error = self._record(action)
                    self._log.info("recording: %s %s", action.value, error)
                    self.dispatch(RecordingChanged(self._loop.time(), action, name, error))
                case Transfer(target, context):
                    self._spawn(self._transfer(target, transfer_headers(context)))
                case HangUp(reason):
                    self._log.info("hanging up: %s", reason)
                    self._spawn(self._hang_up())
        self._schedule()

    def _ask(self, ask: Ask) -> None:
        self._builder.asked(ask.request, ask.text, ask.kind, self._loop.time())
        self._log.info("asked the bot: %s %s", ask.kind.value, self._builder.kept(ask.text) or ask.count or "")
        request = self._conversation.send(asked_activity(ask, self._language))
        assert request == ask.request, "the conversation numbers what it is sent, as the turn machine does"

    async def _hang_up(self) -> None:
        await asyncio.sleep(PARTING_S)
        await self.leg.hang_up()

    async def _listen_in(self, language: str) -> None:
        """Recognise ``language``: the recogniser is replaced when another one is ready; until then it goes on."""
        async with self._switching:
            other = self._services.recognition(self.info.law, self.dispatch, language)
            try:
                await other.start()
                other.set_phrases(self._phrases)
                self._recognition, other = other, self._recognition
                self._log.info("listening in %s", language)
            except SpeechUnavailable as error:
                self._log.error("not listening in %s: %s", language, error)
            finally:
                await other.stop()

    def _record(self, action: RecordingAction) -> str:
        """Carry the bot's command out; returns why not when that is impossible."""
        if self._services.records is None:
            return "recordings are not kept here"
        if self._recording is None:
            if action is not RecordingAction.START:
                return "there is no recording"
            self._recording = Recording(self.leg.info.law)
        self._recording_runs = action in (RecordingAction.START, RecordingAction.RESUME)
        return ""

    async def _transfer(self, target: str, headers: Mapping[str, str]) -> None:
        if not self._may_transfer(target):
            self._log.warning("a transfer to %r is not allowed: see calls.transfer_allow", target[:100])
            self.dispatch(TransferEnded(self._loop.time(), False, 403, "the target is not allowed"))
            return
        await asyncio.sleep(PARTING_S)
        outcome = await self.leg.transfer(self._transfer_uri(target), headers)
        self._log.info("transfer to %s: %s", target, outcome.message or outcome.status)
        self.dispatch(TransferEnded(self._loop.time(), outcome.accepted, outcome.status, outcome.message))

    def _may_transfer(self, target: str) -> bool:
        services = self._services
        if target and target == services.policy.fallback_transfer:
            return True
        return AllowedTargets(services.transfer_allow, [self._transfer_domain]).allows(target)

    @property
    def _transfer_domain(self) -> str:
        """Where bare numbers go."""
        return self._services.transfer_domain or self.info.caller_uri.rpartition("@")[2].partition(">")[0]

    def _transfer_uri(self, target: str) -> str:
        if re.match(r"(?i)(?:sips?|tel):", target):
            return target
        return f"sip:{target}" if "@" in target else f"sip:{target}@{self._transfer_domain}"

    def _audio_came(self, command: Play) -> None:
        self._builder.synthesised(command.utterance, command.request, command.text, self._loop.time())

    def _spawn(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # --- the end -----------------------------------------------------------------------------------------------------

    async def _close(self) -> None:
        with contextlib.suppress(Exception):
            await asyncio.wait_for(self.leg.hang_up(), STOP_DEADLINE_S)
        if not self._ended.is_set():
            self.dispatch(LegEnded(self._loop.time(), self._reason))
        if self._timer is not None:
            self._timer.cancel()
        for task in list(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=STOP_DEADLINE_S)
        self.leg.playout.on_event = None
        for work in (
            self._playback.close(),
            self._recognition.stop(),
            self._conversation.close(self._reason),
            self._write(),
        ):
            try:
                await asyncio.wait_for(work, STOP_DEADLINE_S)
            except Exception as error:
                self._log.error("at the end of the call: %s: %s", type(error).__name__, error)

    async def _write(self) -> None:
        self._builder.ended(self._reason, self._loop.time(), self.leg.quality().as_dict())
        self.record = self._builder.build()
        if self._services.records is None:
            return
        path = await self._builder.write(self._services.records)
        if self._recording is not None:
            await self._recording.finish(path.with_suffix(".wav"))
        self._log.info("record: %s", path)
