"""Reads a folder of dialogs: every file, and everything in it that a call could fail on.

``main.yaml`` is where calls begin. ``billing.yaml`` or ``shop/order.yaml`` are further dialogs, called by these names.
``main.de.yaml`` and ``main.de-AT.yaml`` are translations: they repeat, under ``steps`` by id, only the words that
callers hear or say; everything else is as in ``main.yaml``. Folders named ``tests`` or ``data``, and names that begin
with a dot or an underscore, are ignored.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from voicebot.authoring.dialog_reader import read_dialog
from voicebot.authoring.document import Document, read_document
from voicebot.authoring.folder import MAIN, Dialogs, LoadedDialog, Translation
from voicebot.authoring.links import check_languages, check_links
from voicebot.authoring.problems import Problem, did_you_mean
from voicebot.authoring.translation_reader import read_translation

__all__ = ["Dialogs", "LoadedDialog", "Translation", "dialog_files", "load_dialogs"]

MAX_FILES = 1000
IGNORED = ("tests", "data")

_TRANSLATION = re.compile(r"(?P<name>.+)\.(?P<locale>[a-z]{2,3}(?:-[A-Z]{2})?)\Z")
_MEANT = re.compile(r"(?P<name>.+?)[._-](?P<language>[A-Za-z]{2,3})(?:[-_](?P<country>[A-Za-z]{2}))?\Z")
"""How the name of a translation may have been meant."""


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
    if not folder.is_dir():
        said, mend = (
            ("this is a file", "name its folder") if folder.exists() else ("there is no such folder", "name one")
        )
        result.problems.append(Problem(folder, 1, 1, "no-folder", said, mend))
        return result
    files = dialog_files(folder)
    if len(files) > MAX_FILES:
        result.problems.append(
            Problem(
                folder,
                1,
                1,
                "too-many-files",
                f"more than {MAX_FILES} dialog files",
                "name the folder of the dialogs, or make several bots of it",
            )
        )
        return result
    documents = {_name(folder, file): read_document(file) for file in files}
    translations = {name for name in documents if (found := _TRANSLATION.match(name)) and found["name"] in documents}
    for name, document in documents.items():
        if name not in translations and not _is_misnamed(name, document, documents):
            dialog = read_dialog(document, folder, main=name == MAIN)
            if dialog is not None:
                result.dialogs[name] = LoadedDialog(name, document, dialog)
    for name in sorted(translations):
        found = _TRANSLATION.match(name)
        assert found is not None
        base = result.dialogs.get(found["name"])
        if base is not None:
            translated = read_translation(documents[name], folder, base)
            if translated is not None:
                base.translations[found["locale"]] = Translation(documents[name], translated)
    if MAIN not in documents:
        mend = _called_otherwise(folder) or "calls begin there: write one"
        result.problems.append(Problem(folder / "main.yaml", 1, 1, "no-main", "there is no main.yaml", mend))
    for loaded, site in result.sites():
        check_languages(loaded)
        check_links(loaded, site)
    for document in documents.values():
        result.problems += document.problems
    result.problems = sorted(set(result.problems))
    return result


def _called_otherwise(folder: Path) -> str:
    names = (file.name for file in sorted(folder.glob("*")) if file.is_file())
    near = next((name for name in names if re.fullmatch(r"main\.ya?ml(\.\w+)?", name, re.IGNORECASE)), "")
    return near and f"{near} is there: call it main.yaml"


def _is_misnamed(name: str, document: Document, documents: Mapping[str, Document]) -> bool:
    """Whether it is a translation, but not by its name; then there is a problem that says so."""
    meant = _MEANT.match(name)
    if meant is None or not isinstance(document.data, dict) or not isinstance(document.data.get("steps"), dict):
        return False
    base, country = meant["name"], meant["country"]
    if base in documents:
        file = f"{base}.{meant['language'].lower()}{f'-{country.upper()}' if country else ''}.yaml"
        document.problem((), "translation-name", f"this looks like a translation of {base}.yaml", f"call it {file}")
        return True
    if _TRANSLATION.match(name):
        said = f"this looks like a translation, and there is no {base}.yaml"
        document.problem((), "translation-name", said, did_you_mean(base, documents) or "call it as what it translates")
        return True
    return False


def _name(folder: Path, file: Path) -> str:
    return file.relative_to(folder).with_suffix("").as_posix()
