"""Who has the floor: a pure state machine with named policies.

Events and the time go in, commands come out. Rules that hold here:

* No socket, no clock, no await, no logging: barge-in is tested with a table and virtual time.
* The machine never forgets a key press and never leaves the caller in silence: each state that waits has a deadline.
* What the recogniser says is tagged by the audio that it covers, so that no word is used twice.
"""

from voicebot.turns.commands import (
    Ask,
    AskKind,
    Canned,
    Command,
    Drop,
    Expect,
    HangUp,
    Listen,
    Pause,
    PlaceCall,
    Play,
    Record,
    Resume,
    SendKeys,
    Transfer,
    UseVoice,
)
from voicebot.turns.heard import heard_text
from voicebot.turns.listening import CallerTurn, Listening
from voicebot.turns.machine import TurnMachine
from voicebot.turns.policy import TurnPolicy
from voicebot.turns.state import State

__all__ = [
    "Ask",
    "AskKind",
    "CallerTurn",
    "Canned",
    "Command",
    "Drop",
    "Expect",
    "HangUp",
    "Listen",
    "Listening",
    "Pause",
    "PlaceCall",
    "Play",
    "Record",
    "Resume",
    "SendKeys",
    "State",
    "Transfer",
    "TurnMachine",
    "TurnPolicy",
    "UseVoice",
    "heard_text",
]
