"""An answer in virtual time: the real voice activity detection, recogniser and turn machine, without calls and clocks.

What takes time on a machine takes what :class:`Costs` say, so that the same code gives the same figures whatever else
the machine does. What is left out is what cannot differ: the network, the SDK, the bot, and the voice of the answer.
"""

from __future__ import annotations

import heapq
import itertools
import json
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from bench.floor.caller import Mixer
from bench.floor.sounds import Samples, Sound, as_int16
from bench.floor.virtual_recogniser import VirtualRecogniser
from voicebot.audio import FRAME_S, PCMU
from voicebot.audio.smart_turn import SmartTurn
from voicebot.events import (
    BotDone,
    BotMessage,
    CallAnswered,
    CallConfigured,
    Event,
    Hypothesis,
    NoMatch,
    PlaybackEnded,
    PlaybackStarted,
    SpeechStarted,
    SpeechStopped,
    TurnScored,
)
from voicebot.events import (
    Final as FinalResult,
)
from voicebot.localspeech.recognition import TICKS, ServiceMessage
from voicebot.speech import NoiseGate, VoiceActivity
from voicebot.speech.recognition_results import alternatives
from voicebot.speech.recognition_session import PORTIONS
from voicebot.speechsdk.drivers import AT_ONCE_S
from voicebot.turns import Ask, AskKind, Command, Commit, Play, ScoreTurn, TurnMachine, TurnPolicy

LANGUAGE: Final = "en-US"
LEAD_S: Final = 1.0
"""From the end of the question to the sound of the answer."""
LISTENS_S: Final = 4.0
"""How long after the sound the bot may still be asked."""
_URGENT_S: Final = 0.85
"""How long after a voice what is heard is handed on at once."""
_HEARD_S: Final = 8.0
_REQUEST: Final = 1
_QUESTIONS: Final = (AskKind.SPEECH, AskKind.NO_MATCH)


@dataclass(frozen=True, slots=True)
class Costs:
    """How long things take, in seconds. ``slow``: by how much longer decodes and scores take than alone on two cores.
    ``to_service``, ``from_service``: on the way to the recogniser and back; ``reply``: from the end of the turn to the
    first packet of a reply that was made ready."""

    slow: float = 1.0
    to_service: float = 0.008
    from_service: float = 0.008
    score: float = 0.06
    reply: float = 0.03


@dataclass(frozen=True, slots=True)
class Asked:
    """The bot is asked at ``at``; ``noticed`` and ``dated``: when voice activity told the end of the voice, and the end
    that it told; ``result``: when the last result of the recogniser came."""

    ask: Ask
    at: float
    noticed: float | None
    dated: float | None
    result: float | None


@dataclass(slots=True)
class Question:
    """What the bot sends with a question, as events at 0 s."""

    events: list[Event]

    @property
    def phrases(self) -> tuple[str, ...]:
        told = [event.phrases for event in self.events if isinstance(event, CallConfigured)]
        return next((phrases for phrases in reversed(told) if phrases is not None), ())


@dataclass(slots=True)
class _Noted:
    noticed: float | None = None
    dated: float | None = None
    result: float | None = None
    lines: list[str] = field(default_factory=list)


