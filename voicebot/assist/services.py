"""What a call between people needs from outside: the shared services, and the rules of the settings."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

from voicebot.assist.analysis import Analysis
from voicebot.assist.languages import Languages
from voicebot.assist.redaction import RedactionPolicy
from voicebot.audio import AudioFormat
from voicebot.events import Event
from voicebot.records import Losses
from voicebot.speech import SharedDetector


class PartyRecognizer(Protocol):
    """What a party's hearing needs of its recogniser: :class:`voicebot.speech.Recognizer`."""

    async def start(self) -> None:
        """Connect. Raises :class:`~voicebot.speech.SpeechUnavailable`."""

    def write(self, payload: bytes, at: float, *, urgent: bool = True) -> None:
        """20 ms of audio that came at ``at``, on the loop's clock; kept while there is no connection. Never blocks.
        ``urgent``: somebody speaks, or may have begun to."""

    def result_due(self, start: float, end: float) -> None:
        """Speech was heard from ``start`` to ``end``, of which the service must report something."""

    def commit(self) -> bool:
        """Ask for the final result now. False: it cannot be asked, and comes by itself."""

    async def stop(self) -> None:
        """Release everything, within seconds. Nothing is reported after that."""


MakeRecognizer = Callable[[AudioFormat, Callable[[Event], None], str], PartyRecognizer]
"""``recognizer(audio, on_event, language)``."""

EarlierCall = Callable[[str], Awaitable[Mapping[str, Any] | None]]
"""The record of one of our bot's calls, by its id, as soon as there is one; None: there is none. Never raises."""


@dataclass(frozen=True, slots=True)
class AssistRules:
    """The rules for all calls between people.

    ``pause_s``: how long a rule may pause the listening.
    """

    languages: Languages = field(default_factory=Languages)
    redaction: RedactionPolicy = field(default_factory=RedactionPolicy)
    pause_s: float = 45.0


@dataclass(frozen=True, slots=True)
class AssistServices:
    """What all calls between people share. ``analysis``: None: there is none. ``records``: the folder for records and
    recordings; None: nothing is kept. ``recording``: whether calls are recorded. ``losses``: what could not be kept.
    ``earlier``: None: calls are not joined with those of our bot. ``detector``: of the voice activity of all calls.
    """

    recognizer: MakeRecognizer
    rules: AssistRules
    analysis: Analysis | None = None
    records: Path | None = None
    recording: bool = False
    losses: Losses = field(default_factory=Losses)
    earlier: EarlierCall | None = None
    detector: SharedDetector = field(default_factory=SharedDetector)


MAX_S: Final = 4 * 3600.0
"""How long a call may be, so that one whose end got lost ends."""
