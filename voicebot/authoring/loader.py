"""A folder of dialogs: every file read and checked as far as a call could stumble over it; all faults at once.

``main.yaml`` is where calls begin. ``billing.yaml`` or ``shop/order.yaml`` are further dialogs, called by these names.
``main.de.yaml`` and ``main.de-AT.yaml`` are translations: they repeat, under ``steps`` by id, only the words that
callers hear or say; everything else is as in ``main.yaml``. Folders named ``tests`` or ``data``, and names that begin
with a dot or an underscore, are not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from voicebot.authoring.document import Document, YamlPath, read_document
from voicebot.authoring.expressions import ExpressionError, compile_expression
from voicebot.authoring.faults import told
from voicebot.authoring.folder import MAIN, Dialogs, LoadedDialog, Translation
from voicebot.authoring.links import check_links
from voicebot.authoring.model import END, FAIL, WORDS_TAKEN, Part, Schedule
from voicebot.authoring.problems import Problem, did_you_mean
from voicebot.authoring.schedule import ScheduleError, compile_schedule
from voicebot.authoring.sounds import SoundError, is_remote, sound_file
from voicebot.authoring.speaking import KINDS
from voicebot.authoring.steps import STEP_KINDS, DialogFile, DialogStep, step_word
from voicebot.authoring.steps.kinds import MAY_TRANSLATE
from voicebot.authoring.template import compile_template
from voicebot.authoring.walking import conditions_of, prompts_of, short_forms, texts_of

__all__ = ["Dialogs", "LoadedDialog", "Translation", "dialog_files", "load_dialogs"]

MAX_FILES = 1000
IGNORED = ("tests", "data")

_TRANSLATION = re.compile(r"(?P<name>.+)\.(?P<locale>[a-z]{2,3}(?:-[A-Z]{2})?)\Z")
_SHORT_FORMS = short_forms(STEP_KINDS.values())
"""Those of prompts are not among them: a translated prompt that is written out says all of it."""
PLACEHOLDER = {"id": "nothing", "goto": END}
"""A step in the place of a file's own, which are read one by one."""
P = TypeVar("P", DialogStep, DialogFile)

TRANSLATION_WORDS = ("voice", "options", "defaults", "globals", "steps")
"""The words that a translation may have."""


def dialog_files(folder: Path) -> list[Path]:
    """The YAML files of ``folder`` that are dialogs or translations, in order."""
    found = []
    for file in sorted([*folder.rglob("*.yaml"), *folder.rglob("*.yml")]):
        parts = file.relative_to(folder).parts
        if any(part.startswith((".", "_")) for part in parts) or any(part in IGNORED for part in parts[:-1]):
            continue
        found.append(file)
    return found


def load_dialogs(folder: Path) -> Dialogs:
    """Read the folder. Never raises for what is in it: see ``problems``, and ``usable``."""
    result = Dialogs(folder)
    files = dialog_files(folder) if folder.is_dir() else []
    if len(files) > MAX_FILES:
        result.problems.append(Problem(folder, 1, 1, "too-many-files", f"more than {MAX_FILES} dialog files"))
        return result
    documents = {_name(folder, file): read_document(file) for file in files}
    translations = {name for name in documents if (found := _TRANSLATION.match(name)) and found["name"] in documents}
    for name, document in documents.items():
        if name not in translations:
            dialog = _Reading(document, folder).dialog(main=name == MAIN)
            if dialog is not None:
                result.dialogs[name] = LoadedDialog(name, document, dialog)
    for name in sorted(translations):
        found = _TRANSLATION.match(name)
        assert found is not None
        base = result.dialogs.get(found["name"])
        if base is not None:
            translated = _Reading(documents[name], folder).translation(base)
            if translated is not None:
                base.translations[found["locale"]] = Translation(documents[name], translated)
    if MAIN not in documents:
        result.problems.append(
            Problem(folder / "main.yaml", 1, 1, "no-main", "there is no main.yaml", "calls begin there: write one")
        )
    for loaded, site in result.sites():
        check_links(loaded, site)
    for document in documents.values():
        result.problems += document.problems
    result.problems = sorted(set(result.problems))
    return result


def _name(folder: Path, file: Path) -> str:
    return file.relative_to(folder).with_suffix("").as_posix()


