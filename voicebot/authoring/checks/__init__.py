"""Checks of dialogs that could be read: pure functions from a folder to problems.

What a step can tell from itself and its surroundings, it tells itself (``DialogStep.doubts``).

Rules that hold here: a check yields problems and changes nothing; it never runs an author's code; it is silent when in
doubt, so what it reports is wrong for some caller; every problem has a mend.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from voicebot.authoring.checks.calls import called_in_a_circle
from voicebot.authoring.checks.commands import misspelt_commands
from voicebot.authoring.checks.comparisons import never_equal
from voicebot.authoring.checks.endings import circles, dead_ends, unreachable
from voicebot.authoring.checks.languages import missing_translations, silent_languages
from voicebot.authoring.checks.length import long_prompts
from voicebot.authoring.checks.phrases import phrases_in_one
from voicebot.authoring.checks.recording import sensitive_said
from voicebot.authoring.checks.silent import braces_said, silent_words, texts_cut_short
from voicebot.authoring.checks.things import things_said
from voicebot.authoring.checks.variables import unset_outputs, unset_variables
from voicebot.authoring.document import Fault
from voicebot.authoring.folder import Dialogs, LoadedDialog
from voicebot.authoring.problems import Problem

__all__ = ["CHECKS", "check_dialogs"]

CHECKS: tuple[Callable[[Dialogs, LoadedDialog], Iterator[Problem]], ...] = (
    circles, dead_ends, unreachable, missing_translations, silent_languages, long_prompts, unset_outputs,
    unset_variables, sensitive_said, never_equal, things_said, misspelt_commands, silent_words, texts_cut_short,
    braces_said, called_in_a_circle, phrases_in_one,
)  # fmt: skip


def check_dialogs(dialogs: Dialogs) -> list[Problem]:
    """All problems: those that the loader has found, and those of each dialog that could be read."""
    found = set(dialogs.problems)
    for loaded, site in dialogs.sites():
        if not loaded.dialog.steps:
            continue  # none of them could be read, and the loader has said why
        for check in CHECKS:
            found.update(check(dialogs, loaded))
        for step in loaded.dialog.steps:
            path = loaded.step_path(step.id)
            found.update(fault.problem(loaded.document, path) if isinstance(fault, Fault) else fault
                         for fault in step.doubts(site))  # fmt: skip
    return sorted(found)
