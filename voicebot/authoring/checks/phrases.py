"""Several phrases that are written as one text, which callers would have to say as a whole: ``say: sales, buy``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from voicebot.authoring.checks.places import at_value
from voicebot.authoring.document import Document, YamlPath
from voicebot.authoring.folder import Dialogs, LoadedDialog
from voicebot.authoring.problems import Problem
from voicebot.authoring.steps import DialogFile
from voicebot.authoring.understanding import UnknownLanguage, for_language
from voicebot.authoring.walking import phrases_of

_BETWEEN = re.compile(r"[,;]\s")


def phrases_in_one(dialogs: Dialogs, loaded: LoadedDialog) -> Iterator[Problem]:
    """Texts with a comma where a list can stand. One in a list is meant as it is, and so is "yes, please"."""
    paths = {step.id: loaded.step_path(step.id) for step in loaded.dialog.steps}
    yield from _in_file(loaded.document, loaded.dialog, paths, loaded.dialog.locale)
    for locale, translation in loaded.translations.items():
        by_id: dict[str, YamlPath] = {step.id: ("steps", step.id) for step in translation.dialog.steps}
        yield from _in_file(translation.document, translation.dialog, by_id, locale)


def _in_file(document: Document, dialog: DialogFile, paths: dict[str, YamlPath], locale: str) -> Iterator[Problem]:
    places = [*phrases_of(dialog.globals, ("globals",)), *phrases_of(dialog.options, ("options",))]
    for step in dialog.steps:
        places += phrases_of(step, paths[step.id])
    for path, phrase in places:
        parts = [part.strip() for part in _BETWEEN.split(phrase) if part.strip()]
        written = _written_alone(document.data, path)
        if len(parts) > 1 and written is not None and not _has_yes_or_no(parts, locale):
            yield at_value(document, written, "one-phrase", f"{phrase!r} is one phrase, of which callers must say all",
                           f'write [{", ".join(parts)}], or ["{phrase}"] if it is one')  # fmt: skip


def _written_alone(data: Any, path: YamlPath) -> YamlPath | None:
    """Where the phrase at ``path``, of a list, is written as a text of its own; None if it is in a list, or in another
    file."""
    *field, _ = path
    for place in (field, field[:-1]):  # written out, and the short form of an option
        value = data
        for key in place:
            inside = isinstance(value, dict) or (isinstance(value, list) and isinstance(key, int))
            value = (value.get(key) if isinstance(value, dict) else value[key]) if inside else None
        if isinstance(value, str):
            return tuple(place)
    return None


def _has_yes_or_no(parts: list[str], locale: str) -> bool:
    try:
        understanding = for_language(locale)
    except UnknownLanguage:
        return False
    return any(understanding.yes_no(part) is not None for part in parts)