class VirtualCall:
    """One answer to one question. ``noise``: heard all the time."""

    def __init__(
        self,
        question: Question,
        recogniser: VirtualRecogniser,
        scorer: SmartTurn,
        costs: Costs,
        policy: TurnPolicy,
        noise: Samples | None = None,
    ) -> None:
        self.asked: Asked | None = None
        self._question = question
        self._scorer = scorer
        self._costs = costs
        self._mixer = Mixer(noise)
        self._now = 0.0
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._machine = TurnMachine(policy, LANGUAGE)
        self._activity = VoiceActivity(PCMU)
        self._gate = NoiseGate(PCMU)
        self._turn = recogniser.turn(question.phrases, self._after, self._said)
        self._heard: deque[bytes] = deque(maxlen=round(_HEARD_S / FRAME_S))
        self._portion: list[bytes] = []
        self._written = 0
        self._urgent_until = 0.0
        self._onset = 0.0
        self._noted = _Noted()

    @property
    def notes(self) -> list[str]:
        """What happened, a line for each event."""
        return self._noted.lines

    def hear(self, sound: Sound) -> tuple[float, float]:
        """Let ``sound`` be the answer. Returns when its first and last audible samples came; see :attr:`asked`."""
        self._begin()
        lead = round(LEAD_S / FRAME_S)
        for frame in range(lead + sound.frames + round(LISTENS_S / FRAME_S)):
            at = (frame + 1) * FRAME_S
            if frame == lead:
                self._mixer.play(sound.samples)
            self._until(at)
            self._frame(PCMU.encode(as_int16(self._mixer.frame())), at)
            if self.asked is not None and self.asked.at > LEAD_S + sound.offset_s:
                break
        onset, offset = (
            (lead + int(seconds / FRAME_S) + 1) * FRAME_S for seconds in (sound.onset_s, sound.offset_s - 1e-6)
        )
        return onset, offset

    # --- time ---------------------------------------------------------------------------------------------------------

    def _after(self, seconds: float, function: Callable[[], None]) -> float:
        at = self._now + seconds
        heapq.heappush(self._due, (at, next(self._numbers), function))
        return at

    def _until(self, at: float) -> None:
        while True:
            wake = self._machine.deadline
            first = self._due[0][0] if self._due else at
            if wake is not None and wake <= min(first, at):
                self._now = max(self._now, wake)
                self._carry_out(self._machine.wake(self._now))
            elif self._due and first <= at:
                self._now, _, function = heapq.heappop(self._due)
                function()
            else:
                break
        self._now = at

    # --- what is heard ------------------------------------------------------------------------------------------------

    def _frame(self, payload: bytes, at: float) -> None:
        activity = self._activity
        doubtful = activity.doubtful
        events = activity.hear(payload, at)
        if events is None:
            events = activity.scored(activity.stream.score())
        for event in events:
            if isinstance(event, SpeechStarted):
                self._onset, doubtful = event.onset, True
        callers = activity.speaking or (doubtful and not activity.others)
        frames = self._gate.frame(payload, at, self._onset if callers else None if activity.ignores() else at)
        for passed, spoken in frames:
            self._write(passed, spoken)
        for event in events:
            if isinstance(event, SpeechStopped):
                self._noted.noticed, self._noted.dated = self._now, event.offset
            self._tell(event)

    def _write(self, payload: bytes, at: float) -> None:
        self._heard.append(payload)
        if self._activity.may_speak:
            self._urgent_until = at + _URGENT_S
        self._portion.append(payload)
        self._written += len(payload)
        size = round(AT_ONCE_S * PCMU.byte_rate) * (1 if at <= self._urgent_until else PORTIONS)
        if self._written % size < len(payload):
            self._hand_on()

    def _hand_on(self) -> None:
        audio, self._portion = b"".join(self._portion), []
        if audio:
            self._after(self._costs.to_service, partial(self._turn.audio, PCMU.floats(audio)))

    def _said(self, message: ServiceMessage) -> None:
        """The recogniser says something."""
        self._after(self._costs.from_service, partial(self._result, message))

    def _result(self, message: ServiceMessage) -> None:
        event = _event(message, self._now)
        if event is not None:
            self._noted.result = self._now
            self._tell(event)

    # --- the machine --------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        self._carry_out(self._machine.start())
        for event in self._question.events:
            self._tell(event)
        self._tell(BotDone(0.0, _REQUEST))
        self._tell(CallAnswered(0.0))

    def _tell(self, event: Event) -> None:
        if not isinstance(event, BotMessage | CallConfigured):
            self._noted.lines.append(f"{self._now:6.3f} {event}")
        self._carry_out(self._machine.handle(event))

    def _carry_out(self, commands: Sequence[Command]) -> None:
        for command in commands:
            match command:
                case Play(utterance=number):
                    self._after(0.0, partial(self._played, number, over=False))
                    self._after(0.1, partial(self._played, number, over=True))
                case Commit():
                    self._hand_on()
                    self._after(self._costs.to_service, partial(self._turn.commit, "1"))
                case ScoreTurn(offset=offset):
                    score = self._scorer(b"".join(self._heard), PCMU)
                    self._after(self._costs.score * self._costs.slow, partial(self._scored, offset, score))
                case Ask(kind=kind) if kind in _QUESTIONS and self.asked is None:
                    noted = self._noted
                    self.asked = Asked(command, self._now, noted.noticed, noted.dated, noted.result)

    def _played(self, number: int, *, over: bool) -> None:
        now = self._now
        self._tell(PlaybackEnded(now, number, 9.0, complete=True) if over else PlaybackStarted(now, number))

    def _scored(self, offset: float, probability: float) -> None:
        self._tell(TurnScored(self._now, offset, probability))


def _event(message: ServiceMessage, now: float) -> Event | None:
    body: dict[str, Any] = message.body
    if message.path not in ("speech.hypothesis", "speech.phrase"):
        return None
    start = body["Offset"] / TICKS
    end = start + body["Duration"] / TICKS
    if message.path == "speech.hypothesis":
        return Hypothesis(now, body["Text"], start, end)
    if body["RecognitionStatus"] != "Success":
        return NoMatch(now, start, end)
    best, *others = alternatives(json.dumps(body))
    return FinalResult(now, best.text, start, end, best.confidence, tuple(others))