class _Reading:
    """One file into the model. Faulty steps are left out, so that the faults of the others are found as well."""

    def __init__(self, document: Document, folder: Path) -> None:
        self._document = document
        self._folder = folder

    def dialog(self, *, main: bool) -> DialogFile | None:
        data = self._document.data
        if not isinstance(data, dict):
            if data is not None:
                self._document.problem((), "not-a-dialog", "a dialog file begins with words such as steps:")
            return None
        if not main:
            for word in DialogFile.MAIN_ONLY:
                if word in data:
                    self._document.problem(
                        (word,), "main-only", f"{word!r} belongs into main.yaml", "move it there", at_key=True
                    )
        steps = self._steps(data.get("steps"), data.get("options"))
        header = self._part(DialogFile, {**data, "steps": [PLACEHOLDER]} if data.get("steps") and steps is not None
                            else data, ())  # fmt: skip
        if header is None or steps is None:
            return None
        for name, schedule in header.schedules.items():
            self._schedule(schedule, ("schedules", name))
        return header.model_copy(update={"steps": steps})

    def translation(self, base: LoadedDialog) -> DialogFile | None:
        data = self._document.data
        if not isinstance(data, dict):
            if data is not None:
                self._document.problem((), "not-a-translation", "a translation begins with words such as steps:")
            return None
        for word in data:
            if word not in TRANSLATION_WORDS:
                self._document.problem(
                    (word,), "unknown-word", f"{word!r} has no place in a translation",
                    did_you_mean(word, TRANSLATION_WORDS), at_key=True,
                )  # fmt: skip
        over = data.get("steps") or {}
        if not isinstance(over, dict):
            self._document.problem(("steps",), "wrong-kind", "the steps of a translation are named by their ids",
                                   "menu: {ask: ...}")  # fmt: skip
            return None
        raw = base.document.data
        known = {str(step.get("id")): step for step in raw["steps"] if isinstance(step, dict)}
        translated: list[DialogStep] = []
        for step_id in over:
            if step_id not in known:
                self._document.problem(("steps", step_id), "unknown-step", f"{base.file.name} has no step {step_id!r}",
                                       did_you_mean(step_id, known), at_key=True)  # fmt: skip
        options = _merge(raw.get("options"), data["options"], "options") if "options" in data else raw.get("options")
        for step in base.dialog.steps:
            words = over.get(step.id, {} if "options" in data else None)
            if words is None:
                translated.append(step)
                continue
            whole = self._merged(known[step.id], words, ("steps", step.id))
            read = self._step(type(step), _with_options(whole, options), ("steps", step.id)) if whole else None
            translated.append(read or step)
        changes: dict[str, Any] = {"steps": translated}
        for word in TRANSLATION_WORDS[:-1]:
            if word in data:
                merged = _merge(raw.get(word), data[word], word)
                header = self._part(DialogFile, {word: merged, "steps": [PLACEHOLDER]}, ())
                if header is not None:
                    changes[word] = getattr(header, word)
        return base.dialog.model_copy(update=changes)

    def _merged(self, step: dict[str, Any], words: Any, path: YamlPath) -> dict[str, Any] | None:
        if not isinstance(words, dict):
            self._document.problem(path, "wrong-kind", "the words of a step are missing", "menu: {ask: ...}")
            return None
        result = dict(step)
        for word, value in words.items():
            if word not in MAY_TRANSLATE:
                self._document.problem(
                    (*path, word), "not-translatable", f"{word!r} is the same in every language",
                    did_you_mean(word, MAY_TRANSLATE) or "leave it out here", at_key=True,
                )  # fmt: skip
            else:
                result[word] = _merge(step.get(word), value, word)
        return result

    def _steps(self, raw: Any, options: Any) -> list[DialogStep] | None:
        if not isinstance(raw, list):
            return None
        steps: list[DialogStep] = []
        seen: dict[str, int] = {}
        for index, item in enumerate(raw):
            path: YamlPath = ("steps", index)
            word = step_word(item)
            if word is None:
                self._no_word(item, path)
                continue
            step = self._step(STEP_KINDS[word], _with_options(item, options), path)
            if step is None:
                continue
            if step.id in seen:
                self._document.problem((*path, "id"), "duplicate-id", f"another step (line {seen[step.id]}) has the id "
                                       f"{step.id!r} already", "give one of them another id")  # fmt: skip
                continue
            if step.id in (END, FAIL):
                self._document.problem((*path, "id"), "reserved", f"{step.id!r} has a meaning of its own",
                                       "choose another id")  # fmt: skip
                continue
            seen[step.id] = self._document.value_at((*path, "id"))[0]
            steps.append(step)
        return steps

    def _no_word(self, item: Any, path: YamlPath) -> None:
        if not isinstance(item, dict):
            self._document.problem(path, "wrong-kind", "a step has words such as id: and say:", "- id: hello")
            return
        present = [word for word in STEP_KINDS if word in item]
        if present:
            said = f"a step does one thing, this one has {' and '.join(map(repr, present))}"
            self._document.problem((*path, present[1]), "two-words", said, "make two steps of it", at_key=True)
            return
        meant = [(word, close) for word in item if (close := did_you_mean(word, STEP_KINDS))]
        where = (*path, meant[0][0]) if meant else path
        self._document.problem(
            where, "no-word", "nothing says what this step does",
            meant[0][1] if meant else f"it needs one of {', '.join(STEP_KINDS)}", at_key=True,
        )  # fmt: skip

    def _step(self, kind: type[DialogStep], raw: Any, path: YamlPath) -> DialogStep | None:
        step = self._part(kind, raw, path)
        if step is not None:
            self._document.problems += (fault.problem(self._document, path) for fault in step.own_faults())
        return step

    def _part(self, kind: type[P], raw: Any, path: YamlPath) -> P | None:
        """``raw`` as a ``kind``; None (and problems) when it is none."""
        try:
            part = kind.model_validate(raw)
        except ValidationError as error:
            for fault in error.errors(include_url=False):
                if not str(fault["loc"][-1:]).startswith("('literal["):  # the other form of the word has told already
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
                compile_template(text, KINDS)
            except ExpressionError as error:
                line, column = self._document.within(place, error.column)
                self._document.problems.append(
                    Problem(self._document.file, line, column, "value", f"in {text[:60]!r}: {error}")
                )
        for place, condition in conditions_of(part, path):
            try:
                compile_expression(condition)
            except ExpressionError as error:
                line, column = self._document.within(place, error.column)
                self._document.problems.append(
                    Problem(self._document.file, line, column, "condition", f"in the condition: {error}")
                )
        for place, prompt in prompts_of(part, path):
            if prompt.audio is None or is_remote(prompt.audio):
                continue
            try:
                sound_file(prompt.audio, self._document.file, self._folder)
            except SoundError as error:
                self._document.problem((*place, "audio"), "audio", str(error), error.mend)

    def _schedule(self, schedule: Schedule, path: YamlPath) -> None:
        try:
            compile_schedule(schedule)
        except ScheduleError as error:
            self._document.problem((*path, *error.path), "schedule", str(error), error.mend)


