"""What a step has come to when its runner has run: where the dialog goes on, or what it waits for."""

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
    """It goes on at ``target``, or at the file's ``on_fail``; without either, the dialog is given up."""

    target: str | None = None


@dataclass(frozen=True, slots=True)
class Begin:
    """The dialog ``name`` begins with ``inputs``; the step goes on when it has ended (``DialogStep.returned``)."""

    name: str
    inputs: dict[str, Any]


class Ending(Enum):
    """What has nothing more to say."""

    WAITS = "waits"
    """The turn is over. The step goes on with the caller's next one (``DialogStep.resume``)."""
    CALL_OVER = "call over"
    """No dialog has anything more to do in this call."""
    HOPELESS = "hopeless"
    """The dialog is at fault: an apology, and the call ends."""


Outcome = GoOn | Failed | Begin | Ending


class GaveUp:
    """What a dialog ends with when its caller could not be understood."""


GAVE_UP = GaveUp()
