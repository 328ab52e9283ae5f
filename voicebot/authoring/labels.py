"""What an option is called wherever its value goes: in its own file, and in those that the value is handed on to.

The value of a variable is handed on by ``call`` (``with`` and ``save``) and by ``set``, where a gap is all that is
written: ``"{room}"``. Where two files would call the same value of a variable differently, it is called by neither.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from voicebot.authoring.steps import DialogFile
from voicebot.authoring.steps.step import DialogVariable
from voicebot.authoring.template import Labels

MAX_PARTS = 3
"""Names in the longest variable with parts (``booking.room.board``) that is followed."""

_Called = dict[tuple[str, str], str | None]
"""By variable and value: the label; None where it is not clear which."""


class _Copy(NamedTuple):
    """The variable ``end`` gets the value of ``start``."""

    start: DialogVariable
    end: DialogVariable


def labels_of(dialogs: Mapping[str, DialogFile]) -> dict[str, Labels]:
    """The labels in each of ``dialogs`` (by their names), all in one language."""
    own = {name: dict(label for step in dialog.steps for label in step.labels()) for name, dialog in dialogs.items()}
    found: dict[str, _Called] = {name: dict(labels) for name, labels in own.items()}
    copies = list(_copies(dialogs))
    changed = any(own.values())
    while changed:
        changed = False
        for copy in copies:
            for (variable, value), label in list(_copied(found[copy.start.dialog], copy)):
                there = found[copy.end.dialog]
                known = there.get((variable, value), label)
                called = label if known == label else None
                if (variable, value) in own[copy.end.dialog] or there.get((variable, value), "") == called:
                    continue
                there[variable, value] = called
                changed = True
    return {
        name: {at: label for at, label in labels.items() if label is not None} for name, labels in found.items()
    }  # fmt: skip


def _copies(dialogs: Mapping[str, DialogFile]) -> Iterator[_Copy]:
    for name, dialog in dialogs.items():
        for step in dialog.steps:
            for start, end in step.hands_on(dialogs):
                yield _Copy(start._replace(dialog=start.dialog or name), end._replace(dialog=end.dialog or name))


def _copied(labels: _Called, copy: _Copy) -> Iterable[tuple[tuple[str, str], str | None]]:
    """The labels that apply at the end of ``copy``, also those of the parts of the variable."""
    for (variable, value), label in labels.items():
        if variable == copy.start.variable or variable.startswith(f"{copy.start.variable}."):
            there = copy.end.variable + variable.removeprefix(copy.start.variable)
            if there.count(".") < MAX_PARTS:
                yield (there, value), label
