"""A whole call session over doubles of its four neighbours: leg, recogniser, voice and bot."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from waiting import until

from voicebot.address import Address, Domain
from voicebot.audio import PCMU, AudioFormat
from voicebot.bots import CallFacts
from voicebot.calls import (
    AudioFiles,
    CallRequest,
    CallRules,
    CallServices,
    CallSession,
    CannotCall,
    GoingOn,
    Keeping,
    Placed,
    TransferRules,
)
from voicebot.calls.playback import PromptAudio
from voicebot.calls.services import CallPlacer
from voicebot.events import (
    BotDone,
    BotMessage,
    CallNotAnswered,
    Event,
    Final,
    InputHint,
    SpeechStarted,
    SpeechStopped,
    TransferEnded,
)
from voicebot.legs import Leg, LegClosed, LegInfo, LegSink, Recorder
from voicebot.legs.operations import Operations
from voicebot.records import UnfinishedRecords
from voicebot.rtp import MediaQuality, Playout
from voicebot.speech import HeldPrompt, Speech, SpeechUnavailable, Urgency
from voicebot.turns import TurnPolicy

RULES = CallRules(
    policy=TurnPolicy(),
    transfers=TransferRules(("*", "*@*")),
    language="en-US",
    voice_name="",
    vad_start_ms=64,
    vad_echo_gate_dbfs=-42.0,
    max_duration_s=3600.0,
    before_answer=lambda _trunk: "ring",
)
SECOND = b"\x10" * 8000
CANNED = b"\x20" * 800


async def no_calls(_request: CallRequest, _observer: Callable[[str, int, str], None]) -> str:
    raise CannotCall("forbidden", "no calls are placed here")


class Line:
    """A leg whose time passes when :meth:`pull` is called. ``operations``: of its platform, if that speaks itself;
    ``recorder``: if that records."""

    def __init__(
        self,
        direction: Literal["inbound", "outbound"] = "inbound",
        call_id: str = "call-1",
        operations: Operations | None = None,
        caller: str = "+15550100",
        recorder: Recorder | None = None,
    ) -> None:
        self.operations = operations
        self.recorder = recorder
        self.info = LegInfo(
            *(call_id, caller, "bot", PCMU),
            caller_uri="sip:+15550100@trunk.example:5060",
            callee_uri="sip:bot@there.example",
            domain=Domain("trunk.example", 5060) if direction == "inbound" else Domain("there.example"),
            direction=direction,
        )
        self.rings = asyncio.Event()
        self.refused = False
        self.playout = Playout(PCMU)
        self.sink: LegSink | None = None
        self.did: list[str] = []
        self.sent = bytearray()
        self.gives_up = False
        self.audible = True
        self.outcome = TransferEnded(0.0, False, 486, "Busy Here")

    def connect(self, sink: LegSink) -> None:
        self.sink = sink

    def ring(self) -> None:
        self.did.append("ring")

    def early_media(self) -> bool:
        self.did.append("early media")
        return True

    def hold(self, on: bool) -> None:
        self.did.append("hold" if on else "resume")

    async def answer(self) -> None:
        if self.gives_up:
            self.end("cancelled")
            raise LegClosed("cancelled")
        if self.info.direction == "outbound":
            await self.rings.wait()
            if self.refused:
                raise LegClosed("refused")
        self.did.append("answer")

    def reject(self, status: int, reason: str, retry_after_s: int | None = None) -> None:
        self.did.append(f"reject {status}")

    async def transfer(
        self, target: Address, headers: Mapping[str, str] | None = None, replaces: Leg | None = None
    ) -> TransferEnded:
        self.headers = headers
        self.replaces = replaces
        self.did.append(f"transfer {target}")
        return self.outcome

    async def hang_up(self) -> None:
        if "ended" not in self.did:
            self.end("bot")

    def send_keys(self, keys: str) -> None:
        self.did.append(f"keys {keys}")

    def quality(self) -> MediaQuality:
        return MediaQuality()

    def end(self, reason: str) -> None:
        self.did.append("ended")
        assert self.sink is not None
        self.sink.ended(reason, asyncio.get_running_loop().time())

    def refuse(self, event: CallNotAnswered) -> None:
        """Whom we call does not answer."""
        assert self.sink is not None
        self.sink.fact(event)
        self.end(event.outcome.value)
        self.refused = True
        self.rings.set()

    def pull(self, frames: int) -> bytes:
        sent = b""
        for _ in range(frames):
            at = asyncio.get_running_loop().time()
            frame = self.playout.next_frame(at)
            assert self.sink is not None
            self.sink.sent(frame, at)
            sent += frame
        return sent.strip(b"\xff")


class Ears:
    def __init__(self, on_event: Callable[[Event], None], fails: bool = False) -> None:
        self.on_event = on_event
        self.fails = fails
        self.language = ""
        self.received_bytes = 0
        self.written: list[bytes] = []
        self.urgent: list[bool] = []
        self.phrases: tuple[str, ...] = ()
        self.stopped = False
        self.commits = 0

    async def start(self) -> None:
        if self.fails:
            raise SpeechUnavailable("refused")

    def write(self, payload: bytes, at: float, *, urgent: bool = True) -> None:
        self.received_bytes += len(payload)
        self.urgent.append(urgent)
        self.written.append(payload)

    def result_due(self, start: float, end: float) -> None:
        pass

    def set_phrases(self, phrases: Sequence[str]) -> None:
        self.phrases = tuple(phrases)

    def commit(self) -> bool:
        self.commits += 1
        return True

    async def stop(self) -> None:
        self.stopped = True


class Bot:
    def __init__(self, facts: CallFacts, on_event: Callable[[Event], None]) -> None:
        self.facts = facts
        self.on_event = on_event
        self.told: list[dict[str, Any]] = []
        self.tried: list[dict[str, Any]] = []
        self.answers: dict[str, Sequence[str]] = {}
        self.trial_takes_s = 0.0
        self.closed = ""

    def send(self, request: int, activity: dict[str, Any]) -> None:
        assert request == len(self.told) + 1
        self.told.append(activity)

    async def trial(self, activity: dict[str, Any]) -> list[Event]:
        """``answers``: what the bot would say, by what the caller says."""
        self.tried.append(activity)
        await asyncio.sleep(self.trial_takes_s)
        texts = self.answers.get(activity["text"], ())
        return [BotMessage(asyncio.get_running_loop().time(), 0, text, text) for text in texts]

    async def close(self, reason: str) -> None:
        self.closed = reason


class Mouth:
    """Everything said lasts a second; texts with "slow" are rendered in pieces."""

    failures = 0

    def __init__(self) -> None:
        self.prepared: list[tuple[Speech, Urgency]] = []
        self.held: list[Speech] = []
        self.voices: list[str] = []
        self.languages: list[str] = []
        self.streamed: list[str] = []

    def ready(self, speech: Speech) -> bytes | None:
        self.voices.append(speech.voice)
        self.languages.append(speech.language)
        return None if any(word in speech.text for word in ("slow", "unheard", "at last")) else SECOND

    def prepare(self, speech: Speech, urgency: Urgency) -> HeldPrompt | None:
        """Texts with "cached" are there already."""
        if "cached" in speech.text:
            return None
        self.prepared.append((speech, urgency))
        self.held.append(speech)
        return HeldPrompt(speech, lambda: self.held.remove(speech))

    async def stream(self, speech: Speech) -> AsyncGenerator[bytes, None]:
        self.streamed.append(speech.text)
        if "unheard" in speech.text:
            raise SpeechUnavailable("no voice", permanent=True)
        if "at last" in speech.text and self.failures < 2:
            self.failures += 1
            raise SpeechUnavailable("no voice yet")
        for _ in range(2):
            await asyncio.sleep(0)
            yield SECOND[:4000]


class World:
    """``rules``: fields of :class:`CallRules`."""

    def __init__(
        self,
        records: Path | None = None,
        no_ears: bool = False,
        placed: Placed | None = None,
        *,
        recording: bool = False,
        log_words: bool = False,
        place: CallPlacer | None = None,
        call_id: str = "call-1",
        unfinished: UnfinishedRecords | None = None,
        going_on: GoingOn | None = None,
        operations: Operations | None = None,
        recorder: Recorder | None = None,
        **rules: Any,
    ) -> None:
        self.line = Line("outbound" if placed is not None else "inbound", call_id, operations, recorder=recorder)
        self.ears: Ears
        self.bot: Bot

        self.all_ears: list[Ears] = []

        def recognizer(audio: AudioFormat, on_event: Callable[[Event], None], language: str) -> Ears:
            self.ears = Ears(on_event, no_ears or language == "xx-XX")
            self.ears.language = language
            self.all_ears.append(self.ears)
            return self.ears

        def conversation(facts: CallFacts, on_event: Callable[[Event], None]) -> Bot:
            self.bot = Bot(facts, on_event)
            return self.bot

        self.mouth = Mouth()
        self.to_score: list[tuple[bytes, Callable[[float], None]]] = []
        self.services = CallServices(
            recognizer=recognizer,
            conversation=conversation,
            score_turn=lambda heard, audio, answer: self.to_score.append((heard, answer)),
            audio=PromptAudio(self.mouth, lambda kind, law: CANNED, AudioFiles().audio),
            rules=replace(RULES, **rules),
            keeping=Keeping(records, recording, log_words, unfinished=unfinished),
            place=place or no_calls,
        )
        self.session = CallSession(self.line, self.services, placed, going_on)
        self.task = asyncio.create_task(self.session.run())

    @property
    def now(self) -> float:
        return asyncio.get_running_loop().time()

    async def settle(self) -> None:
        for _ in range(10):
            await asyncio.sleep(0)

    async def greeted(self) -> World:
        await self.settle()
        self.says("Hello, how can I help?")
        await self.settle()
        return self

    def says(self, text: str, hint: InputHint = InputHint.EXPECTING, done: bool = True) -> None:
        request = len(self.bot.told)
        self.bot.on_event(BotMessage(self.now, request, text, text, hint))
        if done:
            self.bot.on_event(BotDone(self.now, request))

    async def caller_says(self, text: str) -> None:
        """Said a second ago, so that all of the turn's deadlines have passed."""
        now = self.now
        self.session.dispatch(SpeechStarted(now, now - 2.0))
        self.session.dispatch(SpeechStopped(now, now - 1.0))
        self.ears.on_event(Final(now, text, now - 2.0, now - 1.0, 0.8))
        await self.settle()

    async def until(self, condition: Callable[[], bool]) -> None:
        await until(condition)

    async def over(self) -> dict[str, Any]:
        async with asyncio.timeout(20):
            await self.task
        assert self.session.record is not None
        return self.session.record
