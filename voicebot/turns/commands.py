"""The commands by which the turn machine acts on the call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from voicebot.address import Address
from voicebot.events import Alternative, CallAsked, InputHint, PlacedCallChanged, RecordingAction, TransferEnded
from voicebot.turns.end_of_turn import TurnEnd


class AskKind(StrEnum):
    """What a request to the bot is about."""

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


class Outcome(StrEnum):
    """What became of a sound over a prompt."""

    INTERRUPTION = "interruption"
    """The prompt was dropped. With all others it went on."""
    BACK_CHANNEL = "back-channel"
    """The caller only showed to be listening."""
    UNCONFIRMED = "unconfirmed"
    """There were words, but too few, or the recogniser was not sure of them."""
    ECHO = "echo"
    """The words were the bot's own."""
    NOISE = "noise"
    """There were no words, or none that say anything."""


class Canned(StrEnum):
    """Prompts of our own, which need neither bot nor speech service: recordings are part of the package."""

    SPEECH_SERVICE = "speech-service"
    TRANSFER = "transfer"
    BOT = "bot"
    WAIT = "wait"
    GOODBYE = "goodbye"


@dataclass(frozen=True, slots=True)
class Ask:
    """Send the bot a request. ``request``: its number in this call, from 1.

    The other fields, by kind:

    * SPEECH, HYPOTHESIS: ``text`` has the words; SPEECH also has ``confidence``, in ``others`` what may have been said
      instead, and in ``prompt_heard`` how much of the bot's last message had been played when the caller began to
      speak, from 0 to 1.
    * SPEECH, NO_MATCH: ``ended`` is why the caller's turn was over; None: a key ended it.
    * KEY: ``text`` is the key.
    * INTERRUPTED: ``text`` and ``heard_s`` say what was heard of the interrupted turn.
    * NO_INPUT, NO_MATCH: ``count`` is how many there were in a row.
    * TRANSFER_RESULT: ``transfer`` has the outcome, ``text`` its reason.
    * COMMAND_RESULT: ``action`` and ``command`` say which recording command it is about; ``text`` is the error, or
      ``""``.
    * PLACED_CALL: ``call`` is the new state of a call that the bot wanted placed.
    * AUDIO_FAILED: ``text`` is the URL.
    """

    request: int
    kind: AskKind
    text: str = ""
    confidence: float | None = None
    others: tuple[Alternative, ...] = ()
    prompt_heard: float = 1.0
    count: int = 0
    heard_s: float = 0.0
    action: RecordingAction | None = None
    command: str = ""
    call: PlacedCallChanged | None = None
    transfer: TransferEnded | None = None
    ended: TurnEnd | None = None


@dataclass(frozen=True, slots=True)
class Play:
    """Synthesise ``speak`` (SSML or text) and queue it behind what is playing.

    If given, ``canned`` is played instead, or ``audio``, the URL of a WAV file, if it can be fetched. ``hint``: what
    may interrupt it.
    """

    utterance: int
    request: int
    text: str
    speak: str
    locale: str = ""
    canned: Canned | None = None
    audio: str = ""
    hint: InputHint = InputHint.ACCEPTING


@dataclass(frozen=True, slots=True)
class Pause:
    """Stop playing within one frame; what is queued stays queued."""


@dataclass(frozen=True, slots=True)
class Resume:
    """Continue where :class:`Pause` stopped."""


@dataclass(frozen=True, slots=True)
class Drop:
    """Stop playing within one frame, and drop what is queued; every utterance ends with ``PlaybackEnded``."""


@dataclass(frozen=True, slots=True)
class Overlapped:
    """Nothing is to be done: for the record, what became of a sound over a prompt. ``began``: the sound; ``text``: the
    words that were recognised."""

    began: float
    outcome: Outcome
    text: str = ""


@dataclass(frozen=True, slots=True)
class Expect:
    """Make the recogniser expect ``phrases`` from now on."""

    phrases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Commit:
    """Have the recogniser finish the phrase now, because the caller is quiet for long enough. If the service can do so,
    its ``Final`` comes sooner than by its own segmentation."""


@dataclass(frozen=True, slots=True)
class ScoreTurn:
    """Find out by the sound of the voice whether the caller, quiet since ``offset``, has finished; if that can be told,
    ``TurnScored`` follows."""

    offset: float


@dataclass(frozen=True, slots=True)
class Prepare:
    """The caller's turn may be over with ``text``: have the bot's reply to it made ready, without playing it, and
    without any effect on the conversation. ``prompt_heard``: as in :class:`Ask`."""

    text: str
    prompt_heard: float = 1.0


@dataclass(frozen=True, slots=True)
class Listen:
    """Recognise the caller, or not: then no audio of the caller is sent to the speech service."""

    on: bool


@dataclass(frozen=True, slots=True)
class UseVoice:
    """Use this voice for synthesis, and this language for synthesis and recognition; ``""``: no change."""

    name: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class SendKeys:
    """Send keypad keys to the other side."""

    keys: str


@dataclass(frozen=True, slots=True)
class Record:
    """Start, pause, resume or stop the recording; ``RecordingChanged`` follows."""

    action: RecordingAction
    command: str


@dataclass(frozen=True, slots=True)
class PlaceCall:
    """Place another call; ``PlacedCallChanged`` follows, at least once."""

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
    Ask
    | Play
    | Pause
    | Resume
    | Drop
    | Overlapped
    | Expect
    | Commit
    | ScoreTurn
    | Prepare
    | Listen
    | UseVoice
    | SendKeys
    | Record
    | PlaceCall
    | Transfer
    | HangUp
)
