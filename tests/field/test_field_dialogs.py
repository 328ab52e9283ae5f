"""Dialogs in which callers were reported to be misunderstood (README.md): each test of each folder passes."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from voicebot.authoring.loader import load_dialogs
from voicebot.authoring.rehearsal import Rehearsal, Result
from voicebot.authoring.transcripts import DialogTest, read_transcripts

FOLDERS = sorted((Path(__file__).parent / "dialogs").iterdir())

WRONG = {
    ("zero_for_a_person", "So do the words that callers end up with"): "a representative of customers is no agent yet",
}


def marked(folder: Path, test: DialogTest) -> Any:
    why = WRONG.get((folder.name, test.name))
    marks = [pytest.mark.xfail(reason=why, strict=True)] if why else []
    return pytest.param(folder, test, marks=marks, id=f"{folder.name}-{test.name}")


async def rehearsed(folder: Path, test: DialogTest) -> Result:
    dialogs = load_dialogs(folder)
    assert dialogs.usable, dialogs.problems
    rehearsal = Rehearsal(dialogs)
    try:
        return await rehearsal.run(test)
    finally:
        await rehearsal.close()


@pytest.mark.parametrize(
    ("folder", "test"), [marked(folder, test) for folder in FOLDERS for test in read_transcripts(folder).tests]
)
def test_the_talk_goes_as_it_should(folder: Path, test: DialogTest) -> None:
    assert asyncio.run(rehearsed(folder, test)).failure is None


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_report_has_its_source(folder: Path) -> None:
    assert "http" in (folder / "main.yaml").read_text(encoding="utf-8").splitlines()[0]
    assert read_transcripts(folder).tests
