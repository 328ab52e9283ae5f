"""A call, from the INVITE to its record.

Rules of this package:

* Only :mod:`voicebot.turns` decides. A session passes events to it and carries out its commands.
* When its leg has ended, a call closes everything that it has opened, each with a deadline, and writes its record.
* Nothing here knows which front end, speech service or bot it talks to.
"""

from voicebot.calls.audio_files import AudioFiles
from voicebot.calls.going_on import GoingOn
from voicebot.calls.outbound import Outbound
from voicebot.calls.playback import PromptAudio
from voicebot.calls.record import RecordBuilder
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
    "GoingOn",
    "Keeping",
    "Outbound",
    "Placed",
    "PromptAudio",
    "RecordBuilder",
    "TransferRules",
]
