"""What the Speech SDK does for us, as the event loop sees it: one driver for each recogniser and synthesiser.

A driver decides nothing. It opens, takes audio or text, reports, and is released. The :class:`SpeechSdk` that makes the
drivers determines in which process the SDK runs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final, Protocol

from voicebot.audio import AudioFormat
from voicebot.speechsdk.endpoint import SpeechEndpoint

AT_ONCE_S: Final = 0.040
"""How much audio goes to the service at a time. By itself the SDK sends 100 ms, so that a word's last sound waits up to
100 ms before it leaves. 40 ms costs 0.18 % of a core more for each call (measured: 0.53 against 0.71 %) and saves 30 ms
on average, 60 ms at most."""


MAX_SCORE_S: Final = 0.150
"""A score of a turn that takes longer is not told: the turn is decided without it."""
MAX_SCORES: Final = 3
"""How many scores are worked on at a time. One takes some 50 ms, so that a fourth would come too late."""

MAX_TEXT: Final = 4000
"""Characters of a phrase: five minutes of speech. The rest of a longer one is left out: every call waits while it is
read."""
MAX_DETAIL: Final = 64 << 10
"""Characters of what the service says besides; it has some hundreds."""


class RecognitionSignal(Enum):
    """What a recogniser reports."""

    CONNECTED = "connected"
    DISCONNECTED = "disconnected"
    CANCELED = "canceled"
    SPEECH_DETECTED = "speech-detected"
    HYPOTHESIS = "hypothesis"
    FINAL = "final"
    NO_MATCH = "no-match"


@dataclass(frozen=True, slots=True)
class RecognitionReport:
    """One signal with its facts: ``offset``/``duration`` in 100 ns on the stream's clock, ``text`` of
    :data:`MAX_TEXT` and ``detail`` of :data:`MAX_DETAIL` characters at the most."""

    signal: RecognitionSignal
    text: str = ""
    offset: int = 0
    duration: int = 0
    detail: str = ""
    permanent: bool = False


class SynthesisSignal(Enum):
    """What a synthesiser reports. ``LOST``: the process in which it ran has ended."""

    CONNECTED = "connected"
    DISCONNECTED = "disconnected"
    STARTED = "started"
    CHUNK = "chunk"
    COMPLETED = "completed"
    CANCELED = "canceled"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class SynthesisReport:
    """One signal with its facts. ``result_id``: of the utterance, as the SDK names it; ``audio``: of a chunk."""

    signal: SynthesisSignal
    result_id: str = ""
    audio: bytes = b""
    detail: str = ""
    permanent: bool = False


@dataclass(frozen=True, slots=True)
class RecognitionOptions:
    """What a recogniser asks the service for."""

    audio: AudioFormat
    language: str
    phrases: tuple[str, ...]
    segmentation_silence_ms: int


class SdkRecognitionDriver(Protocol):
    """One SDK recogniser with its audio stream. All methods are called on the event loop and return soon."""

    async def open(self, endpoint: SpeechEndpoint) -> None:
        """Begin to recognise; the connection is reported by ``CONNECTED``. Raises what the SDK does."""
        ...

    def write(self, audio: bytes) -> None:
        """Append to the stream; never waits for the network. May raise ``RuntimeError``: the stream is broken."""
        ...

    def commit(self) -> bool:
        """Ask the service to finish the phrase with the audio written so far (advisory; ``audio.commit``)."""
        ...

    async def refresh_token(self, endpoint: SpeechEndpoint) -> None:
        """Give the recogniser a fresh Entra token, for its own reconnections."""
        ...

    def release(self) -> asyncio.Future[None]:
        """Stop and let go of everything: nothing is reported after this. Harmless when done already."""
        ...


class SdkSynthesisDriver(Protocol):
    """One SDK synthesiser with its connection; renders one utterance at a time."""

    async def open(self, endpoint: SpeechEndpoint, connect: bool) -> None:
        """Make it. ``connect``: open its connection now, which ``CONNECTED`` reports; else the first utterance does."""
        ...

    async def begin(self, ssml: str) -> None:
        """Start rendering. Raises ``RuntimeError`` when the SDK refuses."""
        ...

    def release(self) -> asyncio.Future[None]:
        """Stop at once and let go of everything: nothing is reported after this. Harmless when done already."""
        ...


class SpeechSdk(Protocol):
    """The SDK: makes drivers. What they report comes on the event loop."""

    def recognition(
        self, options: RecognitionOptions, report: Callable[[RecognitionReport], None]
    ) -> SdkRecognitionDriver: ...

    def synthesis(self, audio: AudioFormat, report: Callable[[SynthesisReport], None]) -> SdkSynthesisDriver: ...
