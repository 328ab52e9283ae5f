"""What stands around a step, as far as its checks depend on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from voicebot.authoring.model import DialogHeader, Part


def is_file(path: Path) -> bool:
    """Whether there is a file of this name, which may be too long for one, or have signs that none can have."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


@dataclass(frozen=True, slots=True)
class Site:
    """A dialog file in its folder."""

    folder: Path
    header: DialogHeader
    """The file's own."""
    is_main: bool
    main: DialogHeader | None
    """None when ``main.yaml`` could not be read."""
    locales: tuple[str, ...]
    """The languages of ``main.yaml``."""
    dialogs: Mapping[str, DialogHeader]
    """Every dialog of the folder that could be read."""
    steps: Sequence[Part]
    """Every step of the folder."""
    is_whole: bool
    """Whether the file has no faults, so that what is not in it is really missing."""

    def has_file(self, name: str) -> bool:
        """Whether the file exists, readable or not."""
        return is_file(self.folder / f"{name}.yaml")

    def global_keys(self) -> dict[str, str]:
        """The keys that mean something at any time, and the command that each of them gives."""
        if self.main is None:
            return {}
        commands = self.main.globals.at_any_time()
        return {given.key: name for name, given in commands.items() if given.key is not None}
