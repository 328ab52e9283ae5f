"""Languages into which a folder is translated in part."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from voicebot.authoring.checks.places import at_key, at_value
from voicebot.authoring.folder import MAIN, Dialogs, LoadedDialog
from voicebot.authoring.problems import Problem
from voicebot.authoring.steps.kinds import MUST_TRANSLATE
from voicebot.authoring.steps.site import is_file


def missing_translations(dialogs: Dialogs, loaded: LoadedDialog) -> Iterator[Problem]:
    """Files and steps without a translation into a language that others are translated into."""
    locales = sorted({locale for other in dialogs.dialogs.values() for locale in other.translations})
    for locale in locales:
        translation = loaded.translations.get(locale)
        if translation is None:
            file = f"{loaded.name}.{locale}.yaml"
            if not is_file(dialogs.folder / file):
                yield at_value(loaded.document, (), "not-translated", f"this file is not translated into {locale}",
                               f"write {file}")  # fmt: skip
            continue
        data = translation.document.data
        written = data.get("steps") if isinstance(data, dict) else None
        own = written if isinstance(written, dict) else {}
        for raw in loaded.document.data["steps"]:
            words = _to_translate(raw)
            step_id = str(raw.get("id")) if isinstance(raw, dict) else ""
            if not words:
                continue
            if step_id not in own:
                yield at_key(translation.document, ("steps",), "not-translated",
                             f"step {step_id!r} is not translated", f"add {step_id}: {{{words[0]}: ...}}")  # fmt: skip
                continue
            left_out = [word for word in words if not isinstance(own[step_id], dict) or word not in own[step_id]]
            if left_out:
                said = f"{', '.join(left_out)} of {step_id!r} is not translated"
                yield at_key(translation.document, ("steps", step_id), "not-translated", said, f"add {left_out[0]}:")


def silent_languages(dialogs: Dialogs, loaded: LoadedDialog) -> Iterator[Problem]:
    """Languages that callers can change to, but that would be read out by the voice of another language."""
    if loaded.name != MAIN or not any(step.changes_language for step in dialogs.steps()):
        return
    for locale, translation in loaded.translations.items():
        data = translation.document.data
        if isinstance(data, dict) and "voice" not in data:
            yield at_value(translation.document, (), "no-voice", f"the voice of the settings reads out this {locale}",
                           "add voice: and the name of one that speaks it")  # fmt: skip


def _to_translate(raw: Any) -> list[str]:
    """The words of a step that callers hear or say."""
    if not isinstance(raw, dict):
        return []
    return [word for word in MUST_TRANSLATE if isinstance(raw.get(word), str | list | dict)
            and not (word == "choice" and isinstance(raw[word], dict) and not any(raw[word].values()))]  # fmt: skip
