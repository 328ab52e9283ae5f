"""Reads a part of a file, a step or what stands at the top, and finds every fault in it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from voicebot.authoring.document import Document, YamlPath
from voicebot.authoring.expressions import ExpressionError, compile_expression
from voicebot.authoring.faults import told
from voicebot.authoring.model import END, WORDS_TAKEN, Part
from voicebot.authoring.problems import Problem
from voicebot.authoring.sounds import SoundError, is_remote, sound_file
from voicebot.authoring.speaking import KINDS, unknown_detail
from voicebot.authoring.steps import DialogFile, DialogStep
from voicebot.authoring.template import compile_template
from voicebot.authoring.walking import conditions_of, prompts_of, texts_of

PLACEHOLDER = {"id": "nothing", "goto": END}
"""Stands for the steps of a file while the rest is read: they are read one by one."""
P = TypeVar("P", DialogStep, DialogFile)


class PartReader:
    """Reads parts of ``document``, a file in ``folder``, and adds their problems to it."""

    def __init__(self, document: Document, folder: Path) -> None:
        self._document = document
        self._folder = folder

    def header(self, raw: dict[str, Any]) -> DialogFile | None:
        """``raw``, a whole file, but with a placeholder for its steps; None, and problems, when it cannot be read."""
        steps = raw.get("steps")
        return self._part(DialogFile, {**raw, "steps": [PLACEHOLDER]} if steps and isinstance(steps, list) else raw, ())

    def step(self, kind: type[DialogStep], raw: Any, path: YamlPath) -> DialogStep | None:
        """``raw``, which is at ``path``, as a step; None, and problems, when it cannot be read."""
        step = self._part(kind, raw, path)
        if step is not None:
            self._document.problems += (fault.problem(self._document, path) for fault in step.own_faults())
        return step

    def _part(self, kind: type[P], raw: Any, path: YamlPath) -> P | None:
        """``raw`` as a ``kind``; None, and problems, when it cannot be read."""
        try:
            part = kind.model_validate(raw)
        except ValidationError as error:
            for fault in error.errors(include_url=False):
                if not str(fault["loc"][-1:]).startswith("('literal["):  # the other form of the word has reported it
                    self._fault(kind, fault, path)
            return None
        self._names(part.sets(), path)
        self._texts(part, path)
        return part

    def _fault(self, kind: type[Part], fault: Any, path: YamlPath) -> None:
        where: YamlPath = (*path, *fault["loc"])
        code, message, mend = told(kind, fault)
        self._document.problem(where, code, message, mend, at_key=code in ("unknown-word", "missing"))

    def _names(self, names: Iterable[tuple[YamlPath, str]], path: YamlPath) -> None:
        for place, name in names:
            if name.lower() in WORDS_TAKEN:
                self._document.problem((*path, *place), "reserved", f"{name!r} is a word of the language",
                                       "choose another name")  # fmt: skip

    def _texts(self, part: Part, path: YamlPath) -> None:
        for place, text in texts_of(part, path):
            try:
                for gap in compile_template(text, KINDS).gaps:
                    if unknown := unknown_detail(gap.kind):
                        raise ExpressionError(unknown[0], gap.column, unknown[1])
            except ExpressionError as error:
                mend = "such as {name} or {price|money}; a brace itself is {{ or }}"
                self._expression("value", place, text, error, mend)
        for place, condition in conditions_of(part, path):
            try:
                compile_expression(condition)
            except ExpressionError as error:
                self._expression("condition", place, condition, error, "such as bill.amount > 0 and not bill.paid")
        for place, prompt in prompts_of(part, path):
            if prompt.audio is None or is_remote(prompt.audio):
                continue
            try:
                sound_file(prompt.audio, self._document.file, self._folder)
            except SoundError as error:
                self._document.problem((*place, "audio"), "audio", str(error), error.mend)

    def _expression(self, code: str, place: YamlPath, text: str, error: ExpressionError, mend: str) -> None:
        line, column = self._document.within(place, error.column)
        said = f"in {text[:60]!r}: {error}"
        self._document.problems.append(Problem(self._document.file, line, column, code, said, error.mend or mend))
