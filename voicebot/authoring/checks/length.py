"""Prompts that nobody listens to the end of."""

from __future__ import annotations

from collections.abc import Iterator

from voicebot.authoring.checks.places import at_value
from voicebot.authoring.folder import Dialogs, LoadedDialog
from voicebot.authoring.problems import Problem
from voicebot.authoring.walking import prompts_of

CHARACTERS_PER_S = 14.5
"""How fast voices speak: about 150 words a minute."""
LIMIT_S = 20.0
"""The longest that people listen to. A longer text belongs into several steps, so that it can be interrupted."""


def long_prompts(dialogs: Dialogs, loaded: LoadedDialog) -> Iterator[Problem]:
    """Prompts that take longer than :data:`LIMIT_S` when they are spoken."""
    for step in loaded.dialog.steps:
        for path, prompt in prompts_of(step, loaded.step_path(step.id)):
            took_s = seconds(prompt.text)
            if took_s > LIMIT_S:
                said = f"this takes {took_s:.0f} s to say"
                yield at_value(loaded.document, (*path, "text"), "too-long-to-hear", said,
                               f"say it in {LIMIT_S:.0f} s, or in several steps")  # fmt: skip


def seconds(text: str) -> float:
    """Roughly how many seconds it takes to speak ``text``."""
    return len(" ".join(text.split())) / CHARACTERS_PER_S
