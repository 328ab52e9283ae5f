"""Languages into which a folder is translated in part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from voicebot.authoring.checks.places import at_key, at_value
from voicebot.authoring.document import Document, YamlPath
from voicebot.authoring.folder import MAIN, Dialogs, LoadedDialog
from voicebot.authoring.languages import with_country
from voicebot.authoring.model import GlobalCommand
from voicebot.authoring.problems import Problem, did_you_mean
from voicebot.authoring.steps.kinds import MUST_TRANSLATE
from voicebot.authoring.steps.site import is_file

VOICES = {"de": "de-DE-KatjaNeural", "en": "en-US-AvaNeural", "es": "es-ES-ElviraNeural", "fr": "fr-FR-DeniseNeural"}
"""An example of a voice for each language."""


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
        yield from _options(translation.document, ("options",), loaded.document.data, data, "options")
        yield from _commands(translation.document, loaded.dialog.globals.own, data)
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
            yield from _options(translation.document, ("steps", step_id, "choice"), raw, own[step_id], "choice")
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
            yield at_value(translation.document, (), "no-voice", f"nothing says which voice speaks {locale}",
                           f"add voice: at the top, such as voice: {_voice(locale)}")  # fmt: skip


def _voice(locale: str) -> str:
    return VOICES.get(locale.partition("-")[0], f"{with_country(locale)}-...Neural")


def _options(document: Document, path: YamlPath, raw: Any, over: Any, word: str) -> Iterator[Problem]:
    """Options that a translation leaves in the other language, or whose value it changes."""
    options = raw.get(word) if isinstance(raw, dict) else None
    given = over.get(word) if isinstance(over, dict) else None
    if not isinstance(options, dict) or not isinstance(given, dict):
        return
    for name in given:
        if name not in options:
            yield at_key(document, (*path, name), "unknown-option", f"there is no option {name!r} to translate",
                         did_you_mean(name, options) or "leave it out, or add it to the file that is translated",
                         error=True)  # fmt: skip
    for name, option in options.items():
        told = given.get(name)
        if option is not None and told is None:
            yield at_key(document, path, "not-translated", f"option {name!r} is not translated",
                         f"add {name}: and the words that mean it")  # fmt: skip
        elif isinstance(told, dict) and "value" in told:
            yield at_key(document, (*path, name, "value"), "value-translated",
                         f"the value of {name!r} is another one in this language, and conditions compare it",
                         "write label: for what is said, and leave value: out")  # fmt: skip
        elif isinstance(option, dict) and "label" in option and not (isinstance(told, dict) and "label" in told):
            yield at_key(document, (*path, name), "not-translated", f"the label of {name!r} is not translated",
                         "add label:")  # fmt: skip


def _commands(document: Document, own: Mapping[str, GlobalCommand], data: Any) -> Iterator[Problem]:
    """Global commands of the author's own that a translation leaves in the other language."""
    given = data.get("globals") if isinstance(data, dict) else None
    for name in own:
        if not isinstance(given, dict) or name not in given:
            yield at_key(document, ("globals",), "not-translated", f"{name!r} of the globals is not translated",
                         f"add globals: {{{name}: {{say: ..., message: ...}}}}")  # fmt: skip


def _to_translate(raw: Any) -> list[str]:
    """The words of a step that callers hear or say. A question for the language is asked in all of them at once."""
    if not isinstance(raw, dict) or "languages" in raw:
        return []
    return [word for word in MUST_TRANSLATE if isinstance(raw.get(word), str | list | dict)
            and not (word == "choice" and isinstance(raw[word], dict) and not any(raw[word].values()))]  # fmt: skip
