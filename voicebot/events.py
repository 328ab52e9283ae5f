"""The call-event vocabulary: everything that can happen in a call, as small frozen facts.

Used by the turn machine (which consumes them), the rooms that produce them, the call's record and the tests.
Rules that hold here:

* An event says what happened, never what to do about it; what to do is a command (`voicebot.turns`).
* ``at`` and every other time is in seconds on the call process's monotonic clock (``loop.time()``), so that times
  from the wire, the recogniser and the bot can be compared; durations end in ``_s``.
* ``request`` numbers what the bot was asked, from 1 in each call; ``0`` is the bot speaking on its own initiative.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from voicebot.address import Address


class InputHint(StrEnum):
    """What may interrupt a prompt: the Bot Framework ``inputHint``, with the Telephony channel's two additions."""

    ACCEPTING = "acceptingInput"
    EXPECTING = "expectingInput"
    IGNORING = "ignoringInput"
    IGNORING_SPEECH = "ignoringSpeechInput"
    IGNORING_NON_SPEECH = "ignoringNonSpeechInput"

    @property
    def speech_interrupts(self) -> bool:
        return self not in (InputHint.IGNORING, InputHint.IGNORING_SPEECH)

    @property
    def keys_interrupt(self) -> bool:
        return self not in (InputHint.IGNORING, InputHint.IGNORING_NON_SPEECH)


@dataclass(frozen=True, slots=True)
class Event:
    """Base of all events; ``at`` is when it was known here."""

    at: float


# --- the leg -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CallAnswered(Event):
    """Media flows both ways (200 sent and acknowledged, or the front end's equivalent)."""


@dataclass(frozen=True, slots=True)
class CallRinging(Event):
    """Whom we call is being alerted. ``status``: the SIP response that said so (180, 182, or 183 without media)."""

    status: int


@dataclass(frozen=True, slots=True)
class EarlyMedia(Event):
    """Audio comes from where we call before anybody has answered: a ringing tone, or an announcement."""

    status: int


class NotReached(StrEnum):
    """Why a call of ours was not answered."""

    BUSY = "busy"
    NO_ANSWER = "no-answer"
    DECLINED = "declined"
    UNREACHABLE = "unreachable"
    """No such number, nobody there to ring, or no way to it."""
    REFUSED = "refused"
    """We may not call there: no or wrong credentials, forbidden, or sent on to another address."""
    CANCELLED = "cancelled"
    """We gave up first: the operator, or the end of the service."""
    ERROR = "error"
    """Something in between failed, or what was answered makes no call."""


@dataclass(frozen=True, slots=True)
class CallNotAnswered(Event):
    """A call of ours has come to nothing. ``status``/``reason``: of the SIP response, 0 when none came."""

    outcome: NotReached
    status: int
    reason: str


@dataclass(frozen=True, slots=True)
class Held(Event):
    """The other side does not listen for now (hold): what we say would be said to nobody."""


@dataclass(frozen=True, slots=True)
class HoldEnded(Event):
    """The other side listens again."""


@dataclass(frozen=True, slots=True)
class HeardEarly(Event):
    """What we say is heard from now on, though we have not answered yet (183 with media)."""


@dataclass(frozen=True, slots=True)
class KeyPressed(Event):
    """One keypad key, by RFC 4733 or another way: one of ``0-9 * # A-D``. Reported once a press."""

    key: str


@dataclass(frozen=True, slots=True)
class LegEnded(Event):
    """The leg is gone. ``reason``: ``caller`` (the other side), ``bot``, ``transfer``, ``media-timeout``, ``error``...

    Of a call of ours that was not answered it is a :class:`NotReached`.
    """

    reason: str


@dataclass(frozen=True, slots=True)
class TransferEnded(Event):
    """How a transfer came out. ``status`` is the last SIP status that the target reported (0: none)."""

    accepted: bool
    status: int
    message: str


# --- voice activity (our own, on the raw frames) -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SpeechStarted(Event):
    """The caller has begun to speak; ``onset`` is the estimated first voiced sample (earlier than ``at``)."""

    onset: float


@dataclass(frozen=True, slots=True)
class SpeechStopped(Event):
    """The caller has been quiet for the detector's hang-over; ``offset`` is the last voiced sample."""

    offset: float


# --- the recogniser ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Hypothesis(Event):
    """What the recogniser believes so far of the phrase being spoken. ``start``/``end``: the audio it covers."""

    text: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Final(Event):
    """The recogniser's last word on one phrase. ``confidence`` 0 to 1, or None where the service gives none."""

    text: str
    start: float
    end: float
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class NoMatch(Event):
    """The recogniser heard speech in ``start``..``end`` but made no words of it."""

    start: float
    end: float


@dataclass(frozen=True, slots=True)
class RecognitionLost(Event):
    """No recognition until :class:`RecognitionRestored`; the recogniser goes on trying by itself."""

    reason: str


@dataclass(frozen=True, slots=True)
class RecognitionRestored(Event):
    """Recognition works again; audio since the last phrase was sent again where the service allows it."""


