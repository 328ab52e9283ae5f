"""Dialogs in which callers were reported to be misunderstood (README.md): each test of each folder passes."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from voicebot.authoring.loader import load_dialogs
from voicebot.authoring.rehearsal import Rehearsal, Result
from voicebot.authoring.transcripts import DialogTest, read_transcripts

FOLDERS = sorted((Path(__file__).parent / "dialogs").iterdir())


async def rehearsed(folder: Path, test: DialogTest) -> Result:
    dialogs = load_dialogs(folder)
    assert dialogs.usable, dialogs.problems
    rehearsal = Rehearsal(dialogs)
    try:
        return await rehearsal.run(test)
    finally:
        await rehearsal.close()


TESTS = [(folder, test) for folder in FOLDERS for test in read_transcripts(folder).tests]


@pytest.mark.parametrize(("folder", "test"), TESTS, ids=[f"{folder.name}-{test.name}" for folder, test in TESTS])
def test_the_talk_goes_as_it_should(folder: Path, test: DialogTest) -> None:
    assert asyncio.run(rehearsed(folder, test)).failure is None


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_report_has_its_source(folder: Path) -> None:
    assert "http" in (folder / "main.yaml").read_text(encoding="utf-8").splitlines()[0]
    assert read_transcripts(folder).tests
