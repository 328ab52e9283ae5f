"""The interface between the protocol drivers and an engine, which the offline models and the scripted double have."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from voicebot.audio import Samples
from voicebot.localspeech.ssml import SsmlSpan


@dataclass(frozen=True, slots=True)
class Transcript:
    """The result of a decode: display text (``""``: no words), a confidence from 0 to 1, and what may have been said
    instead, the likeliest first. ``spoken``: the words, where they tell more than the text."""

    text: str
    confidence: float = 0.0
    others: tuple[Transcript, ...] = ()
    spoken: str = ""


class DecodeKind(Enum):
    """Why audio is decoded: for a hypothesis, which may be skipped, or for the final result."""

    HYPOTHESIS = "hypothesis"
    FINAL = "final"


@dataclass(frozen=True, slots=True)
class Decode:
    """A request to make words of ``samples`` (-1..1, ``rate`` a second).

    ``phrase`` counts the phrases of the turn that gave words, from 0; ``voiced_s`` is how long somebody has been
    speaking; ``expected`` is the phrase list. ``wanted()`` tells, on any thread, whether it is still worth beginning.
    ``begin``: the place in the stream of the first sample, so that what was computed and written of the same audio
    serves again; None: it is of no stream. The last ``tail`` samples are silence that nobody has heard.
    """

    number: int
    kind: DecodeKind
    samples: Samples
    rate: int
    phrase: int
    voiced_s: float
    expected: tuple[str, ...] = ()
    wanted: Callable[[], bool] = field(default=lambda: True, compare=False)
    begin: int | None = None
    tail: int = 0


class Detector(Protocol):
    """Voice activity of one stream, fed 32 ms at a time."""

    def __call__(self, frame: Samples) -> float:
        """The probability, 0 to 1, that ``frame`` (32 ms) contains speech."""

    def reset(self) -> None:
        """Forget what was heard before."""


class EngineSession(Protocol):
    """The engine's side of one recognition turn."""

    @property
    def detector(self) -> Detector: ...

    async def transcribe(self, decode: Decode) -> Transcript | None:
        """Recognise the words. None if a hypothesis was skipped, or the decode was not wanted any more; never None for
        any other final result."""

    def spoken(self, phrases: int) -> None:
        """Told how many phrases with words have been sent so far."""


class RecognitionEngine(Protocol):
    """Makes sessions. ``service_tag`` names the turn, ``previous_tag`` the turn that it continues after a reconnect."""

    @property
    def quiet_s(self) -> float:
        """The silence after which the final decode begins, because the phrase has probably ended."""

    @property
    def hypothesis_s(self) -> float:
        """How much is spoken from one hypothesis to the next."""

    @property
    def suspects(self) -> bool:
        """Whether a fall of the level is enough to begin the final decode."""

    @property
    def segmentation_s(self) -> float | None:
        """The silence that ends a phrase, instead of the client's value; None: the client's value."""

    @property
    def commits(self) -> bool:
        """Whether a phrase ends where the client says that the speaker has finished."""

    @property
    def final_wait_s(self) -> float:
        """The longest that a final result has waited for its decode to begin, in the last second."""

    def session(self, rate: int, service_tag: str, previous_tag: str) -> EngineSession: ...


class SynthesisEngine(Protocol):
    """Speaks."""

    def stream(self, spans: list[SsmlSpan], rate: int) -> AsyncGenerator[Samples, None]:
        """Audio for ``spans`` at ``rate`` samples per second, in pieces, each as soon as it is ready."""
