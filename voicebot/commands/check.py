"""``voicebot check``: the faults of a folder of dialogs, each with its place and what to do.

Status 0: no faults; 1: faults; 2: there are no dialogs to check.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import typer

from voicebot.authoring.checks import check_dialogs
from voicebot.authoring.loader import dialog_files, load_dialogs
from voicebot.authoring.problems import Problem, Severity


def run_check(folder: Path, *, as_json: bool, github: bool, errors_only: bool) -> int:
    """Print the problems of ``folder``. ``errors_only``: warnings are printed, but do not cause status 1."""
    if not folder.is_dir() or not dialog_files(folder):
        missing = "this is a file; name its folder" if folder.exists() else "there is no such folder"
        typer.echo(f"{folder}: {'no dialog files here' if folder.is_dir() else missing}", err=True)
        return 2
    problems = check_dialogs(load_dialogs(folder))
    if as_json:
        typer.echo(json.dumps([as_data(problem) for problem in problems], ensure_ascii=False, indent=1))
    else:
        for problem in problems:
            typer.echo(annotation(problem) if github else told(problem))
    errors = sum(problem.severity is Severity.ERROR for problem in problems)
    if not as_json and not github:
        warnings = len(problems) - errors
        typer.echo(f"{_count(errors, 'error')}, {_count(warnings, 'warning')}" if problems else "nothing to mend")
    return 1 if errors or (problems and not errors_only) else 0


def told(problem: Problem) -> str:
    """``file:line:column: severity: message; mend``."""
    mend = f"; {problem.mend}" if problem.mend else ""
    return f"{problem.file}:{problem.line}:{problem.column}: {problem.severity}: {problem.message}{mend}"


def annotation(problem: Problem) -> str:
    """The problem as a workflow command of GitHub Actions, which shows it at its line of the change."""
    said = f"{problem.message}; {problem.mend}" if problem.mend else problem.message
    said = said.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    file = str(problem.file).replace("%", "%25").replace(",", "%2C").replace(":", "%3A")
    return f"::{problem.severity} file={file},line={problem.line},col={problem.column},title={problem.code}::{said}"


def as_data(problem: Problem) -> dict[str, Any]:
    """The problem as a JSON object."""
    return {
        "file": str(problem.file), "line": problem.line, "column": problem.column, "severity": str(problem.severity),
        "code": problem.code, "message": problem.message, "mend": problem.mend,
    }  # fmt: skip


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