# --- the bot -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BotMessage(Event):
    """The bot wants something said. ``speak``: SSML, or plain text; ``""`` is silent (nothing is played).

    ``audio``: a WAV file's URL, played in its place (what is to be spoken is, when the file cannot be had).
    """

    request: int
    text: str
    speak: str
    hint: InputHint = InputHint.ACCEPTING
    locale: str = ""
    audio: str = ""


@dataclass(frozen=True, slots=True)
class BotDone(Event):
    """The bot has finished with ``request``: no more messages will come for it."""

    request: int


@dataclass(frozen=True, slots=True)
class BotFailed(Event):
    """The bot did not manage ``request`` (hung, crashed, refused)."""

    request: int
    reason: str


@dataclass(frozen=True, slots=True)
class BotRecovered(Event):
    """A failed bot can be asked again; its conversation goes on from its stored state."""


@dataclass(frozen=True, slots=True)
class KeyCollection:
    """How keys reach the bot: gathered until ``max_keys``, ``end_key`` or ``gap_s`` without one. 1: each by itself."""

    max_keys: int = 1
    end_key: str = "#"
    gap_s: float = 2.0


@dataclass(frozen=True, slots=True)
class BotConfigured(Event):
    """The bot sets expectations for what it hears next: ``phrases`` for the recogniser, patience for silence.

    With ``phrases`` and no ``no_input_s`` the patience is the usual one again. Otherwise None and ``""`` leave what is.
    ``end_silence_s``: quiet that ends the caller's turn (0: the usual). ``no_input_speech`` is said to a silent caller
    in the bot's place, unless ``no_input_event``; after ``no_input_retries`` the call ends. A bot that thinks for
    longer than ``masking_s`` is covered by ``masking_text``. ``no_input_audio``: a WAV file's URL in the place of
    ``no_input_speech``. ``hypotheses``: the bot wants to know what is being said while it is said. ``listening``: False
    keeps the caller's voice from the recogniser.
    """

    phrases: tuple[str, ...] | None = None
    no_input_s: float | None = None
    barge_in: bool | None = None
    keys_barge_in: bool | None = None
    barge_in_words: int | None = None
    end_silence_s: float | None = None
    no_input_speech: str | None = None
    no_input_audio: str | None = None
    no_input_event: bool | None = None
    no_input_retries: int | None = None
    keys: KeyCollection | None = None
    language: str = ""
    voice: str = ""
    masking_s: float | None = None
    masking_text: str = ""
    hypotheses: bool | None = None
    listening: bool | None = None


@dataclass(frozen=True, slots=True)
class MetadataTold(Event):
    """What the bot wants kept of this call: plain JSON, for the record."""

    content: Any = field(hash=False)


@dataclass(frozen=True, slots=True)
class SilenceAsked(Event):
    """The bot takes back what it said and the caller has not heard yet."""


@dataclass(frozen=True, slots=True)
class KeysAsked(Event):
    """The bot presses keys towards the caller's side, once what it said before has been heard."""

    keys: str


class RecordingAction(StrEnum):
    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class RecordingAsked(Event):
    """The bot commands the recording of the call; ``command`` is what it calls this command."""

    action: RecordingAction
    command: str = ""


@dataclass(frozen=True, slots=True)
class RecordingChanged(Event):
    """What became of a :class:`RecordingAsked`; ``error`` is empty when it was carried out."""

    action: RecordingAction
    command: str
    error: str = ""


@dataclass(frozen=True, slots=True)
class HangUpAsked(Event):
    """The bot ends the call, once what it said has been heard."""

    reason: str = "completed"


@dataclass(frozen=True, slots=True)
class TransferAsked(Event):
    """The bot hands the caller on, once what it said has been heard. ``target``: None leaves it to the settings."""

    target: Address | None
    context: dict[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class CallAsked(Event):
    """The bot wants somebody called, in a call of its own. ``command`` is what it calls this wish.

    ``trunk``, ``bot``: by which trunk and for which bot, ``""`` for the usual; ``context``: what that bot is told.
    """

    target: Address
    trunk: str = ""
    bot: str = ""
    command: str = ""
    context: dict[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class CallTold(Event):
    """What became of a :class:`CallAsked`: ``state`` is ``answered`` or ``ended``, or why it came to nothing.

    ``call_id``: of that call, empty when none was placed; ``target``: None when what the bot wanted called is no
    address; ``status``/``reason`` as in :class:`CallNotAnswered`.
    """

    state: str
    call_id: str
    target: Address | None
    command: str = ""
    status: int = 0
    reason: str = ""


# --- playback (what left on the wire) ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PlaybackStarted(Event):
    """The first packet of utterance ``utterance`` left."""

    utterance: int


@dataclass(frozen=True, slots=True)
class PlaybackEnded(Event):
    """The last packet of the utterance left. ``heard_s`` of it were sent; ``complete``: that was all of it."""

    utterance: int
    heard_s: float
    complete: bool


@dataclass(frozen=True, slots=True)
class PlaybackFailed(Event):
    """The utterance could not be rendered; ``heard_s`` of it had been sent."""

    utterance: int
    heard_s: float
    reason: str
