"""Plays a talk that is written as an author would write it, with the dialog files beside it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from voicebot.authoring.loader import load_dialogs
from voicebot.authoring.rehearsal import Rehearsal
from voicebot.authoring.transcripts import read_transcripts


def talk(folder: Path, talk: str, *files: tuple[str, str], locale: str = "en-US") -> str:
    """Play a talk; what differed, or ``""``."""
    for name, text in files:
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "tests").mkdir(exist_ok=True)
    (folder / "tests" / "t.yaml").write_text(
        f"tests:\n  - test: It\n    locale: {locale}\n    talk:\n{talk}", encoding="utf-8"
    )
    dialogs = load_dialogs(folder)
    assert dialogs.usable, dialogs.problems

    async def run() -> str:
        rehearsal = Rehearsal(dialogs)
        try:
            failure = (await rehearsal.run(read_transcripts(folder).tests[0])).failure
        finally:
            await rehearsal.close()
        return f"{failure.expected} | {failure.heard}" if failure is not None else ""

    return asyncio.run(run())
