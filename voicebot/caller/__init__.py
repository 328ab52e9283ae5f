"""The built-in caller: places a real SIP/RTP call, follows a script, and measures on the wire at the receiving end.

Rules that hold here:

* It knows nothing of the bot it calls: no part of `calls`, `turns` or `bots` is imported, only the leg and the speech
  client, so that what it measures is what any telephone would.
* `script`, `ear`, `mouth` and `measure` are pure; `call` drives one call with them, `load` many.
"""

from voicebot.caller.script import Action, Script, ScriptError, Step, load_script, parse_script

__all__ = ["Action", "Script", "ScriptError", "Step", "load_script", "parse_script"]
