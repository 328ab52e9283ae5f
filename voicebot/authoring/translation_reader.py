"""Reads a translation: the dialog that it translates, with the words of the translation.

``main.de.yaml`` repeats, under ``steps`` by id, only what callers hear or say; everything else is as in ``main.yaml``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from voicebot.authoring.dialog_reader import with_options
from voicebot.authoring.document import Document, YamlPath
from voicebot.authoring.folder import LoadedDialog
from voicebot.authoring.model import Prompt
from voicebot.authoring.part_reader import PLACEHOLDER, PartReader
from voicebot.authoring.problems import did_you_mean
from voicebot.authoring.steps import STEP_KINDS, DialogFile, DialogStep, step_word
from voicebot.authoring.steps.kinds import MAY_TRANSLATE
from voicebot.authoring.walking import part_in, short_forms

TRANSLATION_WORDS = ("voice", "options", "defaults", "globals", "steps")
"""The words that a translation may have."""

_SHORT_FORMS = short_forms(STEP_KINDS.values())
"""Without prompts: a translated prompt that is written out has all its words itself."""


def read_translation(document: Document, folder: Path, base: LoadedDialog) -> DialogFile | None:
    """``base`` with the words of ``document``; None, and problems, when it cannot be read."""
    data, reader = document.data, PartReader(document, folder)
    if not isinstance(data, dict):
        if data is not None:
            document.problem((), "not-a-translation", "a translation begins with words such as steps:",
                             "steps:, and below it the ids of the steps")  # fmt: skip
        return None
    for word in data:
        if word not in TRANSLATION_WORDS:
            document.problem(
                (word,), "unknown-word", f"{word!r} has no place in a translation",
                "it is said once, in the file that is translated" if word in DialogFile.model_fields
                else did_you_mean(word, TRANSLATION_WORDS) or f"known are {', '.join(TRANSLATION_WORDS)}", at_key=True,
            )  # fmt: skip
    over = data.get("steps") or {}
    if not isinstance(over, dict):
        document.problem(("steps",), "wrong-kind", "the steps of a translation are named by their ids",
                         "write menu: {ask: ...} for - id: menu")  # fmt: skip
        return None
    raw = base.document.data
    known = {str(step.get("id")): step for step in raw["steps"] if isinstance(step, dict)}
    translated: list[DialogStep] = []
    for step_id in over:
        if step_id not in known:
            document.problem(("steps", step_id), "unknown-step", f"{base.file.name} has no step {step_id!r}",
                             did_you_mean(step_id, known) or "leave it out", at_key=True)  # fmt: skip
    options = _merge(raw.get("options"), data["options"], "options") if "options" in data else raw.get("options")
    for step in base.dialog.steps:
        words = over.get(step.id, {} if "options" in data else None)
        if words is None:
            translated.append(step)
            continue
        whole = _merged(document, with_options(known[step.id], options), words, ("steps", step.id))
        read = reader.step(type(step), whole, ("steps", step.id)) if whole else None
        translated.append(read or step)
    changes: dict[str, Any] = {"steps": translated}
    for word in TRANSLATION_WORDS[:-1]:
        if word in data:
            merged = _merge(raw.get(word), data[word], word)
            header = reader.header({word: merged, "steps": [PLACEHOLDER]})
            if header is not None:
                changes[word] = getattr(header, word)
    return base.dialog.model_copy(update=changes)


def _merged(document: Document, step: dict[str, Any], words: Any, path: YamlPath) -> dict[str, Any] | None:
    if not isinstance(words, dict):
        word = step_word(step) or "say"
        document.problem(path, "wrong-kind", "the words of a step are missing", f"write {path[-1]}: {{{word}: ...}}")
        return None
    result = dict(step)
    for word, value in words.items():
        within = _place_of(word, step)
        if within:
            document.problem((*path, word), "unknown-word", f"{word!r} has no meaning here",
                             f"write it under {within}: {within}: {{{word}: ...}}", at_key=True)  # fmt: skip
        elif word not in MAY_TRANSLATE:
            document.problem(
                (*path, word), "not-translatable", f"{word!r} is the same in every language",
                did_you_mean(word, MAY_TRANSLATE) or "leave it out here", at_key=True,
            )  # fmt: skip
        else:
            result[word] = _merge(step.get(word), value, word)
    return result


def _place_of(word: str, step: dict[str, Any]) -> str:
    """The word of ``step`` below which ``word`` belongs, when it is none of the step itself."""
    name = step_word(step)
    if (
        name is None
        or word in step
        or word in {info.alias or field for field, info in STEP_KINDS[name].model_fields.items()}
    ):
        return ""
    part = part_in(STEP_KINDS[name].model_fields[name].annotation) if name in STEP_KINDS[name].model_fields else None
    return name if part is not None and part is not Prompt and word in part.model_fields else ""


def _merge(base: Any, over: Any, word: str) -> Any:
    """``base`` with what ``over`` replaces; a short form is written out when the other one is."""
    if over is None:
        return base
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
    """``prompt`` without what is played or spoken instead of its text, as that is in the other language."""
    return {word: value for word, value in prompt.items() if word not in ("audio", "ssml")}
