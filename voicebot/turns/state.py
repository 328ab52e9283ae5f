"""Who has the floor: the states of a call's conversation, and which events may move it where.

::

    STARTING --answered--> SPEAKING | THINKING | WAITING
    WAITING  --speech--> CALLER --end of turn--> THINKING --message--> SPEAKING --heard--> WAITING
    SPEAKING --speech--> YIELDING --words--> CALLER
                         YIELDING --no words--> SPEAKING          (it was a cough: the prompt goes on)
    SPEAKING --key--> THINKING                                    (a key needs no second opinion)
    any      --transfer asked, all heard--> TRANSFERRING --refused--> THINKING
    any      --leg ended--> ENDED

The caller's words are gathered in every state (``listening.py``), so a caller who goes on while the bot thinks, or
whose first word falls on the last of a prompt, loses nothing.
"""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    STARTING = "starting"
    """Not answered yet; the bot may already be preparing its greeting."""
    SPEAKING = "speaking"
    """The bot has the floor: something is playing or being rendered."""
    YIELDING = "yielding"
    """The caller's voice is over the bot's; playback is held until words say whether it was meant."""
    CALLER = "caller"
    """The caller has the floor: speaking, or just stopped."""
    THINKING = "thinking"
    """The bot was asked and nothing is to be played yet."""
    WAITING = "waiting"
    """Nobody speaks and nothing is owed: it is the caller's turn."""
    TRANSFERRING = "transferring"
    """The caller is being handed on."""
    ENDED = "ended"
    """Nothing more happens."""


ALLOWED: dict[State, frozenset[State]] = {
    State.STARTING: frozenset({State.SPEAKING, State.THINKING, State.WAITING, State.TRANSFERRING, State.ENDED}),
    State.SPEAKING: frozenset(
        {State.YIELDING, State.CALLER, State.THINKING, State.WAITING, State.TRANSFERRING, State.ENDED}
    ),
    State.YIELDING: frozenset(
        {State.SPEAKING, State.CALLER, State.THINKING, State.WAITING, State.TRANSFERRING, State.ENDED}
    ),
    State.CALLER: frozenset(
        {State.SPEAKING, State.YIELDING, State.THINKING, State.WAITING, State.TRANSFERRING, State.ENDED}
    ),
    State.THINKING: frozenset(
        {State.SPEAKING, State.YIELDING, State.CALLER, State.WAITING, State.TRANSFERRING, State.ENDED}
    ),
    State.WAITING: frozenset(
        {State.SPEAKING, State.YIELDING, State.CALLER, State.THINKING, State.TRANSFERRING, State.ENDED}
    ),
    State.TRANSFERRING: frozenset({State.SPEAKING, State.THINKING, State.WAITING, State.ENDED}),
    State.ENDED: frozenset(),
}
"""Which state may follow which; the machine raises on anything else, and a property test walks it at random."""

STATE_TIMERS = ("no_input", "masking", "resume", "yield")
"""Timers that belong to a state and end with it."""
