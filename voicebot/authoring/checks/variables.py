"""Variables that are used before anything has set them.

A variable counts as set at a step when some path from the beginning of the dialog to that step sets it. That another
path does not set it may be just what the author tests for (``if: account``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import reduce
from heapq import heappop, heappush
from itertools import chain
from operator import or_

from voicebot.authoring.checks.paths import graph_of, roots
from voicebot.authoring.checks.places import at, at_value
from voicebot.authoring.document import YamlPath
from voicebot.authoring.expressions import ExpressionError, compile_expression
from voicebot.authoring.folder import MAIN, Dialogs, LoadedDialog
from voicebot.authoring.model import NAMES_GIVEN
from voicebot.authoring.problems import Problem, Suggestions, did_you_mean
from voicebot.authoring.steps import DialogStep
from voicebot.authoring.template import compile_template
from voicebot.authoring.walking import conditions_of, texts_of

_SET_IT = "set it before, with save:, set: or inputs:"


def unset_variables(dialogs: Dialogs, loaded: LoadedDialog) -> Iterator[Problem]:
    """Names in gaps and conditions that have no value there."""
    if len(loaded.dialog.steps) < len(loaded.document.data["steps"]):
        return  # a step that could not be read may be what sets it
    main = dialogs.dialogs.get(MAIN)
    always = {*NAMES_GIVEN, *(main.dialog.constants if main is not None else ())}
    anywhere = {name for step in loaded.dialog.steps for _, name in step.sets()} | set(loaded.dialog.inputs)
    bits = {name: 1 << number for number, name in enumerate(anywhere)}
    before, meant = _set_before(loaded, bits), Suggestions()
    for step in loaded.dialog.steps:
        if step.id not in before:
            continue
        own = {name for _, name in step.sets()} if step.KNOWS_OWN_VALUE else set()
        for place, name, column in _names(step, loaded.step_path(step.id)):
            where = loaded.document.within(place, column)
            if name == "secrets" and not {"http", "status"} & set(place):
                yield at(loaded.document, where, "secret", "secrets are known in http steps only", "leave it out")
            elif name in always or name in own or before[step.id] & bits.get(name, 0):
                continue
            elif not (loaded.document.problems and name in anywhere):
                late = name in anywhere
                told = "is not set yet when this step runs" if late else "is set nowhere"
                set_by_now = (other for other, bit in bits.items() if before[step.id] & bit)
                close = "set it in a step before" if late else meant(name, chain(always, own, set_by_now))
                quotes = ", or put it in quotes if it is a text" if place[-1] == "if" else ""
                yield at(loaded.document, where, "unset", f"{name!r} {told}", close or _SET_IT + quotes)


def unset_outputs(dialogs: Dialogs, loaded: LoadedDialog) -> Iterator[Problem]:
    """Outputs that nothing sets."""
    names = {name for step in loaded.dialog.steps for _, name in step.sets()} | set(loaded.dialog.inputs)
    for index, name in enumerate(loaded.dialog.outputs):
        if name not in names and not loaded.document.problems:
            yield at_value(loaded.document, ("outputs", index), "unset-output", f"nothing sets the output {name!r}",
                           did_you_mean(name, names) or "set it in a step, or leave it out")  # fmt: skip


def _set_before(loaded: LoadedDialog, bits: Mapping[str, int]) -> dict[str, int]:
    """What some path to each step has set, as the sum of its ``bits``; steps that cannot be reached are left out."""
    dialog, graph = loaded.dialog, graph_of(loaded.dialog)
    sets = {step.id: _sum(bits[name] for _, name in step.sets()) for step in dialog.steps}
    entries = roots(dialog)
    before = {dialog.steps[0].id: _sum(bits[name] for name in dialog.inputs)}
    for entry in entries[1:]:  # a global command can lead here at any time
        before[entry] = _sum(bits.values())
    steps = list(graph)
    place = {step: number for number, step in enumerate(steps)}
    waiting = sorted(place[step] for step in before if step in place)
    among = set(waiting)
    while waiting:  # the uppermost first: where steps lead down, as most do, each is looked at once
        among.remove(number := heappop(waiting))
        new = before[steps[number]] | sets[steps[number]]
        for target in graph[steps[number]]:
            if target in place and (target not in before or new & ~before[target]):
                before[target] = before.get(target, 0) | new
                if place[target] not in among:
                    among.add(place[target])
                    heappush(waiting, place[target])
    return before


def _sum(bits: Iterable[int]) -> int:
    return reduce(or_, bits, 0)


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
