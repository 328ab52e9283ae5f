"""Python that a dialog file calls, read but never run: is the function there, and does it take what it is given?"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from voicebot.authoring.checks.places import at_key, at_value
from voicebot.authoring.folder import Dialogs, LoadedDialog
from voicebot.authoring.model import Call
from voicebot.authoring.problems import Problem, Severity, did_you_mean


def python_calls(dialogs: Dialogs, loaded: LoadedDialog) -> Iterator[Problem]:
    """Functions that do not exist, are not async, or have other arguments."""
    for step in loaded.dialog.steps:
        if not isinstance(step, Call) or step.call in dialogs.dialogs:
            continue
        module, _, name = step.call.replace("/", ".").rpartition(".")
        file = dialogs.folder / (module.replace(".", "/") + ".py")
        if not module or not file.is_file():
            continue
        tree = _parsed(file)
        if isinstance(tree, Problem):
            yield tree
            continue
        path = loaded.step_path(step.id)
        there = _defined(tree)
        found = there.get(name)
        if name not in there:
            if not any(isinstance(node, ast.ImportFrom) and node.names[0].name == "*" for node in tree.body):
                yield at_value(loaded.document, (*path, "call"), "unknown-function",
                               f"{file.name} has no function {name!r}", did_you_mean(name, there)
                               or f"write async def {name}(...) in it", error=True)  # fmt: skip
        elif isinstance(found, ast.FunctionDef):
            yield at_value(loaded.document, (*path, "call"), "not-async", f"{name} in {file.name} is not async",
                           "write async def", error=True)  # fmt: skip
        elif isinstance(found, ast.AsyncFunctionDef):
            yield from _arguments(loaded, step, found)


def _arguments(loaded: LoadedDialog, step: Call, function: ast.AsyncFunctionDef) -> Iterator[Problem]:
    path = loaded.step_path(step.id)
    about = function.args
    positional = [argument.arg for argument in [*about.posonlyargs, *about.args]]
    known = [*positional, *(argument.arg for argument in about.kwonlyargs)]
    keyword_only = [one.arg for one, default in zip(about.kwonlyargs, about.kw_defaults, strict=True) if not default]
    wanted = [*positional[: len(positional) - len(about.defaults)], *keyword_only]
    for name in step.inputs:
        if name not in known and about.kwarg is None:
            yield at_key(loaded.document, (*path, "with", name), "unknown-input", f"{step.call} takes no {name!r}",
                         did_you_mean(name, known) or "leave it out")  # fmt: skip
    for name in wanted:
        if name not in step.inputs:
            yield at_key(loaded.document, (*path, "call"), "missing-input",
                         f"{step.call} wants {name!r}, which is not given", f"add with: {{{name}: ...}}")  # fmt: skip


def _parsed(file: Path) -> ast.Module | Problem:
    try:
        return ast.parse(file.read_bytes())
    except SyntaxError as error:
        return Problem(file, error.lineno or 1, error.offset or 1, "python", f"this is not Python: {error.msg}",
                       "mend this line", Severity.ERROR)  # fmt: skip
    except (OSError, ValueError) as error:
        return Problem(file, 1, 1, "python", f"this cannot be read: {error}", "save it as UTF-8", Severity.ERROR)


def _defined(tree: ast.Module) -> dict[str, ast.stmt]:
    """What a module defines at its top, by name."""
    found: dict[str, ast.stmt] = {}
    for node in tree.body:
        match node:
            case ast.AsyncFunctionDef() | ast.FunctionDef() | ast.ClassDef():
                found[node.name] = node
            case ast.Import() | ast.ImportFrom():
                found.update((alias.asname or alias.name, node) for alias in node.names)
            case ast.Assign():
                found.update((one.id, node) for target in node.targets for one in ast.walk(target)
                             if isinstance(one, ast.Name))  # fmt: skip
            case ast.AnnAssign(target=ast.Name(id=name)):
                found[name] = node
            case ast.If() | ast.Try():
                found.update((one.id, node) for one in ast.walk(node) if isinstance(one, ast.Name))
    return found
