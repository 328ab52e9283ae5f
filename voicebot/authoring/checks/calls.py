"""Dialogs that call each other in a circle."""

from __future__ import annotations

from collections.abc import Iterator

from voicebot.authoring.checks.paths import reachable
from voicebot.authoring.checks.places import at_key
from voicebot.authoring.folder import Dialogs, LoadedDialog
from voicebot.authoring.problems import Problem


def called_in_a_circle(dialogs: Dialogs, loaded: LoadedDialog) -> Iterator[Problem]:
    """Calls that lead back into their own dialog: each round lies upon the one before, and none of them ends."""
    graph = {name: [step.calls for step in other.dialog.steps if step.calls] for name, other in dialogs.dialogs.items()}
    for step in loaded.dialog.steps:
        if step.calls in graph and loaded.name in reachable(graph, [step.calls]):
            way = "itself" if step.calls == loaded.name else f"itself by way of {step.calls}"
            yield at_key(loaded.document, (*loaded.step_path(step.id), "call"), "called-in-circle",
                         f"{loaded.name} calls {way}, and the rounds lie upon each other",
                         "end the dialog: the one that called it goes on; within a file, go to a step")  # fmt: skip
            return
