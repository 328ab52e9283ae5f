"""The call-event vocabulary: everything that can happen in a call, as small frozen facts.

The rooms that notice something make them; the turn machine, the call's record and the tests read them. Rules:

* An event says what happened, never what to do about it; what to do is a command (`voicebot.turns`). Names that end in
  ``Asked`` are what the bot wants done.
* ``at`` and every other time is in seconds on the call process's monotonic clock (``loop.time()``), so that times
  from the wire, the recogniser and the bot can be compared; durations end in ``_s``.
* ``request`` numbers what the bot was asked, from 1 in each call; ``0`` is the bot speaking on its own initiative.
* ``heard`` is said of the caller only: how much of a prompt left on the wire (``heard_s``). The recogniser *recognises*
  words, voice activity *detects* speech, a packet or a response is *received*.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from voicebot.address import Address


class InputHint(StrEnum):
    """What may interrupt a prompt: the Bot Framework ``inputHint``, with the Telephony channel's two additions.

    The first two let anything interrupt, ``IGNORING`` nothing, ``IGNORING_SPEECH`` only keys,
    ``IGNORING_NON_SPEECH`` only speech.
    """

    ACCEPTING = "acceptingInput"
    EXPECTING = "expectingInput"
    IGNORING = "ignoringInput"
    IGNORING_SPEECH = "ignoringSpeechInput"
    IGNORING_NON_SPEECH = "ignoringNonSpeechInput"

    @property
    def speech_interrupts(self) -> bool:
        """Whether the caller's voice may interrupt the prompt."""
        return self not in (InputHint.IGNORING, InputHint.IGNORING_SPEECH)

    @property
    def keys_interrupt(self) -> bool:
        """Whether a key press may interrupt the prompt."""
        return self not in (InputHint.IGNORING, InputHint.IGNORING_NON_SPEECH)


@dataclass(frozen=True, slots=True)
class Event:
    """Base of all events; ``at`` is when it was known here."""

    at: float


# --- the leg -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CallAnswered(Event):
    """The call is answered, by us or by whom we called: media flows both ways."""


@dataclass(frozen=True, slots=True)
class CallRinging(Event):
    """The phone that we call is ringing. ``status``: the SIP response that said so (180, 182, 183 without media)."""

    status: int


@dataclass(frozen=True, slots=True)
class EarlyMediaReceived(Event):
    """Audio comes from where we call before anybody has answered: a ringing tone, or an announcement.

    ``status``: of the SIP response that announced it (183, or 180 with a session description).
    """

    status: int


class NotReached(StrEnum):
    """Why a call that we placed was not answered."""

    BUSY = "busy"
    NO_ANSWER = "no-answer"
    DECLINED = "declined"
    UNREACHABLE = "unreachable"
    """No such number, nobody there to ring, or no way to it."""
    REFUSED = "refused"
    """We may not call there: credentials missing or wrong, forbidden, or redirected to another address."""
    CANCELLED = "cancelled"
    """We gave up first: the operator did, or the service ended."""
    ERROR = "error"
    """Something on the way failed, or the answer cannot be used."""


@dataclass(frozen=True, slots=True)
class CallNotAnswered(Event):
    """A call that we placed was not answered. ``status``/``reason``: of the SIP response; 0 when none came."""

    outcome: NotReached
    status: int
    reason: str


@dataclass(frozen=True, slots=True)
class HoldStarted(Event):
    """The other side has put us on hold (RFC 3264, section 8.4): it does not hear what we say."""


@dataclass(frozen=True, slots=True)
class HoldEnded(Event):
    """The other side has taken us off hold."""


@dataclass(frozen=True, slots=True)
class EarlyMediaSent(Event):
    """The caller hears what we say from now on, though we have not answered yet (183 with a session description)."""


@dataclass(frozen=True, slots=True)
class KeyPressed(Event):
    """One press of a keypad key, ``0-9 * # A-D``: by RFC 4733, SIP INFO or as a tone in the audio."""

    key: str


@dataclass(frozen=True, slots=True)
class LegEnded(Event):
    """The leg is gone. ``reason``: ``caller`` (the other side), ``bot``, ``transfer``, ``media-timeout``, ``error``...

    Of a call that we placed and nobody answered: the value of a :class:`NotReached`.
    """

    reason: str


@dataclass(frozen=True, slots=True)
class TransferEnded(Event):
    """A transfer has succeeded or failed. ``status``/``message``: the target's last SIP status (0: none), and why."""

    accepted: bool
    status: int
    message: str


# --- voice activity (our own, on the raw frames) -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SpeechStarted(Event):
    """The caller has begun to speak. ``onset``: estimated time of the first voiced sample (earlier than ``at``)."""

    onset: float


@dataclass(frozen=True, slots=True)
class SpeechStopped(Event):
    """The caller has been quiet for the detector's hang-over. ``offset``: the time of the last voiced sample."""

    offset: float


# --- the recogniser ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Hypothesis(Event):
    """What the recogniser makes of the phrase being spoken, so far. ``start``/``end``: the audio that it covers."""

    text: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Final(Event):
    """The recogniser's final result for one phrase. ``confidence``: 0 to 1, or None where the service gives none."""

    text: str
    start: float
    end: float
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class NoMatch(Event):
    """The recogniser found speech in ``start``..``end`` but no words in it."""

    start: float
    end: float


