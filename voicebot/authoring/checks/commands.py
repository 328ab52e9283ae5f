"""Global commands of the author's own whose names look like those of the usual ones."""

from __future__ import annotations

from collections.abc import Iterator

from voicebot.authoring.checks.places import at_key
from voicebot.authoring.folder import Dialogs, LoadedDialog
from voicebot.authoring.model import GlobalCommands
from voicebot.authoring.problems import Problem, did_you_mean


def misspelt_commands(dialogs: Dialogs, loaded: LoadedDialog) -> Iterator[Problem]:
    """``agnet`` for ``agent``: callers who ask for an agent would not get there."""
    for name in loaded.dialog.globals.own:
        meant = did_you_mean(name, GlobalCommands.model_fields, alike=0.8)
        if meant:
            yield at_key(loaded.document, ("globals", name), "misspelt-command",
                         f"{name!r} is a command of your own here", meant)  # fmt: skip
