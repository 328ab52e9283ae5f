"""What may not be kept, and is said aloud later; a recording that is paused and never goes on."""

from __future__ import annotations

from collections.abc import Iterator

from voicebot.authoring.checks.places import at, at_value
from voicebot.authoring.expressions import ExpressionError
from voicebot.authoring.folder import Dialogs, LoadedDialog
from voicebot.authoring.model import Ask, Prompt, Record
from voicebot.authoring.problems import Problem
from voicebot.authoring.template import compile_template
from voicebot.authoring.walking import prompts_of, texts_of


def sensitive_said(dialogs: Dialogs, loaded: LoadedDialog) -> Iterator[Problem]:
    """The answer to a sensitive question in a prompt of another step, where it is recorded again."""
    secret = {step.save for step in loaded.dialog.steps if isinstance(step, Ask) and step.sensitive and step.save}
    for step in loaded.dialog.steps if secret else ():
        if isinstance(step, Ask) and step.sensitive:
            continue
        said = {text for prompt in prompts_of(step) for text in _texts(prompt)}
        for place, text in texts_of(step, loaded.step_path(step.id)):
            if text not in said:
                continue
            try:
                gaps = compile_template(text).gaps
            except ExpressionError:
                continue  # the loader has told
            for gap in gaps:
                name = gap.expression.text.strip()
                if name in secret:
                    yield at(loaded.document, loaded.document.within(place, gap.column), "sensitive-said",
                             f"the answer {name!r} is sensitive, and is recorded when it is said here",
                             f"say a part of it, such as {{last({name}, 4)|digits}}, or leave it out")  # fmt: skip


def paused_for_good(dialogs: Dialogs, loaded: LoadedDialog) -> Iterator[Problem]:
    """A ``record: pause`` in a folder in which no ``record: resume`` is."""
    told = {
        step.record for other in dialogs.dialogs.values() for step in other.dialog.steps if isinstance(step, Record)
    }
    if told & {"resume", "start"} or loaded.document.problems:
        return
    for step in loaded.dialog.steps:
        if isinstance(step, Record) and step.record == "pause":
            yield at_value(loaded.document, (*loaded.step_path(step.id), "record"), "paused-for-good",
                           "the recording is paused here and nothing lets it go on",
                           "add a step with record: resume; or stop it")  # fmt: skip


def _texts(prompt: Prompt) -> Iterator[str]:
    yield prompt.text
    if prompt.ssml is not None:
        yield prompt.ssml
