"""The steps and files that a dialog file names, and whether they exist."""

from __future__ import annotations

from voicebot.authoring.folder import MAIN, LoadedDialog
from voicebot.authoring.model import END, FAIL
from voicebot.authoring.problems import Suggestions, did_you_mean
from voicebot.authoring.steps.site import Site
from voicebot.authoring.understanding import languages
from voicebot.authoring.walking import targets_of


def check_languages(loaded: LoadedDialog) -> None:
    """Add a problem for each language of the file whose words are not understood."""
    documents = {loaded.dialog.locale: loaded.document} if loaded.name == MAIN else {}
    documents |= {locale: translation.document for locale, translation in loaded.translations.items()}
    for locale, document in documents.items():
        if locale.partition("-")[0] not in languages():
            document.problem(("locale",), "unknown-language", f"what callers say in {locale!r} is not understood",
                             f"there is data for {', '.join(languages())}")  # fmt: skip


def check_links(loaded: LoadedDialog, site: Site) -> None:
    """Add a problem to the document for everything that the file names and that does not exist."""
    document, dialog = loaded.document, loaded.dialog
    raw = document.data.get("steps") if isinstance(document.data, dict) else None
    written = [str(step.get("id")) for step in raw or [] if isinstance(step, dict)]
    known = {*(step.id for step in dialog.steps), *written, END, FAIL}
    targets = [*targets_of(dialog.defaults, ("defaults",)), *targets_of(dialog.globals, ("globals",))]
    for step in dialog.steps:
        path = loaded.step_path(step.id)
        targets += targets_of(step, path)
        document.problems += (fault.problem(document, path) for fault in step.link_faults(site))
    meant = Suggestions()
    for path, target in targets:
        if target not in known:
            file = next((name for name in (target, target.rpartition(".")[0]) if name in site.dialogs), "")
            mend = file and f"it is a file: go to a step with call: {file}"
            document.problem(path, "unknown-step", f"there is no step {target!r}",
                             mend or meant(target, known) or "add it, or go to another one")  # fmt: skip
    for name in ("agent", "start_over"):
        command = getattr(dialog.globals, name)
        if command is not None and command.goto is None:
            document.problem(("globals", name), "missing", f"where does {name!r} go?", "add goto: and a step",
                             at_key=True)  # fmt: skip
    keys: dict[str, str] = {}
    for name, command in dialog.globals.at_any_time().items():
        if command.key is not None and keys.setdefault(command.key, name) != name:
            said = f"key {command.key} means {keys[command.key]!r} already"
            document.problem(("globals", name, "key"), "duplicate-key-press", said, "choose another key")
    for name, command in dialog.globals.own.items():
        if command.goto is None and command.message is None:
            document.problem(("globals", name), "missing", f"nothing happens when callers say {name!r}",
                             did_you_mean(name, type(dialog.globals).model_fields)
                             or "add message: and what is said, or goto: and a step", at_key=True)  # fmt: skip
