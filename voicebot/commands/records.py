"""``voicebot records``: find calls that were, by the index of their records.

Status 0: done; 2: the settings are wrong, the records cannot be read, or nothing like this can be asked.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer

from voicebot.archive.ladder import ladder
from voicebot.archive.query import query_of
from voicebot.archive.upkeep import Upkeep
from voicebot.settings import SettingsError, load_settings


def run_index(config: Path | None) -> int:
    """Make the index anew. It can be used meanwhile; each record replaces what was there of it."""
    upkeep = _upkeep(config)
    if upkeep is None:
        return 2
    began = time.monotonic()
    try:
        read, gone = upkeep.sweep(anew=True)
        upkeep.purge()
    except OSError as error:
        typer.echo(str(error), err=True)
        return 2
    finally:
        upkeep.close()
    for file, why in upkeep.unreadable.items():
        typer.echo(f"{file}.json: {why}", err=True)
    kept = read - len(upkeep.unreadable)
    typer.echo(f"{upkeep.index.path}: {kept} calls, {gone} are gone ({time.monotonic() - began:.1f} s)")
    return 0


def run_find(config: Path | None, asked: Mapping[str, str], *, as_json: bool) -> int:
    """Bring the index up to date, and search it."""
    upkeep = _upkeep(config)
    if upkeep is None:
        return 2
    try:
        query = query_of({name: value for name, value in asked.items() if value})
        upkeep.sweep()
        found = upkeep.search(query)
    except (ValueError, OSError) as error:
        typer.echo(str(error), err=True)
        return 2
    finally:
        upkeep.close()
    if as_json:
        typer.echo(json.dumps(found.as_json()))
        return 0
    for call in found.calls:
        typer.echo(_line(call))
    if not found.calls:
        typer.echo("no calls are found", err=True)
    if found.next is not None:
        typer.echo("there are more: see --limit and --until", err=True)
    return 0


def run_ladder(config: Path | None, call: str, *, whole: bool) -> int:
    """Draw the SIP messages of ``call``. ``whole``: print them, too."""
    upkeep = _upkeep(config)
    if upkeep is None:
        return 2
    try:
        record = upkeep.record(call)
        typer.echo("\n".join(ladder(record, whole=whole)))
    except (ValueError, OSError) as error:
        typer.echo(f"{call}: {error}", err=True)
        return 2
    return 0


def _upkeep(config: Path | None) -> Upkeep | None:
    try:
        folder = load_settings(config).calls.records
    except SettingsError as error:
        typer.echo(str(error), err=True)
        return None
    if not folder.is_dir():
        typer.echo(f"calls.records: there is no folder {folder}", err=True)
        return None
    return Upkeep(folder)


def _line(call: Mapping[str, Any]) -> str:
    seconds = round((call["duration_ms"] or 0) / 1000)
    about = f"{call['started'][:19]}Z  {call['id']}  {call['from']} to {call['to']}  {seconds} s  {call['outcome']}"
    said = "".join(f"*{part['text']}*" if part["found"] else part["text"] for part in call["said"])
    return f"{about}  {' '.join(said.split())}".rstrip()
