"""Private answers that are said aloud later."""

from __future__ import annotations

from collections.abc import Iterator

from voicebot.authoring.checks.places import at
from voicebot.authoring.document import YamlPath
from voicebot.authoring.expressions import ExpressionError
from voicebot.authoring.folder import Dialogs, LoadedDialog
from voicebot.authoring.problems import Problem
from voicebot.authoring.steps import DialogStep
from voicebot.authoring.template import compile_template
from voicebot.authoring.walking import prompts_of


def sensitive_said(dialogs: Dialogs, loaded: LoadedDialog) -> Iterator[Problem]:
    """The answer to a sensitive question in a prompt of another step, where it is recorded again."""
    secret = {name for step in loaded.dialog.steps if step.is_private for _, name in step.sets()}
    for step in loaded.dialog.steps if secret else ():
        if step.is_private:
            continue
        for place, text in _said(step, loaded.step_path(step.id)):
            try:
                gaps = compile_template(text).gaps
            except ExpressionError:
                continue  # the loader has reported it
            for gap in gaps:
                name = gap.expression.text.strip()
                if name in secret:
                    yield at(loaded.document, loaded.document.within(place, gap.column), "sensitive-said",
                             f"the answer {name!r} is sensitive, and is recorded when it is said here",
                             f"say a part of it, such as {{last({name}, 4)|digits}}, or leave it out")  # fmt: skip


def _said(step: DialogStep, path: YamlPath) -> Iterator[tuple[YamlPath, str]]:
    """Each text that is spoken, with its path."""
    for place, prompt in prompts_of(step, path):
        yield (*place, "text"), prompt.text
        if prompt.ssml is not None:
            yield (*place, "ssml"), prompt.ssml
