"""What calls are made of: what they share, what makes each call's own, and the rules that the settings give them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from voicebot.audio import AudioFormat
from voicebot.bots import CallFacts, Conversation
from voicebot.calls.playback import PromptAudio
from voicebot.calls.request import CallRequest, CannotCall
from voicebot.calls.transferring import TransferRules
from voicebot.events import Event
from voicebot.turns import TurnPolicy

BeforeAnswer = Literal["ring", "greeting"]
"""``ring``: 180, then the answer and the greeting; ``greeting``: 183, the greeting, and then the answer."""

CallPlacer = Callable[[CallRequest, Callable[[str, int, str], None]], Awaitable[str]]
"""Places a call and returns its id; raises :class:`CannotCall`. The function is told what becomes of it."""


async def _no_calls(_request: CallRequest, _observer: Callable[[str, int, str], None]) -> str:
    raise CannotCall("forbidden", "no calls are placed here")


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

    policy: TurnPolicy = field(default_factory=TurnPolicy)
    transfers: TransferRules = field(default_factory=TransferRules)
    language: str = "en-US"
    voice_name: str = ""
    vad_start_ms: int = 64
    vad_echo_gate_dbfs: float = -40.0
    max_duration_s: float = 3600.0
    before_answer: Callable[[str], BeforeAnswer] = lambda _trunk: "ring"


@dataclass(frozen=True, slots=True)
class Keeping:
    """What is kept of calls: ``records``, the folder of their records (None: none), and of their recordings if wanted.

    ``log_words``: whether what callers say and press may stand in the log.
    """

    records: Path | None = None
    recording: bool = False
    log_words: bool = False


@dataclass(frozen=True, slots=True)
class CallServices:
    """What all calls share.

    ``recognizer(audio, on_event, language)`` and ``conversation(facts, on_event)`` make a call's own.
    """

    recognizer: Callable[[AudioFormat, Callable[[Event], None], str], CallRecognizer]
    conversation: Callable[[CallFacts, Callable[[Event], None]], Conversation]
    audio: PromptAudio
    rules: CallRules = field(default_factory=CallRules)
    keeping: Keeping = field(default_factory=Keeping)
    place: CallPlacer = _no_calls
