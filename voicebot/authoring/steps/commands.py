"""What callers may ask at any question: help, to hear it again, more slowly, an agent, to start over. It costs no try.

An agent, and starting over, leave the question where the main file says where to; what comes here is asked in vain.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from voicebot.authoring import channel
from voicebot.authoring.model import AGENT, LEAVING, Prompt
from voicebot.authoring.steps.outcome import Ending
from voicebot.authoring.turn import Turn

COMMAND = "command"
"""What is noted of an answer that was one."""
Again = Callable[[Turn], Awaitable[None]]
"""Asks the open question again."""
Speak = Callable[[Turn, Prompt], Awaitable[None]]
"""Says what asks for an answer."""


async def answer_command(turn: Turn, what: str, own_help: Prompt | None, again: Again, speak: Speak) -> bool:
    """Answer what callers ask; False: nothing is known of ``what``. ``own_help``: that of the open question."""
    commands = turn.script.main.globals
    if what == AGENT and turn.call.get("fallback"):
        await turn.speak(turn.script.usual["transfer"], barge_in=False)
        await channel.transfer_to_fallback(turn.context)
    elif what in LEAVING:
        await without_command(turn, what, again)
    elif what == "help":
        usual = commands.help.message if commands.help is not None else None
        prompt = own_help or turn.script.header.defaults.help or usual
        await (again(turn) if prompt is None else speak(turn, prompt))
    elif what in ("repeat", "slower"):
        command = commands.repeat
        if what == "slower":
            turn.call["slow"], command = True, commands.slower
        if command is not None and command.message is not None:
            await turn.speak(command.message)
        await again(turn)
    else:
        return False
    return True


async def without_command(turn: Turn, what: str, again: Again) -> Ending:
    """There is no ``what`` of :data:`~voicebot.authoring.model.LEAVING` here: say so, and ask again."""
    await turn.speak(turn.script.usual["no_agent" if what == AGENT else "no_menu"])
    await again(turn)
    return Ending.WAITS
