"""One dialog file in one language, ready to run: its steps in their order, and the texts that they use."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

from voicebot.authoring.model import DialogHeader
from voicebot.authoring.script import DialogScript
from voicebot.authoring.steps import DialogFile, DialogStep
from voicebot.authoring.template import Labels


class Program:
    """``dialog`` in the language of ``locale``; the others are those of its :class:`DialogScript`.

    Raises :class:`~voicebot.authoring.expressions.ExpressionError` or ``ScheduleError`` for what the loader
    reports as a problem.
    """

    def __init__(
        self,
        name: str,
        dialog: DialogFile,
        locale: str,
        main: DialogHeader,
        files: tuple[Path, Path] | None = None,
        labels: Labels = MappingProxyType({}),
    ) -> None:
        self.script = DialogScript(name, dialog, dialog.steps, main, locale, files, labels)
        self.dialog = dialog
        self.steps: dict[str, DialogStep] = {step.id: step for step in dialog.steps}
        self.below = dialog.below()
        self.first = dialog.steps[0].id
