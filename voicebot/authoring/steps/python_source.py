"""Python that a dialog file calls, read but never run: whether the function exists and takes its arguments."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from voicebot.authoring.document import Fault, doubt
from voicebot.authoring.problems import Problem, Severity, did_you_mean
from voicebot.authoring.steps.site import is_file


def faults_of_call(folder: Path, name: str, given: Mapping[str, Any]) -> Iterator[Fault | Problem]:
    """What is wrong with calling the Python function ``name`` with the arguments ``given``.

    It does not exist, is not async, or has other arguments. Paths start at a ``call`` step; a Problem is one of the
    Python file. Nothing is said where there is no such file, and of dialogs written in Python.
    """
    module, _, attribute = name.replace("/", ".").rpartition(".")
    file = folder / (module.replace(".", "/") + ".py")
    if not module or not is_file(file):
        return
    tree = _parsed(file)
    if isinstance(tree, Problem):
        yield tree
        return
    there = _defined(tree)
    found = there.get(attribute)
    if attribute not in there:
        if not any(isinstance(node, ast.ImportFrom) and node.names[0].name == "*" for node in tree.body):
            yield Fault(("call",), "unknown-function", f"{file.name} has no function {attribute!r}",
                        did_you_mean(attribute, there) or f"write async def {attribute}(...) in it")  # fmt: skip
    elif isinstance(found, ast.FunctionDef):
        yield Fault(("call",), "not-async", f"{attribute} in {file.name} is not async", "write async def")
    elif isinstance(found, ast.AsyncFunctionDef):
        yield from _arguments(name, given, found.args)


def _arguments(name: str, given: Mapping[str, Any], wanted: ast.arguments) -> Iterator[Fault]:
    positional = [argument.arg for argument in [*wanted.posonlyargs, *wanted.args]]
    known = [*positional, *(argument.arg for argument in wanted.kwonlyargs)]
    keyword_only = [one.arg for one, default in zip(wanted.kwonlyargs, wanted.kw_defaults, strict=True) if not default]
    needed = [*positional[: len(positional) - len(wanted.defaults)], *keyword_only]
    for argument in given:
        if argument not in known and wanted.kwarg is None:
            yield doubt(("with", argument), "unknown-input", f"{name} takes no {argument!r}",
                        did_you_mean(argument, known) or "leave it out", at_key=True)  # fmt: skip
    for argument in needed:
        if argument not in given:
            yield doubt(("call",), "missing-input", f"{name} wants {argument!r}, which is not given",
                        f"add with: {{{argument}: ...}}", at_key=True)  # fmt: skip


def _parsed(file: Path) -> ast.Module | Problem:
    try:
        return ast.parse(file.read_bytes())
    except SyntaxError as error:
        return Problem(file, error.lineno or 1, error.offset or 1, "python", f"this is not Python: {error.msg}",
                       "mend this line", Severity.ERROR)  # fmt: skip
    except (OSError, ValueError) as error:
        return Problem(file, 1, 1, "python", f"this cannot be read: {error}", "save it as UTF-8", Severity.ERROR)
    except (RecursionError, MemoryError):  # MemoryError: Python's parser says so of what is nested too deeply
        return Problem(file, 1, 1, "python", "this is nested too deeply", "make it simpler", Severity.ERROR)


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
