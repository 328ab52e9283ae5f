"""Variables that are used before anything has set them.

A variable counts as set at a step when some path from the beginning of the dialog to that step sets it. That another
path does not set it may be just what the author tests for (``if: account``).
"""

from __future__ import annotations

from collections.abc import Iterator

from voicebot.authoring.checks.paths import graph_of, roots
from voicebot.authoring.checks.places import at, at_value
from voicebot.authoring.document import YamlPath
from voicebot.authoring.expressions import ExpressionError, compile_expression
from voicebot.authoring.folder import MAIN, Dialogs, LoadedDialog
from voicebot.authoring.model import NAMES_GIVEN
from voicebot.authoring.problems import Problem, did_you_mean
from voicebot.authoring.steps import DialogStep
from voicebot.authoring.template import compile_template
from voicebot.authoring.walking import conditions_of, texts_of


def unset_variables(dialogs: Dialogs, loaded: LoadedDialog) -> Iterator[Problem]:
    """Names in gaps and conditions that have no value there."""
    if len(loaded.dialog.steps) < len(loaded.document.data["steps"]):
        return  # a step that could not be read may be what sets it
    main = dialogs.dialogs.get(MAIN)
    always = {*NAMES_GIVEN, *(main.dialog.constants if main is not None else ())}
    anywhere = {name for step in loaded.dialog.steps for _, name in step.sets()} | set(loaded.dialog.inputs)
    before = _set_before(loaded, anywhere)
    for step in loaded.dialog.steps:
        if step.id not in before:
            continue
        own = {name for _, name in step.sets()} if step.KNOWS_OWN_VALUE else set()
        known = always | before[step.id] | own
        for place, name, column in _names(step, loaded.step_path(step.id)):
            where = loaded.document.within(place, column)
            if name == "secrets" and not {"http", "status"} & set(place):
                yield at(loaded.document, where, "secret", "secrets are known in http steps only", "leave it out")
            elif name not in known and not (loaded.document.problems and name in anywhere):
                late = name in anywhere
                told = "is not set yet when this step runs" if late else "is set nowhere"
                close = "set it in a step before" if late else did_you_mean(name, known)
                yield at(loaded.document, where, "unset", f"{name!r} {told}",
                         close or "set it before, with save:, set: or inputs:")  # fmt: skip


def unset_outputs(dialogs: Dialogs, loaded: LoadedDialog) -> Iterator[Problem]:
    """Outputs that nothing sets."""
    names = {name for step in loaded.dialog.steps for _, name in step.sets()} | set(loaded.dialog.inputs)
    for index, name in enumerate(loaded.dialog.outputs):
        if name not in names and not loaded.document.problems:
            yield at_value(loaded.document, ("outputs", index), "unset-output", f"nothing sets the output {name!r}",
                           did_you_mean(name, names) or "set it in a step, or leave it out")  # fmt: skip


def _set_before(loaded: LoadedDialog, anywhere: set[str]) -> dict[str, set[str]]:
    """What some path to each step has set; steps that cannot be reached are left out."""
    dialog, graph = loaded.dialog, graph_of(loaded.dialog)
    sets = {step.id: {name for _, name in step.sets()} for step in dialog.steps}
    entries = roots(dialog)
    before: dict[str, set[str]] = {dialog.steps[0].id: set(dialog.inputs)}
    for entry in entries[1:]:  # a global command can lead here at any time
        before[entry] = set(anywhere)
    waiting = list(before)
    while waiting:
        step = waiting.pop()
        for target in graph.get(step, []):
            if target not in graph:
                continue
            new = before[step] | sets[step]
            if target not in before or not new <= before[target]:
                before[target] = before.get(target, set()) | new
                waiting.append(target)
    return before


def _names(step: DialogStep, path: YamlPath) -> Iterator[tuple[YamlPath, str, int]]:
    """Each name that is used: the path of the text, the name, its column in the text."""
    try:
        for place, condition in conditions_of(step, path):
            for name, column in compile_expression(condition).names:
                yield place, name, column
        for place, text in texts_of(step, path):
            if place[len(path)] == "options":
                continue  # the same, of options that are made from data
            for gap in compile_template(text).gaps:
                if gap.of_item:
                    continue  # its names may be parts of a thing
                for name, column in gap.expression.names:
                    yield place, name, gap.column + column
    except ExpressionError:
        return  # the loader has reported it
