"""What a call is made of that it shares with others, or gets made for it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from voicebot.audio import AudioFormat
from voicebot.bots import CallFacts, Conversation
from voicebot.calls.audio_files import AudioFiles, is_local
from voicebot.calls.playback import Voice
from voicebot.calls.remote_audio import fetch_audio
from voicebot.calls.request import CallRequest, CannotCall
from voicebot.calls.transferring import TransferRules
from voicebot.events import Event
from voicebot.turns import TurnPolicy

BeforeAnswer = Literal["ring", "greeting"]
"""``ring``: 180, then the answer and the greeting; ``greeting``: 183, the greeting, and then the answer."""

Place = Callable[[CallRequest, Callable[[str, int, str], None]], Awaitable[str]]
"""Places a call and returns its id; raises :class:`CannotCall`. The function is told what becomes of it."""


async def _no_calls(_request: CallRequest, _observer: Callable[[str, int, str], None]) -> str:
    raise CannotCall("forbidden", "no calls are placed here")


class Recognition(Protocol):
    """What a call needs of its recogniser: :class:`voicebot.speech.Recognizer`."""

    async def start(self) -> None: ...

    def write(self, payload: bytes, at: float) -> None: ...

    def result_due(self, start: float, end: float) -> None: ...

    def set_phrases(self, phrases: Sequence[str]) -> None: ...

    async def stop(self) -> None: ...


@dataclass(frozen=True, slots=True)
class CallServices:
    """What all calls share.

    ``recognition(audio, on_event, language)`` and ``conversation(facts, on_event)`` make a call's own. ``log_words``:
    whether what callers say and press may stand in the log.
    """

    recognition: Callable[[AudioFormat, Callable[[Event], None], str], Recognition]
    conversation: Callable[[CallFacts, Callable[[Event], None]], Conversation]
    voice: Voice
    canned_audio: Callable[[str, AudioFormat], bytes]
    policy: TurnPolicy = field(default_factory=TurnPolicy)
    audio_files: AudioFiles = field(default_factory=AudioFiles)
    language: str = "en-US"
    voice_name: str = ""
    vad_start_ms: int = 64
    vad_echo_gate_dbfs: float = -40.0
    max_duration_s: float = 3600.0
    records: Path | None = None
    recording: bool = False
    transfers: TransferRules = field(default_factory=TransferRules)
    place: Place = _no_calls
    log_words: bool = False
    before_answer: Callable[[str], BeforeAnswer] = lambda _trunk: "ring"
    """What callers by a trunk hear before we answer."""

    async def audio_at(self, url: str, audio: AudioFormat) -> bytes:
        """The file that a bot names: of its own dialogs, or of the network. Raises ``SpeechUnavailable``."""
        return await (self.audio_files.audio(url, audio) if is_local(url) else fetch_audio(url, audio))
