"""Where each step of a dialog can lead: the graph that the checks and the coverage of tests go by."""

from __future__ import annotations

from voicebot.authoring.model import FAIL
from voicebot.authoring.steps import DialogFile

Graph = dict[str, list[str]]
"""The targets of each step, by its id."""


def graph_of(dialog: DialogFile) -> Graph:
    """The targets of each step, ``end`` and ``fail`` among them, in the order in which they are written."""
    below = dialog.below()
    failed = dialog.defaults.on_fail or FAIL
    return {step.id: list(dict.fromkeys(one.target or failed for one in step.exits(step.next or below[step.id])))
            for step in dialog.steps}  # fmt: skip


def reachable(graph: Graph, roots: list[str]) -> set[str]:
    """The steps that can be reached from ``roots``; also ``end`` and ``fail``, if they can."""
    seen: set[str] = set()
    waiting = list(roots)
    while waiting:
        step = waiting.pop()
        if step not in seen:
            seen.add(step)
            waiting += graph.get(step, [])
    return seen


def roots(dialog: DialogFile) -> list[str]:
    """Where callers enter the dialog: at its first step, and at the targets of global commands."""
    leading = dialog.globals.leading().values()
    return [dialog.steps[0].id, *(one.goto for one in leading if one.goto is not None)]
