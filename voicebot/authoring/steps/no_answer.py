"""What callers hear who have not answered a question, or not yet, and when it has failed.

State of the question: ``misses`` counts the tries that are used up; ``waits``, how often callers have asked for a
moment; ``waiting``: they have it now.
"""

from __future__ import annotations

from voicebot.authoring.answers.answer import Unclear
from voicebot.authoring.model import Prompt
from voicebot.authoring.steps.commands import Again, Speak
from voicebot.authoring.turn import Turn, nth

TRIES = 3
MOMENT_S = 20.0
"""How long a silence may be after "one moment, please", before the question is asked again."""
MOST_WAITS = 3
"""How often callers may ask for a moment at one question without using up a try."""


def was_last_try(turn: Turn, tries: int | None) -> bool:
    """Count a try. ``tries``: how many the question has; None: as many as the file's defaults say."""
    turn.state["misses"] = turn.state.get("misses", 0) + 1
    return bool(turn.state["misses"] >= (tries or turn.script.header.defaults.tries or TRIES))


async def ask_again(turn: Turn, own: list[Prompt], again: Again, speak: Speak, *, silent: bool) -> None:
    """Nobody has said anything (``silent``), or it was not understood. ``own``: what the question has for it, instead
    of the question."""
    misses, defaults = turn.state["misses"], turn.script.header.defaults
    if own:
        await speak(turn, nth(own, misses))
        return
    usual = (defaults.no_input if silent else defaults.no_match) or defaults.retry
    await turn.speak(nth(usual, misses) if usual else turn.script.usual["sorry"])
    await again(turn)


async def ask_what_is_meant(turn: Turn, unclear: Unclear, again: Again, speak: Speak) -> None:
    """What was said leaves open which answer is meant."""
    if unclear.alone or unclear.prompt is not None:
        await speak(turn, unclear.prompt or turn.script.usual[unclear.asks])
        return
    await turn.speak(turn.script.usual[unclear.asks])
    await again(turn)


def may_wait(turn: Turn) -> bool:
    """Whether the caller, who asks for a moment, gets it."""
    return bool(turn.state.get("waits", 0) < MOST_WAITS)


async def wait(turn: Turn, again: Again) -> None:
    """Let the caller have a moment. The question is told once more: "wait" may also be said to it."""
    turn.state.update(waits=turn.state.get("waits", 0) + 1, waiting=True)
    await turn.speak(turn.script.usual["take_your_time"])
    await again(turn)


async def waited(turn: Turn, again: Again) -> None:
    """The moment is over: ask again, as gently as somebody who was told to wait."""
    await turn.speak(turn.script.usual["still_here"])
    await again(turn)
