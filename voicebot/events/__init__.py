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

from voicebot.events.bot import (
    AbortPromptsAsked,
    BotDone,
    BotFailed,
    BotMessage,
    BotRecovered,
    CallAsked,
    CallConfigured,
    HangUpAsked,
    InputHint,
    KeyCollection,
    KeysAsked,
    MetadataSent,
    PlacedCallChanged,
    RecordingAction,
    RecordingAsked,
    RecordingChanged,
    TransferAsked,
)
from voicebot.events.event import Event
from voicebot.events.leg import (
    CallAnswered,
    CallNotAnswered,
    CallRinging,
    EarlyMediaReceived,
    EarlyMediaSent,
    HoldEnded,
    HoldStarted,
    KeyPressed,
    LegEnded,
    NotReached,
    TransferEnded,
)
from voicebot.events.playback import PlaybackEnded, PlaybackFailed, PlaybackStarted
from voicebot.events.speech import (
    Final,
    Hypothesis,
    NoMatch,
    RecognitionLost,
    RecognitionRestored,
    SpeechStarted,
    SpeechStopped,
)

__all__ = [
    "AbortPromptsAsked",
    "BotDone",
    "BotFailed",
    "BotMessage",
    "BotRecovered",
    "CallAnswered",
    "CallAsked",
    "CallConfigured",
    "CallNotAnswered",
    "CallRinging",
    "EarlyMediaReceived",
    "EarlyMediaSent",
    "Event",
    "Final",
    "HangUpAsked",
    "HoldEnded",
    "HoldStarted",
    "Hypothesis",
    "InputHint",
    "KeyCollection",
    "KeyPressed",
    "KeysAsked",
    "LegEnded",
    "MetadataSent",
    "NoMatch",
    "NotReached",
    "PlacedCallChanged",
    "PlaybackEnded",
    "PlaybackFailed",
    "PlaybackStarted",
    "RecognitionLost",
    "RecognitionRestored",
    "RecordingAction",
    "RecordingAsked",
    "RecordingChanged",
    "SpeechStarted",
    "SpeechStopped",
    "TransferAsked",
    "TransferEnded",
]
