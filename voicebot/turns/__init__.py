"""Who has the floor, the caller or the bot: a pure state machine.

Events and the time go in, commands come out. ``machine.py`` translates events, ``table.py`` decides what follows from
them (docs/turns.md shows it). ``guards.py`` and ``moves.py`` have what the table's words mean for the floor
(``floor.py``); the other files are the parts of its state. Rules:

* No socket, no clock, no await, no logging: everything can be tested on virtual time.
* The machine never forgets a key press, and never leaves the caller in silence: each waiting state has a deadline.
* Recognition results are tagged with the time of the audio that they cover, so that no word is used twice.
"""

from voicebot.turns.call_policy import CallPolicy
from voicebot.turns.commands import (
    Ask,
    AskKind,
    Canned,
    Command,
    Commit,
    Drop,
    Expect,
    HangUp,
    Listen,
    Outcome,
    Overlapped,
    Pause,
    PlaceCall,
    Play,
    Prepare,
    Record,
    Resume,
    ScoreTurn,
    SendKeys,
    Transfer,
    UseVoice,
)
from voicebot.turns.end_of_turn import TurnEnd
from voicebot.turns.machine import TurnMachine
from voicebot.turns.policy import TurnPolicy, numbers_of
from voicebot.turns.table import FloorState

__all__ = [
    "Ask",
    "AskKind",
    "CallPolicy",
    "Canned",
    "Command",
    "Commit",
    "Drop",
    "Expect",
    "FloorState",
    "HangUp",
    "Listen",
    "Outcome",
    "Overlapped",
    "Pause",
    "PlaceCall",
    "Play",
    "Prepare",
    "Record",
    "Resume",
    "ScoreTurn",
    "SendKeys",
    "Transfer",
    "TurnEnd",
    "TurnMachine",
    "TurnPolicy",
    "UseVoice",
    "numbers_of",
]
