"""Fuzz targets: the files that authors write."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable
from pathlib import Path

from voicebot.authoring.compiler import compile_dialogs
from voicebot.authoring.functions import DialogsError
from voicebot.authoring.loader import load_dialogs

NAMES = ("main.yaml", "main.de.yaml", "other.yaml")


def dialogs(data: bytes) -> None:
    """A folder of up to three files: reading never raises, each problem has a place, and what has none compiles."""
    with tempfile.TemporaryDirectory(prefix="voicebot-fuzz-") as name:
        folder = Path(name)
        for file, content in zip(NAMES, data.split(b"\n====\n"), strict=False):
            (folder / file).write_bytes(content)
        found = load_dialogs(folder)
        assert all(problem.line >= 1 and problem.message for problem in found.problems)
        if found.usable:
            with contextlib.suppress(DialogsError):
                compile_dialogs(found)


TARGETS: dict[str, Callable[[bytes], None]] = {
    "dialogs": dialogs,
}
