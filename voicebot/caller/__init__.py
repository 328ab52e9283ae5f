"""The built-in caller: places a real SIP/RTP call, follows a script, and measures on the wire at the receiving end.

Rules of this package:

* It knows nothing of the bot that it calls. It imports no part of `calls`, `turns` or `bots`, only the leg and what
  recognises and synthesises speech, so that it measures what any telephone would.
* `script`, `two_people`, `ear`, `mouth` and `measure` are pure; `conversation` follows a script on an answered leg,
  `following` makes the call and its report around that, `call` dials by SIP, `load` places many calls; `forking` plays
  a call between two people to a recording server.
"""

from voicebot.caller.call import Phone, place_call
from voicebot.caller.following import Dial, follow
from voicebot.caller.forking import ForkOptions, ForkReport, fork_call
from voicebot.caller.load import LoadReport, place_many
from voicebot.caller.measure import CallFigures, Spread, summary
from voicebot.caller.options import CallOptions
from voicebot.caller.report import CallAudio, CallReport, TranscriptLine, TurnReport
from voicebot.caller.script import Action, CallScript, ScriptStep, load_script, parse_script
from voicebot.caller.script_values import ScriptError
from voicebot.caller.two_people import TwoPeople, load_two_people
from voicebot.caller.voice import CallNotTried

__all__ = [
    "Action",
    "CallAudio",
    "CallFigures",
    "CallNotTried",
    "CallOptions",
    "CallReport",
    "CallScript",
    "Dial",
    "ForkOptions",
    "ForkReport",
    "LoadReport",
    "Phone",
    "ScriptError",
    "ScriptStep",
    "Spread",
    "TranscriptLine",
    "TurnReport",
    "TwoPeople",
    "follow",
    "fork_call",
    "load_script",
    "load_two_people",
    "parse_script",
    "place_call",
    "place_many",
    "summary",
]
