"""The list of all kinds of steps, and the dialog file as a whole."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Discriminator, Field, Tag

from voicebot.authoring.model import END, DialogHeader
from voicebot.authoring.steps.ask import AskStep
from voicebot.authoring.steps.branch import GotoStep, IfStep
from voicebot.authoring.steps.call import CallStep
from voicebot.authoring.steps.dial import DialStep
from voicebot.authoring.steps.hangup import HangUpStep
from voicebot.authoring.steps.hours import HoursStep
from voicebot.authoring.steps.http import HttpStep
from voicebot.authoring.steps.language import LanguageStep
from voicebot.authoring.steps.queue import QueueStep
from voicebot.authoring.steps.record import RecordStep
from voicebot.authoring.steps.say import SayStep
from voicebot.authoring.steps.set import SetStep
from voicebot.authoring.steps.step import DialogStep
from voicebot.authoring.steps.transfer import TransferStep

STEP_KINDS: dict[str, type[DialogStep]] = {
    kind.WORD: kind
    for kind in (
        SayStep, AskStep, SetStep, IfStep, GotoStep, CallStep, HttpStep, TransferStep, HangUpStep, HoursStep,
        RecordStep, QueueStep, DialStep, LanguageStep,
    )
}  # fmt: skip
"""By the word of which a step has exactly one. The reference page and the mends keep this order."""

MAY_TRANSLATE = tuple(dict.fromkeys(word for kind in STEP_KINDS.values() for word in kind.MAY_TRANSLATE))
"""The words of steps that a translation (``main.de.yaml``) may repeat."""
MUST_TRANSLATE = tuple(dict.fromkeys(word for kind in STEP_KINDS.values() for word in kind.MUST_TRANSLATE))
"""Those that it has to repeat, where they are used."""


def step_word(step: Any) -> str | None:
    """The word that says what ``step`` (a mapping or a model) does; None unless there is exactly one."""
    if isinstance(step, DialogStep):
        return step.WORD
    if not isinstance(step, dict):
        return None
    words = [word for word in STEP_KINDS if word in step]
    return words[0] if len(words) == 1 else None


if TYPE_CHECKING:
    AnyStep = DialogStep
else:
    _TAGGED = [Annotated[kind, Tag(word)] for word, kind in STEP_KINDS.items()]
    AnyStep = Annotated[reduce(or_, _TAGGED), Discriminator(step_word)]


class DialogFile(DialogHeader):
    """A dialog file."""

    steps: list[AnyStep] = Field(
        description="The steps, in the order in which they run.", min_length=1, max_length=2000
    )

    def below(self) -> dict[str, str]:
        """The id of the step below each step; ``end`` for the last one."""
        order = [step.id for step in self.steps]
        return dict(zip(order, [*order[1:], END], strict=True))
