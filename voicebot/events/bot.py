"""What a bot says, and what it asks of the call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from voicebot.address import Address
from voicebot.events.event import Event
from voicebot.events.expected import ExpectedAnswer, Pace


class InputHint(StrEnum):
    """What may interrupt a prompt: the Bot Framework's ``inputHint``, with the two values of its Telephony channel.

    With ``ACCEPTING`` and ``EXPECTING`` speech and keys interrupt, with ``IGNORING`` nothing does, with
    ``IGNORING_SPEECH`` only keys do, with ``IGNORING_NON_SPEECH`` only speech.
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
class BotMessage(Event):
    """The bot wants something said. ``speak``: SSML or plain text; ``""`` if nothing is to be spoken.

    ``audio``: the URL of a WAV file to be played instead; if it cannot be fetched, ``speak`` is spoken. ``text``: what
    the record and the transcript show.
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
class StepReached(Event):
    """Our own dialogs tell where the call is in them after ``request``. What is None instead of a text is private.

    ``step``: the one that waits, or ran last, as ``dialog.step``; ``path``: those that ran, in their order. ``took``:
    what the caller's answer was taken for, in a word or two, and its ``value``. ``variables``: of that dialog, by name;
    None: the same as before. ``dialogs``: the version that the call has, if it is known; empty also where it is the
    same as before.
    """

    request: int
    step: str
    path: tuple[str, ...] = ()
    took: str = ""
    value: str | None = ""
    variables: Mapping[str, str | None] | None = field(default=None, hash=False)
    dialogs: str = ""


@dataclass(frozen=True, slots=True)
class BotFailed(Event):
    """The bot did not answer ``request``: it hung, crashed or refused."""

    request: int
    reason: str


@dataclass(frozen=True, slots=True)
class BotRecovered(Event):
    """A bot that had failed can be asked again; it has the conversation's stored state. ``words_lost``: the process of
    the call had failed, too, and something that the caller or the bot was saying may be lost with it."""

    words_lost: bool = False


@dataclass(frozen=True, slots=True)
class KeyCollection:
    """How keys are passed to the bot: collected until there are ``max_keys``, until ``end_key``, or until no key has
    come for ``gap_s``. With ``max_keys`` 1, each key is passed on at once.
    """

    max_keys: int = 1
    end_key: str = "#"
    gap_s: float = 2.0


@dataclass(frozen=True, slots=True)
class CallConfigured(Event):
    """The bot changes settings for the rest of its call. None and ``""`` leave a setting as it is.

    * ``phrases``: what the recogniser should expect next. If ``phrases`` is given without ``no_input_s``, the latter is
      reset to its default; without ``answer``, nothing is known of the answer.
    * ``answer``: what the next answer looks like, by which it is told whether more of it is to come.
    * ``pace``: how soon the caller's turn is over, until ``phrases`` are given without it.
    * ``no_input_s``: silence after which the bot is told. If ``no_input_audio`` (URL of a WAV file) or
      ``no_input_speech`` is set, that is played instead, unless ``no_input_event`` is true. After ``no_input_retries``
      silences in a row, the next one ends the call.
    * ``barge_in``, ``keys_barge_in``: whether speech, or keys, may interrupt prompts; ``barge_in_words``: with how many
      words.
    * ``end_silence_s``: the quiet that ends the caller's turn (0: the default).
    * ``keys``: how keys are collected.
    * ``late_end_key``: a key that still ends what was keyed in before ("123456", and then ``#`` out of habit). If it is
      the next one, and comes within a few seconds of the last, it is ignored, and interrupts nothing.
    * ``language``, ``voice``: of synthesis, and ``language`` also of recognition, from now on.
    * ``masking_s``, ``masking_text``, ``masking_audio``: if the bot takes longer than this to answer, the caller hears
      this text, or this WAV file; ``masking_retries``: how many more times. ``bot_give_up_s``: if it takes longer than
      this, the call ends as after too many failures (0: never).
    * ``still_there``: what the caller hears, text or SSML, when the call went on in another process and words may be
      lost; ``""``: nothing.
    * ``hypotheses``: whether the bot gets the recogniser's hypotheses while the caller is speaking.
    * ``listening``: if False, the caller's voice is not recognised.
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
    answer: ExpectedAnswer | None = None
    pace: Pace | None = None
    late_end_key: str = ""
    language: str = ""
    voice: str = ""
    masking_s: float | None = None
    masking_text: str = ""
    masking_audio: str | None = None
    masking_retries: int | None = None
    bot_give_up_s: float | None = None
    still_there: str | None = None
    hypotheses: bool | None = None
    listening: bool | None = None


@dataclass(frozen=True, slots=True)
class MetadataSent(Event):
    """The bot has sent data for this call's record. ``content``: plain JSON."""

    content: Any = field(hash=False)


@dataclass(frozen=True, slots=True)
class MessageAnnounced(Event):
    """The bot will say more, after a while: it is not the caller's turn yet."""


@dataclass(frozen=True, slots=True)
class AbortPromptsAsked(Event):
    """The bot takes back what it has said but the caller has not heard yet."""


@dataclass(frozen=True, slots=True)
class KeysAsked(Event):
    """The bot wants keys sent to the other side, after what it said before them has been played."""

    keys: str


class RecordingAction(StrEnum):
    """What can be done to the recording of a call."""

    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class RecordingAsked(Event):
    """The bot wants the recording started, paused, ... ``command``: the bot's id for this request, or ``""``."""

    action: RecordingAction
    command: str = ""


@dataclass(frozen=True, slots=True)
class RecordingChanged(Event):
    """The outcome of a :class:`RecordingAsked`. ``error``: why it was not carried out, ``""`` if it was.
    ``recording``: the id of a recording that the platform of the call makes; ``""``: it is ours."""

    action: RecordingAction
    command: str
    error: str = ""
    recording: str = ""


@dataclass(frozen=True, slots=True)
class HangUpAsked(Event):
    """The bot wants the call ended, after what it said has been played."""

    reason: str = "completed"


@dataclass(frozen=True, slots=True)
class TransferAsked(Event):
    """The bot wants the caller transferred, after what it said has been played.

    ``target``: None for the target in the settings. ``headers``: SIP headers for the target. ``attended``: whether the
    target is called first and hears ``announcement``; None to do as the settings say.
    """

    target: Address | None
    headers: Mapping[str, str] = field(default_factory=dict, hash=False)
    attended: bool | None = None
    announcement: str = ""


@dataclass(frozen=True, slots=True)
class CallAsked(Event):
    """The bot wants another call placed. ``command``: the bot's id for this request, or ``""``.

    ``trunk``, ``bot``: through which trunk and for which bot (``""``: the default); ``context``: data for that bot.
    """

    target: Address
    trunk: str = ""
    bot: str = ""
    command: str = ""
    context: dict[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class PlacedCallChanged(Event):
    """The call of a :class:`CallAsked` has reached another state.

    ``state``: ``answered``, ``ended``, ``refused``, or the value of a :class:`NotReached`. ``call``: its id, ``""`` if
    none was placed. ``target``: None if the bot gave no valid address. ``status``/``reason``: as in
    :class:`CallNotAnswered`.
    """

    state: str
    call: str
    target: Address | None
    command: str = ""
    status: int = 0
    reason: str = ""
