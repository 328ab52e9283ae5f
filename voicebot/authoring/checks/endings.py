"""Paths that end badly: steps that nobody reaches, circles, calls that end without a word."""

from __future__ import annotations

from collections.abc import Iterator

from voicebot.authoring.checks.paths import Graph, graph_of, reachable, roots
from voicebot.authoring.checks.places import at_key, at_value
from voicebot.authoring.folder import MAIN, Dialogs, LoadedDialog
from voicebot.authoring.model import END
from voicebot.authoring.problems import Problem


def unreachable(dialogs: Dialogs, loaded: LoadedDialog) -> Iterator[Problem]:
    """Steps that no path leads to."""
    if loaded.document.problems:
        return  # a step that could not be read may be what leads there
    seen = reachable(graph_of(loaded.dialog), roots(loaded.dialog))
    for step in loaded.dialog.steps:
        if step.id not in seen:
            yield at_value(loaded.document, (*loaded.step_path(step.id), "id"), "unreachable",
                           f"no path leads to {step.id!r}", "go to it from another step, or remove it")  # fmt: skip


def circles(dialogs: Dialogs, loaded: LoadedDialog) -> Iterator[Problem]:
    """Steps from which every path runs in a circle without a question on it."""
    graph = graph_of(loaded.dialog)
    restful = {step.id for step in loaded.dialog.steps if step.ends_turn(dialogs.dialogs)}
    first = _first_of_circle(graph, restful)
    if first is not None:
        yield at_value(loaded.document, (*loaded.step_path(first), "id"), "circle",
                       f"every path from {first!r} goes round in a circle without a question",
                       "let one path lead to a question or to end")  # fmt: skip


def _first_of_circle(graph: Graph, restful: set[str]) -> str | None:
    """The first step from which no path leads to one of ``restful``, or out of ``graph``, and that lies on a circle or
    behind one."""
    back: Graph = {}
    for step, targets in graph.items():
        for target in targets:
            back.setdefault(target, []).append(step)
    lost = graph.keys() - reachable(back, [*restful, *(back.keys() - graph.keys())])
    leading = {step: sum(other in lost for other in back.get(step, ())) for step in lost}
    waiting = [step for step, count in leading.items() if not count]
    while waiting:  # steps that only lead into a circle
        for target in graph[waiting.pop()]:
            leading[target] -= 1
            if not leading[target]:
                waiting.append(target)
    return next((step for step in graph if leading.get(step)), None)


def dead_ends(dialogs: Dialogs, loaded: LoadedDialog) -> Iterator[Problem]:
    """Calls that end without a word; a ``next`` without effect."""
    document, last = loaded.document, loaded.dialog.steps[-1]
    silent = not last.MAY_BE_LAST and last.next is None
    if loaded.name == MAIN and silent and END in graph_of(loaded.dialog)[last.id]:
        yield at_value(document, (*loaded.step_path(last.id), "id"), "dead-end",
                       f"after {last.id!r} the call ends without a word", "add a hangup with a goodbye")  # fmt: skip
    for step in loaded.dialog.steps:
        if step.next is not None and not step.USES_NEXT:
            yield at_key(document, (*loaded.step_path(step.id), "next"), "no-effect",
                         f"nothing follows {step.WORD}", "leave next out")  # fmt: skip
