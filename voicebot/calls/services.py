"""What a call needs from outside: the shared services, the makers of its own parts, and the rules of the settings."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, Protocol

from voicebot.audio import AudioFormat
from voicebot.bots import CallFacts, Conversation
from voicebot.calls.playback import PromptAudio
from voicebot.calls.request import CallRequest
from voicebot.calls.transferring import TransferRules
from voicebot.events import Event
from voicebot.records import Losses, UnfinishedRecords
from voicebot.sip import Ladders
from voicebot.speech import SharedDetector, Voices
from voicebot.trace_context import CallTrace
from voicebot.turns import TurnPolicy

BeforeAnswer = Literal["ring", "greeting"]
"""``ring``: 180, then the answer, then the greeting. ``greeting``: 183, then the greeting, then the answer."""

CallPlacer = Callable[[CallRequest, Callable[[str, int, str], None]], Awaitable[str]]
"""Places a call and returns its id. The function is the call's observer (:class:`~voicebot.calls.request.Placed`).

Raises :class:`~voicebot.calls.request.CannotCall`."""


TurnScoring = Callable[[bytes, AudioFormat, Callable[[float], None]], None]
"""``score(heard, audio, answer)``: how likely it is, by the sound of the last :data:`HEARD_S` seconds, that the caller
has finished. ``answer`` gets the probability within 150 ms, on the event loop; it is not called if there is none by
then."""
HEARD_S: Final = 8.0


class CallRecognizer(Protocol):
    """What a call needs of its recogniser: :class:`voicebot.speech.Recognizer`."""

    async def start(self) -> None:
        """Connect. Raises :class:`~voicebot.speech.SpeechUnavailable`."""

    def write(self, payload: bytes, at: float, *, urgent: bool = True) -> None:
        """20 ms of audio that came at ``at``, on the loop's clock; kept while there is no connection. Never blocks.
        ``urgent``: somebody speaks, or may have begun to."""

    def result_due(self, start: float, end: float) -> None:
        """Speech was heard from ``start`` to ``end``, of which the service must report something."""

    def set_phrases(self, phrases: Sequence[str]) -> None:
        """Expect these phrases from now on, or some 100 ms later."""

    def commit(self) -> bool:
        """Ask for the final result now. False: it cannot be asked, and comes by itself."""

    async def stop(self) -> None:
        """Release everything, within seconds. Nothing is reported after that."""


@dataclass(frozen=True, slots=True)
class CallRules:
    """The rules for all calls. ``language`` and ``voice_name``: those at the beginning of a call; ``voices``: those of
    other languages, if there are any.

    ``before_answer(trunk)``: what callers hear before the answer, by trunk (``""``: by none).
    """

    policy: TurnPolicy
    transfers: TransferRules
    language: str
    voice_name: str
    vad_start_ms: int
    vad_echo_gate_dbfs: float
    max_duration_s: float
    before_answer: Callable[[str], BeforeAnswer]
    voices: Voices | None = None


@dataclass(frozen=True, slots=True)
class Keeping:
    """What is stored of calls. ``records``: the folder for records and recordings; None: nothing is stored.

    ``recording``: whether calls are recorded from their beginning. ``log_words``: whether the log may show what callers
    say and press. ``losses``: what could not be stored. ``unfinished``: where the records of running calls
    are kept; None: nowhere. ``ladders()``: the SIP messages of calls; None: they are not kept.
    """

    records: Path | None
    recording: bool
    log_words: bool
    losses: Losses = field(default_factory=Losses)
    unfinished: UnfinishedRecords | None = None
    ladders: Callable[[], Ladders | None] = lambda: None


@dataclass(frozen=True, slots=True)
class CallServices:
    """What all calls share. ``recognizer(audio, on_event, language)`` and ``conversation(facts, on_event)`` make the
    recogniser and the conversation of one call; ``bot_for(facts)``: the name of the bot that it is with. ``detector``:
    of the voice activity of all of them. ``silenced()``: whether another process may have the calls, so that nothing
    may follow from what comes now. ``trace(call, part)``: see :class:`~voicebot.trace_context.CallTrace`; None: it has
    none."""

    recognizer: Callable[[AudioFormat, Callable[[Event], None], str], CallRecognizer]
    conversation: Callable[[CallFacts, Callable[[Event], None]], Conversation]
    score_turn: TurnScoring
    audio: PromptAudio
    rules: CallRules
    keeping: Keeping
    place: CallPlacer
    detector: SharedDetector = field(default_factory=SharedDetector)
    silenced: Callable[[], bool] = lambda: False
    bot_for: Callable[[CallFacts], str] = lambda facts: facts.bot
    trace: Callable[[str, int], CallTrace | None] = lambda _call, _part: None
