"""Every regular expression of the package takes time that is linear in the text, whatever the text.

The patterns are found in the source, so that a new one is tested as well. That they are linear is proved from their
parse trees (``doubles/backtracking.py``); a pattern that is not is shown with a word that, repeated, makes it slow.
"""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from backtracking import superlinear

import voicebot
from voicebot.authoring.understanding import numbers, vocabulary
from voicebot.calls import targets
from voicebot.spoken_phrases import pattern_of

PACKAGE = Path(voicebot.__file__).parent
METHODS = ("search", "match", "fullmatch", "split", "findall", "finditer", "sub", "subn")
ARGUMENTS: dict[str, Callable[[], list[tuple[str, re.Pattern[str]]]]] = {
    "authoring/understanding/numbers.py": lambda: [
        held
        for loaded in map(vocabulary.load, vocabulary.languages())
        for region in ("", *loaded.regions)
        for held in vars(numbers.NumberWords(loaded, region)).items()
        if isinstance(held[1], re.Pattern)
    ],
    "authoring/understanding/vocabulary.py": lambda: [
        ("pattern", pattern)
        for language in vocabulary.languages()
        for _, pattern, _, _ in vocabulary.load(language)._contractions
    ],
    "calls/targets.py": lambda: [
        ("one", targets._of_number("*1*23*4*")),
        ("one", targets._of_address("*a*b?*@*c*d.*.e")),
    ],
    "spoken_phrases.py": lambda: [  # whatever the words: those of a phrase stand for themselves
        ("pattern", pattern_of("(a|a b|b) (a|b|) ... (a|) ... a ... (b a|a|)")),
        ("pattern", pattern_of("a ... a ... a ... b")),
        ("pattern", pattern_of("(a|a a|) (a|a a|) (a|a a|) (a a a|) b")),
    ],
    "localspeech/normalise.py": list,  # of pieces of 400 characters: test_linear_parsers.py
    "caller/script_values.py": list,  # the author's own, in a script that he runs himself
}
"""Files with patterns that are made of arguments; the patterns that they make, with the names that they have there."""


class Use(NamedTuple):
    """A pattern and how it is used. ``where``: file and line."""

    where: str
    pattern: re.Pattern[Any]
    method: str


