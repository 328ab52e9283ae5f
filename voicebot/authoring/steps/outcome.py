"""The outcome of a step that has run: where the dialog goes on, or that it waits or ends."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any


@dataclass(frozen=True, slots=True)
class GoOn:
    """The dialog goes on at ``target``; None: at the step's ``next``, or the step below."""

    target: str | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """The dialog goes on at ``target``, or at the file's ``on_fail``; without either, it is given up."""

    target: str | None = None


@dataclass(frozen=True, slots=True)
class Begin:
    """The dialog ``name`` begins with ``inputs``; ``DialogStep.returned`` gets its result when it has ended."""

    name: str
    inputs: dict[str, Any]


class Ending(Enum):
    """Outcomes without details."""

    WAITS = "waits"
    """The turn ends. The next activity goes to ``DialogStep.resume``."""
    CALL_OVER = "call over"
    """All dialogs of this call end."""
    HOPELESS = "hopeless"
    """The dialog is at fault: an apology, and the end of the call."""


StepOutcome = GoOn | Failed | Begin | Ending


class GaveUp:
    """What a dialog ends with when its caller could not be understood."""


GAVE_UP = GaveUp()
