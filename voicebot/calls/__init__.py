"""A call from INVITE to the record it leaves.

Rules that hold here:

* A session decides nothing: `turns` does. It carries events one way and commands the other.
* Everything a call made is closed when its leg has ended, each with a deadline; then the record is written.
* Nothing here knows which front end, speech service or bot it talks to.
"""

from voicebot.calls.audio_files import AudioFiles
from voicebot.calls.losses import Losses
from voicebot.calls.outbound import Outbound
from voicebot.calls.playback import PromptAudio, PromptVoice
from voicebot.calls.record import RecordBuilder
from voicebot.calls.recording import Recording
from voicebot.calls.registry import Calls
from voicebot.calls.request import CallRequest, CannotCall, Placed
from voicebot.calls.services import CallPlacer, CallRecognizer, CallRules, CallServices, Keeping
from voicebot.calls.session import CallSession
from voicebot.calls.transferring import TransferRules

__all__ = [
    "AudioFiles",
    "CallPlacer",
    "CallRecognizer",
    "CallRequest",
    "CallRules",
    "CallServices",
    "CallSession",
    "Calls",
    "CannotCall",
    "Keeping",
    "Losses",
    "Outbound",
    "Placed",
    "PromptAudio",
    "PromptVoice",
    "RecordBuilder",
    "Recording",
    "TransferRules",
]
