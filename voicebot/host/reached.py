"""Where a turn has led: dialogs tell it here, and the call process is told when the turn is done.

It is for people who watch the call, and for its record. Dialog files tell it (:mod:`voicebot.authoring.place`), dialogs
in Python need not.
"""

from __future__ import annotations

from voicebot.host.sdk import TurnContext
from voicebot.host_wire import DialogPlace

_PLACE = "voicebot.place"


def tell_place(context: TurnContext, place: DialogPlace) -> None:
    """The dialogs are at ``place`` now."""
    context.turn_state[_PLACE] = place


def place_told(context: TurnContext) -> DialogPlace | None:
    """What was told last in this turn."""
    place: DialogPlace | None = context.turn_state.get(_PLACE)
    return place
