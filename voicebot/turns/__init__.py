"""Who has the floor: a pure state machine with named policies.

Events and the time go in, commands come out. ``machine.py`` tells the parts what an event means, ``table.py`` decides
what follows from it (docs/turns.md shows it), ``floor.py`` carries that out; the other files are the parts. Rules:

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
from voicebot.turns.machine import TurnMachine
from voicebot.turns.policy import TurnPolicy
from voicebot.turns.table import FloorState

__all__ = [
    "Ask",
    "AskKind",
    "Canned",
    "Command",
    "Drop",
    "Expect",
    "FloorState",
    "HangUp",
    "Listen",
    "Pause",
    "PlaceCall",
    "Play",
    "Record",
    "Resume",
    "SendKeys",
    "Transfer",
    "TurnMachine",
    "TurnPolicy",
    "UseVoice",
]