def _with_options(step: Any, options: Any) -> Any:
    """``step`` with the file's ``options`` in the place of those of ``choice`` that have nothing behind them."""
    choice = step.get("choice") if isinstance(step, dict) else None
    if not isinstance(choice, dict) or not isinstance(options, dict):
        return step
    filled = {name: options.get(name) if option is None else option for name, option in choice.items()}
    return {**step, "choice": filled}


def _merge(base: Any, over: Any, word: str) -> Any:
    """``over`` laid upon ``base``; short forms are written out where the other is."""
    if isinstance(over, dict):
        if isinstance(base, dict):
            if "text" in base and "text" in over:
                base = _without_sound(base)
            return {**base, **{key: _merge(base.get(key), value, key) for key, value in over.items()}}
        if base is not None and not isinstance(base, bool) and word in _SHORT_FORMS:
            return {_SHORT_FORMS[word]: base, **over}
        return over
    if isinstance(base, dict) and isinstance(over, str | list):
        short = _SHORT_FORMS.get(word) or ("text" if "text" in base else "say")
        if short == "text":
            base = _without_sound(base)
        if short in base or short == "say":
            return {**base, short: over}
    return over


def _without_sound(prompt: dict[str, Any]) -> dict[str, Any]:
    """A prompt whose text is another one: what is played or spoken in its place is in the wrong language."""
    return {word: value for word, value in prompt.items() if word not in ("audio", "ssml")}
