"""What is noted of a turn while it runs, for people who watch the call: the steps that ran, what was made of an answer.

A turn that nobody watches (a question that is asked again after a restart) has no notes, and then nothing is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from voicebot.authoring.as_written import as_written
from voicebot.host.sdk import TurnContext

MOST_STEPS = 40
"""Of one turn; of a longer one, the first."""
_NOTES = "voicebot.authoring.notes"


@dataclass(slots=True)
class Notes:
    """``path``: the steps that ran, ``dialog.step`` each. ``took``: what the caller's answer was taken for, in a word
    or two (``date``, ``no match``), by the step ``at``; ``value``: which one. ``known``: the variables of the
    dialog that has paused the recording in this turn, by dialog and name, when it did so; None: none has."""

    path: list[str] = field(default_factory=list)
    took: str = ""
    value: str = ""
    at: str = ""
    known: dict[tuple[str, str], Any] | None = None


def begin_notes(context: TurnContext) -> Notes:
    """The notes of the turn that begins."""
    notes = context.turn_state[_NOTES] = Notes()
    return notes


def note_step(context: TurnContext, step: str) -> None:
    """``step`` runs now."""
    notes: Notes | None = context.turn_state.get(_NOTES)
    if notes is not None and len(notes.path) < MOST_STEPS:
        notes.path.append(step)


def note_answer(context: TurnContext, at: str, took: str, value: Any = "") -> None:
    """The step ``at`` takes the caller's answer for ``value``. What is noted last in a turn counts."""
    notes: Notes | None = context.turn_state.get(_NOTES)
    if notes is not None:
        notes.took, notes.value, notes.at = took, as_written(value), at


def note_pause(context: TurnContext, dialog: str, variables: Mapping[str, Any]) -> None:
    """``dialog``, which knows ``variables``, pauses the recording."""
    notes: Notes | None = context.turn_state.get(_NOTES)
    if notes is not None and notes.known is None:
        notes.known = {(dialog, name): value for name, value in variables.items()}
