"""The steps and files that a dialog file names, and whether they exist."""

from __future__ import annotations

from voicebot.authoring.folder import LoadedDialog
from voicebot.authoring.model import END, FAIL
from voicebot.authoring.problems import did_you_mean
from voicebot.authoring.steps.site import Site
from voicebot.authoring.walking import targets_of


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
    for path, target in targets:
        if target not in known:
            document.problem(path, "unknown-step", f"there is no step {target!r}",
                             did_you_mean(target, known) or "add it, or go to another one")  # fmt: skip
    for name in ("agent", "start_over"):
        command = getattr(dialog.globals, name)
        if command is not None and command.goto is None:
            document.problem(("globals", name), "missing", f"where does {name!r} go?", "add goto: and a step",
                             at_key=True)  # fmt: skip
