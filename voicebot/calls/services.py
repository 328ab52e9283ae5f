"""What calls are made of: what they share, what makes each call's own, and the rules that the settings give them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from voicebot.audio import AudioFormat
from voicebot.bots import CallFacts, Conversation
from voicebot.calls.losses import Losses
from voicebot.calls.playback import PromptAudio
from voicebot.calls.request import CallRequest
from voicebot.calls.transferring import TransferRules
from voicebot.events import Event
from voicebot.turns import TurnPolicy

BeforeAnswer = Literal["ring", "greeting"]
"""``ring``: 180, then the answer and the greeting; ``greeting``: 183, the greeting, and then the answer."""

CallPlacer = Callable[[CallRequest, Callable[[str, int, str], None]], Awaitable[str]]
"""Places a call and returns its id. The function is told what becomes of it.

Raises :class:`~voicebot.calls.request.CannotCall`."""


class CallRecognizer(Protocol):
    """What a call needs of its recogniser: :class:`voicebot.speech.Recognizer`."""

    async def start(self) -> None: ...

    def write(self, payload: bytes, at: float) -> None: ...

    def result_due(self, start: float, end: float) -> None: ...

    def set_phrases(self, phrases: Sequence[str]) -> None: ...

    async def stop(self) -> None: ...


@dataclass(frozen=True, slots=True)
class CallRules:
    """What holds for every call. ``language`` and ``voice_name`` are those that it begins with.

    ``before_answer(trunk)``: what callers by a trunk (``""``: by none) hear before we answer.
    """

    policy: TurnPolicy
    transfers: TransferRules
    language: str
    voice_name: str
    vad_start_ms: int
    vad_echo_gate_dbfs: float
    max_duration_s: float
    before_answer: Callable[[str], BeforeAnswer]


@dataclass(frozen=True, slots=True)
class Keeping:
    """What is kept of calls: ``records``, the folder of their records (None: none), and of their recordings if wanted.

    ``log_words``: whether what callers say and press may stand in the log; ``losses``: what could not be kept.
    """

    records: Path | None
    recording: bool
    log_words: bool
    losses: Losses = field(default_factory=Losses)


@dataclass(frozen=True, slots=True)
class CallServices:
    """What all calls share.

    ``recognizer(audio, on_event, language)`` and ``conversation(facts, on_event)`` make a call's own.
    """

    recognizer: Callable[[AudioFormat, Callable[[Event], None], str], CallRecognizer]
    conversation: Callable[[CallFacts, Callable[[Event], None]], Conversation]
    audio: PromptAudio
    rules: CallRules
    keeping: Keeping
    place: CallPlacer
