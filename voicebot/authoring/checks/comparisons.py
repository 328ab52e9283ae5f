"""Comparisons with a value that never occurs: ``if: went == "no-answer"``, where ``dial`` saves ``no_answer``."""

from __future__ import annotations

from collections.abc import Iterator

from voicebot.authoring.checks.places import at
from voicebot.authoring.document import YamlPath
from voicebot.authoring.expressions import ExpressionError, comparisons
from voicebot.authoring.folder import Dialogs, LoadedDialog
from voicebot.authoring.problems import Problem, did_you_mean
from voicebot.authoring.steps import DialogStep
from voicebot.authoring.template import compile_template
from voicebot.authoring.walking import conditions_of, texts_of

DIRECTIONS = ("inbound", "outbound")


def never_equal(dialogs: Dialogs, loaded: LoadedDialog) -> Iterator[Problem]:
    """Values that a variable never has, if every step that sets it lists its values; and unknown directions."""
    steps = loaded.dialog.steps
    limited = {name: values for step in steps for name, values in step.possible_values().items()}
    others = {name for step in steps for _, name in step.sets() if name not in step.possible_values()}
    known = {name: values for name, values in limited.items() if name not in others | set(loaded.dialog.inputs)}
    known["direction"] = DIRECTIONS
    for step in steps:
        for place, name, text, column in _compared(step, loaded.step_path(step.id)):
            if name in known and text not in known[name]:
                yield at(loaded.document, loaded.document.within(place, column), "never-equal",
                         f"{name} is never {text!r}",
                         did_you_mean(text, known[name]) or f"it is one of {', '.join(known[name])}")  # fmt: skip


def _compared(step: DialogStep, path: YamlPath) -> Iterator[tuple[YamlPath, str, str, int]]:
    """Each name that is compared with a text: the path of the words, the name, the text, its column there."""
    try:
        for place, condition in conditions_of(step, path):
            yield from ((place, *found) for found in comparisons(condition))
        for place, words in texts_of(step, path):
            for gap in compile_template(words).gaps:
                for name, text, column in comparisons(gap.expression.text) if not gap.of_item else ():
                    yield place, name, text, gap.column + column
    except ExpressionError:
        return  # the loader has reported it
