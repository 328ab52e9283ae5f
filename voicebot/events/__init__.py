"""The events of a call: everything that can happen in it, as small frozen values.

The part that notices something makes the event; the turn machine, the call's record and the tests read it. Rules:

* An event says what happened, not what to do about it; that is a command (`voicebot.turns`). An event whose name ends
  in ``Asked`` is something that the bot wants done.
* ``at`` and all other times are seconds on the call process's monotonic clock (``loop.time()``), so that times from the
  wire, the recogniser and the bot can be compared. Durations end in ``_s``.
* ``request`` is the number of a request to the bot, from 1 in each call; ``0`` is the bot acting on its own initiative.
* Only the caller *hears*: ``heard_s`` is how much of a prompt was sent. The recogniser *recognises* words, voice
  activity *detects* speech, a packet or a response is *received*.
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
    MessageAnnounced,
    MetadataSent,
    PlacedCallChanged,
    RecordingAction,
    RecordingAsked,
    RecordingChanged,
    StepReached,
    TransferAsked,
)
from voicebot.events.event import Event
from voicebot.events.expected import AnswerKind, ExpectedAnswer, Pace
from voicebot.events.leg import (
    TAKEN,
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
    Alternative,
    Final,
    Hypothesis,
    NoMatch,
    RecognitionLost,
    RecognitionRestored,
    SpeechDoubted,
    SpeechMayStart,
    SpeechStarted,
    SpeechStopped,
    TurnScored,
)

__all__ = [
    "TAKEN",
    "AbortPromptsAsked",
    "Alternative",
    "AnswerKind",
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
    "ExpectedAnswer",
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
    "MessageAnnounced",
    "MetadataSent",
    "NoMatch",
    "NotReached",
    "Pace",
    "PlacedCallChanged",
    "PlaybackEnded",
    "PlaybackFailed",
    "PlaybackStarted",
    "RecognitionLost",
    "RecognitionRestored",
    "RecordingAction",
    "RecordingAsked",
    "RecordingChanged",
    "SpeechDoubted",
    "SpeechMayStart",
    "SpeechStarted",
    "SpeechStopped",
    "StepReached",
    "TransferAsked",
    "TransferEnded",
    "TurnScored",
]
