"""Things with parts that are said as a whole: ``{rooms|list}``, where each room has a type and a price."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from voicebot.authoring.checks.places import at
from voicebot.authoring.expressions import ExpressionError, Scope
from voicebot.authoring.folder import MAIN, Dialogs, LoadedDialog
from voicebot.authoring.problems import Problem
from voicebot.authoring.steps.set import SetStep
from voicebot.authoring.template import Gap, compile_template
from voicebot.authoring.walking import prompts_of, strings_in

GIVEN: dict[str, Any] = {"error": {"message": "", "status": 0}, "context": {}}
"""The names that are always known and have parts."""


def things_said(dialogs: Dialogs, loaded: LoadedDialog) -> Iterator[Problem]:
    """Gaps that say a thing with parts, or a list of such things, without saying which parts, as far as the files tell
    what a variable holds."""
    known = _known(dialogs, loaded)
    for step in loaded.dialog.steps:
        for place, prompt in prompts_of(step, loaded.step_path(step.id)):
            try:
                gaps = compile_template(prompt.text).gaps
            except ExpressionError:
                continue  # the loader has reported it
            for gap in gaps:
                thing = _thing(gap, known)
                if thing is not None:
                    where = loaded.document.within((*place, "text"), gap.column)
                    name, parts = gap.expression.text.strip(), ", ".join(thing)
                    said = f"{name!r} has parts ({parts}), and nothing tells which are said"
                    yield at(loaded.document, where, "thing-said", said, _mend(gap, thing, known))


def _known(dialogs: Dialogs, loaded: LoadedDialog) -> dict[str, Any]:
    """The values of the variables that the files tell: constants, and what nothing but one ``set`` sets."""
    found: dict[str, Any] = dict(GIVEN)
    main = dialogs.dialogs.get(MAIN)
    found |= main.dialog.constants if main is not None else {}
    setters = [name for step in loaded.dialog.steps for _, name in step.sets()] + list(loaded.dialog.inputs)
    for name in setters:
        found.pop(name, None)
    values = {
        name: value for step in loaded.dialog.steps if isinstance(step, SetStep) for name, value in step.set.items()
    }
    return found | {name: value for name, value in values.items() if setters.count(name) == 1 and _is_fixed(value)}


def _is_fixed(value: Any) -> bool:
    return not any("{" in text for _, text in strings_in(value))


def _thing(gap: Gap, known: Scope) -> Mapping[str, Any] | None:
    """The thing that ``gap`` would say as a whole; None for none, and where that is not known."""
    names = {name for name, _ in gap.expression.names}
    if gap.each is not None or gap.of_item or not names or not names <= known.keys():
        return None
    value = gap.expression(known)
    first = next((item for item in value if isinstance(item, Mapping)), None) if isinstance(value, list) else value
    return first if isinstance(first, Mapping) and first else None


def _mend(gap: Gap, thing: Mapping[str, Any], known: Scope) -> str:
    expression = gap.expression.text.strip()
    parts = " ".join(f"{{{name}}}" for name in list(thing)[:2])
    if isinstance(gap.expression(known), list):
        return f'write what is said of each: {{{expression}|list:"{parts}"}}'
    return f"say one of its parts: {{{expression}.{next(iter(thing))}}}"
