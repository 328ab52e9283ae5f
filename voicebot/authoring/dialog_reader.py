"""Reads a dialog file. Faulty steps are left out, so that the faults of all others are found as well."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from voicebot.authoring.document import Document, YamlPath
from voicebot.authoring.model import END, FAIL
from voicebot.authoring.part_reader import PartReader
from voicebot.authoring.problems import did_you_mean
from voicebot.authoring.schedule import ScheduleError, compile_schedule
from voicebot.authoring.steps import STEP_KINDS, DialogFile, DialogStep, step_word


def read_dialog(document: Document, folder: Path, *, main: bool) -> DialogFile | None:
    """The dialog in ``document``; None, and problems, when it cannot be read. ``main``: whether calls begin with it."""
    data, reader = document.data, PartReader(document, folder)
    if not isinstance(data, dict):
        if data is not None:
            document.problem((), "not-a-dialog", "a dialog file begins with words such as steps:",
                             "steps:, and below it the steps, each with a dash")  # fmt: skip
        return None
    for word in DialogFile.MAIN_ONLY if not main else ():
        if word in data:
            document.problem((word,), "main-only", f"{word!r} belongs into main.yaml", "move it there", at_key=True)
    raw = data.get("steps")
    steps = _steps(document, reader, raw, data.get("options")) if isinstance(raw, list) else None
    header = reader.header(data)
    if header is None or steps is None:
        return None
    for name, schedule in header.schedules.items():
        try:
            compile_schedule(schedule)
        except ScheduleError as error:
            document.problem(("schedules", name, *error.path), "schedule", str(error), error.mend)
    return header.model_copy(update={"steps": steps})


def with_options(step: Any, options: Any) -> Any:
    """``step``, each empty option of its ``choice`` replaced by the one of that name in the file's ``options``."""
    choice = step.get("choice") if isinstance(step, dict) else None
    if not isinstance(choice, dict) or not isinstance(options, dict):
        return step
    filled = {name: options.get(name) if option is None else option for name, option in choice.items()}
    return {**step, "choice": filled}


def _steps(document: Document, reader: PartReader, raw: list[Any], options: Any) -> list[DialogStep]:
    steps: list[DialogStep] = []
    seen: dict[str, int] = {}
    for index, item in enumerate(raw):
        path: YamlPath = ("steps", index)
        word = step_word(item)
        if word is None:
            _no_word(document, item, path)
            continue
        step = reader.step(STEP_KINDS[word], with_options(item, options), path)
        if step is None:
            continue
        if step.id in seen:
            document.problem((*path, "id"), "duplicate-id", f"another step (line {seen[step.id]}) has the id "
                             f"{step.id!r} already", "give one of them another id")  # fmt: skip
            continue
        if step.id in (END, FAIL):
            document.problem((*path, "id"), "reserved", f"{step.id!r} has a meaning of its own",
                             "choose another id")  # fmt: skip
            continue
        seen[step.id] = document.value_at((*path, "id"))[0]
        steps.append(step)
    return steps


def _no_word(document: Document, item: Any, path: YamlPath) -> None:
    if item is None and any(problem.code == "alias" for problem in document.problems):
        return
    if not isinstance(item, dict):
        document.problem(path, "wrong-kind", "a step has words such as id: and say:", "- id: hello")
        return
    present = [word for word in STEP_KINDS if word in item]
    if present:
        said = f"a step does one thing, this one has {' and '.join(map(repr, present))}"
        document.problem((*path, present[1]), "two-words", said, "make two steps of it", at_key=True)
        return
    meant = [(word, close) for word in item if (close := did_you_mean(word, STEP_KINDS))]
    where = (*path, meant[0][0]) if meant else path
    document.problem(
        where, "no-word", "nothing says what this step does",
        meant[0][1] if meant else f"it needs one of {', '.join(STEP_KINDS)}", at_key=True,
    )  # fmt: skip
