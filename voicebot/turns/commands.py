"""What the turn machine asks of the call: the only ways in which it acts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from voicebot.address import Address
from voicebot.events import CallAsked, PlacedCallChanged, RecordingAction, TransferEnded


class AskKind(StrEnum):
    """Why the bot is asked."""

    START = "start"
    SPEECH = "speech"
    KEY = "key"
    NO_INPUT = "no-input"
    NO_MATCH = "no-match"
    INTERRUPTED = "interrupted"
    TRANSFER_RESULT = "transfer-result"
    COMMAND_RESULT = "command-result"
    PLACED_CALL = "call-told"
    AUDIO_FAILED = "audio-failed"
    RESUME = "resume"
    HYPOTHESIS = "hypothesis"


class Canned(StrEnum):
    """Prompts that need neither bot nor speech service: they are shipped as audio."""

    SPEECH_SERVICE = "speech-service"
    TRANSFER = "transfer"
    BOT = "bot"
    WAIT = "wait"
    GOODBYE = "goodbye"


@dataclass(frozen=True, slots=True)
class Ask:
    """Tell the bot something, as its ``request``-th activity in this call (from 1, in order).

    ``text`` is the words (SPEECH, HYPOTHESIS), the key (KEY) or what was heard of an interrupted turn (INTERRUPTED);
    ``count`` the consecutive no-inputs or no-matches; ``heard_s`` belongs to INTERRUPTED, ``transfer`` to
    TRANSFER_RESULT. Of a COMMAND_RESULT, ``text`` is the error, or ``""``, and ``command`` what the bot called it; of
    AUDIO_FAILED, ``text`` is the URL. PLACED_CALL carries ``call``, what became of a call that the bot wanted placed.
    """

    request: int
    kind: AskKind
    text: str = ""
    confidence: float | None = None
    count: int = 0
    heard_s: float = 0.0
    action: RecordingAction | None = None
    command: str = ""
    call: PlacedCallChanged | None = None
    transfer: TransferEnded | None = None


@dataclass(frozen=True, slots=True)
class Play:
    """Render ``speak`` (SSML or text) and queue it behind what is playing.

    ``canned`` replaces it where it is given, and so does ``audio``, the URL of a WAV file, as long as it can be had.
    """

    utterance: int
    request: int
    text: str
    speak: str
    locale: str = ""
    canned: Canned | None = None
    audio: str = ""


@dataclass(frozen=True, slots=True)
class Pause:
    """Stop sending within one frame; what was queued stays queued."""


@dataclass(frozen=True, slots=True)
class Resume:
    """Go on where :class:`Pause` stopped."""


@dataclass(frozen=True, slots=True)
class Drop:
    """Stop sending within one frame and forget what was queued; every utterance ends with ``PlaybackEnded``."""


@dataclass(frozen=True, slots=True)
class Expect:
    """Bias the recogniser towards ``phrases`` for what comes next."""

    phrases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Listen:
    """Recognise the caller, or do not: then nothing that is said reaches the speech service."""

    on: bool


@dataclass(frozen=True, slots=True)
class UseVoice:
    """Speak with this voice, and speak and listen in this language, from now on; ``""`` leaves what is."""

    name: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class SendKeys:
    """Press keys towards the caller's side."""

    keys: str


@dataclass(frozen=True, slots=True)
class Record:
    """Start, pause, resume or stop the recording; ``RecordingChanged`` follows."""

    action: RecordingAction
    command: str


@dataclass(frozen=True, slots=True)
class PlaceCall:
    """Call somebody, in a call of its own; ``PlacedCallChanged`` follows, at least once."""

    asked: CallAsked


@dataclass(frozen=True, slots=True)
class Transfer:
    """Transfer the caller, as in ``TransferAsked``; ``TransferEnded`` follows."""

    target: Address
    headers: Mapping[str, str] = field(default_factory=dict, hash=False)
    attended: bool = False
    announcement: str = ""


@dataclass(frozen=True, slots=True)
class HangUp:
    """End the call; ``LegEnded`` follows."""

    reason: str


Command = (
    Ask | Play | Pause | Resume | Drop | Expect | Listen | UseVoice | SendKeys | Record | PlaceCall | Transfer | HangUp
)