@dataclass(frozen=True, slots=True)
class RecognitionLost(Event):
    """No recognition until :class:`RecognitionRestored`; the recogniser goes on trying by itself."""

    reason: str


@dataclass(frozen=True, slots=True)
class RecognitionRestored(Event):
    """Recognition works again; the audio since the last phrase was sent again where the service allows it."""


# --- the bot -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BotMessage(Event):
    """The bot wants something said. ``speak``: SSML, or plain text; ``""``: nothing is spoken.

    ``audio``: the URL of a WAV file that is played instead; when it cannot be had, ``speak`` is spoken. ``text`` is
    what is written down of it.
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
    """The bot has not carried out ``request``: it hung, crashed or refused."""

    request: int
    reason: str


@dataclass(frozen=True, slots=True)
class BotRecovered(Event):
    """A bot that had failed can be asked again; the conversation goes on from its stored state."""


@dataclass(frozen=True, slots=True)
class KeyCollection:
    """How keys reach the bot: collected until ``max_keys``, ``end_key``, or ``gap_s`` without a key.

    With ``max_keys`` 1 each key is told by itself.
    """

    max_keys: int = 1
    end_key: str = "#"
    gap_s: float = 2.0


@dataclass(frozen=True, slots=True)
class CallConfigured(Event):
    """The bot sets how its call goes on. None and ``""`` leave a setting as it is.

    * ``phrases``: what the recogniser should expect next. With ``phrases`` and no ``no_input_s``, the latter is the
      usual one again.
    * ``no_input_s``: silence after which the bot is told. ``no_input_audio`` (URL of a WAV file) or ``no_input_speech``
      is played instead, unless ``no_input_event``; after ``no_input_retries`` of them the call ends.
    * ``barge_in``, ``keys_barge_in``: whether voice, or keys, may interrupt prompts; ``barge_in_words``: how many words
      it takes.
    * ``end_silence_s``: quiet that ends the caller's turn (0: the usual).
    * ``keys``: how they are collected.
    * ``language``, ``voice``: spoken with, and listened in, from now on.
    * ``masking_s``, ``masking_text``: a bot that takes longer than this is covered by these words.
    * ``hypotheses``: whether the bot is told what is being said while it is said.
    * ``listening``: False keeps the caller's voice from the recogniser.
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
class MetadataSent(Event):
    """The bot has sent data about this call, to be kept in its record: plain JSON."""

    content: Any = field(hash=False)


@dataclass(frozen=True, slots=True)
class AbortPromptsAsked(Event):
    """The bot takes back what it has said and the caller has not heard yet."""


@dataclass(frozen=True, slots=True)
class KeysAsked(Event):
    """The bot wants keys sent to the caller's side, after what it said before them has been played."""

    keys: str


class RecordingAction(StrEnum):
    """What can be done to the recording of a call."""

    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class RecordingAsked(Event):
    """The bot wants the call's recording changed. ``command``: the bot's own name for this wish, or ``""``."""

    action: RecordingAction
    command: str = ""


@dataclass(frozen=True, slots=True)
class RecordingChanged(Event):
    """What became of a :class:`RecordingAsked`. ``error``: why it was not carried out, or ``""``."""

    action: RecordingAction
    command: str
    error: str = ""


@dataclass(frozen=True, slots=True)
class HangUpAsked(Event):
    """The bot wants the call ended, after what it said has been played."""

    reason: str = "completed"


@dataclass(frozen=True, slots=True)
class TransferAsked(Event):
    """The bot wants the caller transferred, after what it said has been played.

    ``target``: None is where the settings say. ``headers``: SIP headers for the target. ``attended``: whether it is
    called first, and hears ``announcement``; None is as the settings say.
    """

    target: Address | None
    headers: Mapping[str, str] = field(default_factory=dict, hash=False)
    attended: bool | None = None
    announcement: str = ""


@dataclass(frozen=True, slots=True)
class CallAsked(Event):
    """The bot wants somebody called, in another call. ``command``: the bot's own name for this wish, or ``""``.

    ``trunk``, ``bot``: by which trunk and for which bot (``""``: the usual one); ``context``: what that bot is told.
    """

    target: Address
    trunk: str = ""
    bot: str = ""
    command: str = ""
    context: dict[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class PlacedCallChanged(Event):
    """What became of the call of a :class:`CallAsked`.

    ``state``: ``answered``, ``ended``, ``refused``, or the value of a :class:`NotReached`; ``call_id``: of that call,
    ``""`` when none was placed; ``target``: None when what the bot wanted called is no address; ``status``/``reason``
    as in :class:`CallNotAnswered`.
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
    """The first packet of the utterance has left."""

    utterance: int


@dataclass(frozen=True, slots=True)
class PlaybackEnded(Event):
    """No more of the utterance is sent. ``heard_s``: seconds of it that were; ``complete``: that was all of it."""

    utterance: int
    heard_s: float
    complete: bool


@dataclass(frozen=True, slots=True)
class PlaybackFailed(Event):
    """The utterance could not be rendered. ``heard_s``: seconds of it that had been sent by then."""

    utterance: int
    heard_s: float
    reason: str
