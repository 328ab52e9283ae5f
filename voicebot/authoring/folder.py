"""A folder of dialogs, as it was read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from voicebot.authoring.document import Document, YamlPath
from voicebot.authoring.problems import Problem, Severity
from voicebot.authoring.steps import DialogFile, DialogStep
from voicebot.authoring.steps.site import Site

MAIN = "main"
"""The dialog that calls begin with."""


@dataclass(slots=True)
class Translation:
    """A dialog in another language: the same steps with other words."""

    document: Document
    dialog: DialogFile


@dataclass(slots=True)
class LoadedDialog:
    """One dialog file."""

    name: str
    document: Document
    dialog: DialogFile
    translations: dict[str, Translation] = field(default_factory=dict)
    _paths: dict[str, YamlPath] = field(default_factory=dict, init=False, repr=False)
    """Of the steps, by their ids; made when it is asked for the first time."""

    @property
    def file(self) -> Path:
        return self.document.file

    def step_path(self, step_id: str) -> YamlPath:
        """The path of a step in the document; of several with this id, that of the first."""
        if not self._paths:
            steps = self.document.data.get("steps") if isinstance(self.document.data, dict) else None
            for index, step in enumerate(steps if isinstance(steps, list) else []):
                if isinstance(step, dict):
                    self._paths.setdefault(str(step.get("id")), ("steps", index))
        return self._paths.get(step_id, ("steps",))


@dataclass(slots=True)
class Dialogs:
    """What a folder holds. ``problems`` are in the order of files and lines."""

    folder: Path
    dialogs: dict[str, LoadedDialog] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    @property
    def usable(self) -> bool:
        """Whether calls can be answered with it."""
        return MAIN in self.dialogs and not any(problem.severity is Severity.ERROR for problem in self.problems)

    @property
    def main(self) -> LoadedDialog:
        return self.dialogs[MAIN]

    @property
    def locales(self) -> tuple[str, ...]:
        """The languages of the main file, its own first; none when it could not be read."""
        main = self.dialogs.get(MAIN)
        return (main.dialog.locale, *main.translations) if main is not None else ()

    def steps(self) -> Iterator[DialogStep]:
        """Every step of every dialog."""
        for loaded in self.dialogs.values():
            yield from loaded.dialog.steps

    def sites(self) -> Iterator[tuple[LoadedDialog, Site]]:
        """Each dialog with its site."""
        headers = {name: loaded.dialog for name, loaded in self.dialogs.items()}
        main, locales, steps = headers.get(MAIN), self.locales, tuple(self.steps())
        for name, loaded in self.dialogs.items():
            whole = not loaded.document.problems
            yield loaded, Site(self.folder, loaded.dialog, name == MAIN, main, locales, headers, steps, whole)
