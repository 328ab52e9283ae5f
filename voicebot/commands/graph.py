"""``voicebot graph``: the call flow of a folder of dialogs as a picture, with what no test visits marked.

Status 0: the picture was drawn; 2: the dialogs cannot be used, or the picture cannot be written.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import typer

from voicebot.authoring.folder import Dialogs
from voicebot.authoring.graph import draw
from voicebot.authoring.loader import load_dialogs
from voicebot.authoring.rehearsal import Coverage, Rehearsal
from voicebot.authoring.transcripts import read_transcripts
from voicebot.commands.check import told
from voicebot.commands.test import run_quietly
from voicebot.host.loader import DialogsError


def run_graph(folder: Path, out: Path | None) -> int:
    """Draw the dialogs in ``folder`` to the file ``out`` (None: standard output)."""
    dialogs = load_dialogs(folder)
    if not dialogs.usable:
        for problem in dialogs.problems:
            typer.echo(told(problem), err=True)
        return 2
    svg = draw(dialogs, _coverage(dialogs))
    if out is None:
        typer.echo(svg, nl=False)
        return 0
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(svg, encoding="utf-8")
    except OSError as error:
        typer.echo(f"{out}: cannot be written: {error.strerror}", err=True)
        return 2
    typer.echo(f"{out}: open it in a browser", err=True)
    return 0


def _coverage(dialogs: Dialogs) -> Coverage | None:
    """What the tests of the dialogs visit; None if there are none, or they cannot be run."""
    transcripts = read_transcripts(dialogs.folder)
    if not transcripts.tests:
        return None
    rehearsal = Rehearsal(dialogs)
    try:
        asyncio.run(run_quietly(rehearsal, transcripts.tests))
    except DialogsError as error:
        typer.echo(f"{error}\nthe picture is drawn without the tests", err=True)
        return None
    return rehearsal.coverage