@cache
def _nodes(file: Path) -> list[ast.AST]:
    """The nodes of a file that matter here."""
    tree = ast.parse(file.read_text("utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call | ast.Attribute | ast.Assign | ast.AnnAssign)]


@cache
def _files() -> list[Path]:
    return [file for file in sorted(PACKAGE.rglob("*.py")) if "starters" not in file.parts]


def _is_re(call: ast.AST) -> bool:
    return (
        isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id == "re"
        and call.func.attr in (*METHODS, "compile")
    )


def _names(file: Path) -> dict[int, str]:
    """Of each ``re.compile`` that is assigned: the name, by the call's position."""
    found: dict[int, str] = {}
    for node in _nodes(file):
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None and _is_re(node.value):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            found[node.value.lineno] = target.id if isinstance(target, ast.Name) else getattr(target, "attr", "")
    return found


@cache
def _called(file: Path) -> dict[str, set[str]]:
    """By the name of what may be a pattern: the methods that are called of it."""
    found: dict[str, set[str]] = {}
    for node in _nodes(file):
        if isinstance(node, ast.Attribute) and node.attr in METHODS:
            held = node.value
            for name in (getattr(held, "id", None), getattr(held, "attr", None)):
                if name:
                    found.setdefault(name, set()).add(node.attr)
    return found


def _methods(name: str, home: Path) -> set[str]:
    """How the pattern of this name is used, as far as can be seen; in every way when it cannot."""
    files = [home] if name.startswith("_") else _files()
    return set().union(*(_called(file).get(name, set()) for file in files)) or {"search"}


def _value(node: ast.expr, file: Path) -> Any:
    """What an expression is worth in its module. Raises NameError when it is made of arguments."""
    module = ".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")
    return eval(compile(ast.Expression(node), str(file), "eval"), dict(vars(importlib.import_module(module))))


def _uses(file: Path) -> Iterator[Use]:
    names = _names(file)
    made = False
    for node in _nodes(file):
        if not _is_re(node):
            continue
        assert isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        where = f"{file.relative_to(PACKAGE)}:{node.lineno}"
        try:
            text = _value(node.args[0], file)
            at = {"compile": 1, "sub": 4, "subn": 4, "split": 3}.get(node.func.attr, 2)
            flags = [k.value for k in node.keywords if k.arg == "flags"] or node.args[at : at + 1]
            pattern = re.compile(text, _value(flags[0], file) if flags else 0)
        except NameError:
            made = True
            continue
        methods = {node.func.attr} if node.func.attr != "compile" else _methods(names.get(node.lineno, "?"), file)
        yield from (Use(where, pattern, method) for method in sorted(methods))
    if made:
        name = file.relative_to(PACKAGE).as_posix()
        assert name in ARGUMENTS, f"{name}: a pattern is made of arguments: tell in ARGUMENTS which there are"
        for held, pattern in dict.fromkeys(ARGUMENTS[name]()):
            yield from (Use(f"{name}:{held}", pattern, method) for method in sorted(_methods(held, file)))


@cache
def _slow_word(pattern: re.Pattern[Any], method: str) -> str:
    """All methods that search are the same to a pattern, and many files use the same one."""
    return superlinear(pattern, method)


@pytest.fixture(scope="module")
def uses() -> list[Use]:
    """All of the package."""
    return [use for file in _files() for use in _uses(file)]


def test_every_pattern_is_linear_in_its_text(uses: list[Use]) -> None:
    slow = []
    for use in uses:
        if word := _slow_word(use.pattern, use.method if use.method in ("match", "fullmatch") else "search"):
            slow.append(f"{use.where}: {use.pattern.pattern!r}.{use.method} is slow on {word!r} repeated")
    assert not slow, "\n".join(slow)


def test_the_patterns_of_the_package_are_found(uses: list[Use]) -> None:
    assert len(uses) > 150
    assert {use.where.partition(":")[0] for use in uses} >= {"bots/spoken.py", "sip/header.py", "speech/ssml.py"}


@pytest.mark.parametrize(
    ("pattern", "method"),
    [
        (r"a*a*b", "match"),
        (r"(?:a+)+b", "match"),
        (r"(?:a|ab)(?:c|bcd)*(?:d*)*x", "match"),
        (r"(?:a|a)*b", "fullmatch"),
        (r"\s*\|", "search"),
        (r"[ \t]*\|[ \t]*", "sub"),
        (r"\s+$", "search"),
        (r"<[^>]*>", "sub"),
        (r"\*(.+?)\*", "sub"),
        (r"a(?:.*b)?", "sub"),
        (r"^[ \t]*\|?[ \t:|-]*-{3,}[ \t:|-]*\|?[ \t]*$", "match"),
        (r"\n(?=\s*\S)", "finditer"),
        (r"\w+@\w+", "search"),
        (r"(?i)[a-z]+S*x", "match"),
        (r"(?:\d+,?)+x", "match"),
        (r"\s*(?:x\s*)?\s*y", "match"),
        (r"\s*+\|", "sub"),
        (r"(?=.*x)a|b", "search"),
        (r"[a-z]{0,500}[a-z]{0,500}!", "match"),
    ],
)
def test_what_takes_more_than_linear_time_is_found(pattern: str, method: str) -> None:
    assert superlinear(re.compile(pattern), method)


@pytest.mark.parametrize(
    ("pattern", "method"),
    [
        (r"a*b*c", "match"),
        (r"<[^<>]*>", "sub"),
        (r"\s+", "sub"),
        (r"(?<!\s)\s+$", "search"),
        (r"(?<![ \t])[ \t]*+\|[ \t]*", "sub"),
        (r"\b\w+@x", "search"),
        (r"\s*+\|", "match"),
        (r"\w*+\w*x", "match"),
        (r"\w+(?:\.\w+)*\Z", "match"),
        (r"[+-]?\d{1,30}\.?\d{0,30}\Z", "match"),
        (r"^ *#", "match"),
        (r"(?m)^ *#", "sub"),
        (r'"[^"\\]*(?:\\.[^"\\]*)*"', "match"),
        (r"\d+(?:\.\d+)?", "findall"),
        (rb"[a-z]+:", "match"),
    ],
)
def test_what_is_linear_is_let_through(pattern: str | bytes, method: str) -> None:
    assert superlinear(re.compile(pattern), method) == ""
