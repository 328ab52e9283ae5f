"""``voicebot new``: make a new folder of dialogs from a starter.

Status 0: it was made; 2: it cannot be made (the folder is not empty, or there is no such starter).
"""

from __future__ import annotations

import shutil
from pathlib import Path

import typer

from voicebot.authoring.problems import did_you_mean

STARTERS = Path(__file__).parents[1] / "authoring" / "starters"
FIRST = "clinic"
"""The starter that is used if none is named."""


def starters() -> dict[str, str]:
    """The titles of the starters, by name."""
    return {folder.name: _title(folder / "README.md") for folder in sorted(STARTERS.iterdir())
            if (folder / "main.yaml").is_file()}  # fmt: skip


def run_new(folder: Path, starter: str, *, list_them: bool) -> int:
    """Make ``folder`` from ``starter`` (``""``: :data:`FIRST`). ``list_them``: only print the starters."""
    known = starters()
    if list_them:
        for name, title in known.items():
            typer.echo(f"{name:10} {title}")
        return 0
    starter = starter or FIRST
    if starter not in known:
        mend = did_you_mean(starter, known) or f"there are {' and '.join(known)}"
        typer.echo(f"--from {starter}: there is no such starter; {mend}", err=True)
        return 2
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            typer.echo(f"{folder}: exists already and is not overwritten; name another folder", err=True)
            return 2
        shutil.copytree(STARTERS / starter, folder, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True,
                        copy_function=shutil.copyfile)  # fmt: skip
    except OSError as error:
        typer.echo(f"{folder}: cannot be made: {error.strerror}", err=True)
        return 2
    typer.echo(f"{folder}: {known[starter]}")
    for command, what in (
        (f"voicebot check {folder}", "is everything right?"),
        (f"voicebot test {folder}", "its tests"),
        (f"voicebot chat {folder}", "talk to it in text"),
        (f"VOICEBOT_BOT__DIALOGS={folder} voicebot serve", "answer calls with it"),
    ):
        typer.echo(f"  {command:{len(str(folder)) + 40}}# {what}")
    typer.echo(f'{folder / "README.md"} says what is in it. In voicebot.toml, under [bot]: dialogs = "{folder}"')
    return 0


def _title(readme: Path) -> str:
    return readme.read_text(encoding="utf-8").partition("\n")[0].lstrip("# ")
