"""What is worth a word about dialogs that can be read: pure functions from a read folder to problems.

Rules that hold here: a check yields problems and changes nothing; it runs no author's code; it would rather say nothing
than cry wolf (what it tells is wrong for some caller); every problem has a mend.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from voicebot.authoring.checks.answers import alike_options, taken_keys
from voicebot.authoring.checks.comparisons import never_equal
from voicebot.authoring.checks.endings import circles, dead_ends, unhandled_failures, unreachable
from voicebot.authoring.checks.languages import missing_translations, silent_languages
from voicebot.authoring.checks.length import long_prompts
from voicebot.authoring.checks.python import python_calls
from voicebot.authoring.checks.recording import paused_for_good, sensitive_said
from voicebot.authoring.checks.variables import inputs_and_outputs, unset_variables
from voicebot.authoring.folder import Dialogs, LoadedDialog
from voicebot.authoring.problems import Problem

__all__ = ["CHECKS", "check_dialogs"]

CHECKS: tuple[Callable[[Dialogs, LoadedDialog], Iterator[Problem]], ...] = (
    alike_options, taken_keys, circles, dead_ends, unhandled_failures, unreachable, missing_translations, long_prompts,
    python_calls, inputs_and_outputs, unset_variables, sensitive_said, paused_for_good,
    silent_languages, never_equal,
)  # fmt: skip


def check_dialogs(dialogs: Dialogs) -> list[Problem]:
    """All problems: those that the loader has found, and those of each dialog that could be read."""
    found = set(dialogs.problems)
    for loaded in dialogs.dialogs.values():
        if not loaded.dialog.steps:
            continue  # none of them could be read, and the loader has said why
        for check in CHECKS:
            found.update(check(dialogs, loaded))
    return sorted(found)
