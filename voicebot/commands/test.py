"""``voicebot test``: the transcript tests of a folder of dialogs, in text, and which steps no test visits.

Status 0: all tests passed; 1: a test failed, or fewer steps are visited than required; 2: the dialogs or the tests
cannot be run.
"""

from __future__ import annotations

import asyncio
import json
import logging
from pathlib import Path

import typer

from voicebot.authoring.loader import load_dialogs
from voicebot.authoring.rehearsal import Coverage, Rehearsal, Result
from voicebot.authoring.transcripts import DialogTest, read_transcripts
from voicebot.commands.check import told
from voicebot.host.loader import DialogsError


def run_tests(folder: Path, *, as_json: bool, show_paths: bool, min_coverage: float) -> int:
    """Run the tests of ``folder``. ``min_coverage``: per cent of the steps that have to be visited."""
    dialogs = load_dialogs(folder)
    transcripts = read_transcripts(folder)
    if not dialogs.usable or transcripts.problems:
        for problem in [*dialogs.problems, *transcripts.problems]:
            typer.echo(told(problem), err=True)
        return 2
    if not transcripts.tests:
        typer.echo(f"{folder / 'tests'}: no tests here", err=True)
        return 2
    rehearsal = Rehearsal(dialogs)
    try:
        results = asyncio.run(run_quietly(rehearsal, transcripts.tests))
    except DialogsError as error:
        typer.echo(str(error), err=True)
        return 2
    total, left = rehearsal.coverage.steps()
    covered = 100.0 * (total - len(left)) / total
    if as_json:
        typer.echo(json.dumps(_data(results, rehearsal.coverage), ensure_ascii=False, indent=1))
    else:
        _tell(results, rehearsal.coverage, show_paths)
    failed = any(result.failure is not None for result in results)
    if covered < min_coverage and not as_json:
        typer.echo(f"less than the {min_coverage:g} % of --min-coverage")
    return 1 if failed or covered < min_coverage else 0


async def run_quietly(rehearsal: Rehearsal, tests: list[DialogTest]) -> list[Result]:
    """Run the tests without their log, which functions that fail on purpose would fill. Raises ``DialogsError``."""
    log = logging.getLogger("voicebot.authoring")
    usual = log.level
    log.setLevel(logging.CRITICAL)
    try:
        return [await rehearsal.run(test) for test in tests]
    finally:
        await rehearsal.close()
        log.setLevel(usual)


def _tell(results: list[Result], coverage: Coverage, show_paths: bool) -> None:
    for result in results:
        if result.failure is not None:
            failure = result.failure
            typer.echo(f"{failure.file}:{failure.line}: {result.test.name}")
            typer.echo(f"  expected: {failure.expected}")
            typer.echo(f"  heard:    {failure.heard}")
    failed = sum(result.failure is not None for result in results)
    took_ms = 1000 * sum(result.took_s for result in results)
    typer.echo(f"{len(results) - failed} of {len(results)} tests passed in {took_ms:.0f} ms")
    steps, unvisited = coverage.steps()
    typer.echo(f"{100 * (steps - len(unvisited)) / steps:.0f} % of {steps} steps visited")
    for file, line, step in unvisited:
        typer.echo(f"{file}:{line}: no test visits {step!r}")
    total, untaken = coverage.paths()
    if total:
        typer.echo(f"{100 * (total - len(untaken)) / total:.0f} % of {total} paths between steps taken")
    for file, line, step, target in untaken if show_paths else ():
        typer.echo(f"{file}:{line}: no test goes from {step!r} to {target!r}")


def _data(results: list[Result], coverage: Coverage) -> dict[str, object]:
    steps, unvisited = coverage.steps()
    total, untaken = coverage.paths()
    return {
        "tests": [
            {
                "file": str(result.test.file), "line": result.test.line, "name": result.test.name,
                "took_ms": round(1000 * result.took_s, 2),
                "failure": None if result.failure is None else {
                    "file": str(result.failure.file), "line": result.failure.line,
                    "expected": result.failure.expected, "heard": result.failure.heard,
                },
            }
            for result in results
        ],
        "steps": {"total": steps, "unvisited": [[str(file), line, step] for file, line, step in unvisited]},
        "paths": {"total": total, "untaken": [[str(file), *rest] for file, *rest in untaken]},
    }  # fmt: skip
