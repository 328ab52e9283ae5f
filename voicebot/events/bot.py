"""What a bot says, and what it asks of the call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from voicebot.address import Address
from voicebot.events.event import Event


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

    ``state``: ``answered``, ``ended``, ``refused``, or the value of a :class:`NotReached`; ``call``: its id,
    ``""`` when none was placed; ``target``: None when what the bot wanted called is no address; ``status``/``reason``
    as in :class:`CallNotAnswered`.
    """

    state: str
    call: str
    target: Address | None
    command: str = ""
    status: int = 0
    reason: str = ""
