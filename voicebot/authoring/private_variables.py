"""Which variables of dialogs may hold what the author calls ``sensitive``, and which steps use it.

An answer to a sensitive question is private, and so is whatever is made of it: what a step keeps that uses a private
variable (a part of it, what a web service or a function answers when it is given it), the inputs of a dialog that gets
it, the outputs of one that gives it back. This errs on the side of hiding.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from voicebot.authoring.expressions import compile_expression
from voicebot.authoring.steps import DialogFile, DialogStep
from voicebot.authoring.steps.call import CallStep
from voicebot.authoring.template import compile_template
from voicebot.authoring.walking import conditions_of, strings_in, texts_of

Named = tuple[str, str]
"""A dialog, and one of its variables or steps."""


@dataclass(frozen=True, slots=True)
class Private:
    """``variables``: those that may hold what is private. ``steps``: those that ask for it, or use it."""

    variables: frozenset[Named]
    steps: frozenset[Named]


def private_in(dialogs: Mapping[str, DialogFile]) -> Private:
    """``dialogs``: by name; none of their texts has an error."""
    steps = [(name, step, frozenset(_used(step))) for name, dialog in dialogs.items() for step in dialog.steps]
    found: set[Named] = set()
    while True:
        new = {named for name, step, used in steps for named in _private_after(name, step, used, found, dialogs)}
        if new <= found:
            break
        found |= new
    touched = {(name, step.id) for name, step, used in steps
               if step.is_private or any((name, variable) in found for variable in used)}  # fmt: skip
    return Private(frozenset(found), frozenset(touched))


def _private_after(
    dialog: str, step: DialogStep, used: frozenset[str], known: set[Named], dialogs: Mapping[str, DialogFile]
) -> Iterator[Named]:
    """What is private after ``step``, as far as ``known`` tells."""
    if isinstance(step, CallStep) and step.calls in dialogs:
        for name, value in step.inputs.items():
            if any((dialog, variable) in known for variable in _in_value(value)):
                yield step.calls, name
        private = [name for name in dialogs[step.calls].outputs if (step.calls, name) in known]
        theirs = step.save if isinstance(step.save, dict) else {}
        for _, mine in step.sets():
            if theirs[mine] in private if mine in theirs else private:
                yield dialog, mine
    elif step.is_private or any((dialog, variable) in known for variable in used):
        for _, name in step.sets():
            yield dialog, name


def _used(step: DialogStep) -> Iterator[str]:
    for _, condition in conditions_of(step):
        yield from (name for name, _ in compile_expression(condition).names)
    for _, text in texts_of(step):
        yield from _in_text(text)


def _in_value(value: Any) -> Iterator[str]:
    for _, text in strings_in(value):
        yield from _in_text(text)


def _in_text(text: str) -> Iterator[str]:
    for gap in compile_template(text).gaps:
        yield from gap.names
