"""The pages for readers name nothing that there is not: files, sections, settings, commands, targets of make."""

from __future__ import annotations

import re
import subprocess
import tomllib
from collections.abc import Iterator
from functools import cache
from itertools import takewhile
from pathlib import Path
from typing import Any, get_args

import pytest
import typer
from pydantic import BaseModel

from voicebot.cli import app
from voicebot.settings import Settings

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), ROOT / "dialogs" / "README.md"]
BESIDE = ("", "voicebot", "voicebot/authoring", "tests", "assist")
"""Folders from which pages name files."""
FENCE = re.compile(r"^```[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"(?:^(?: {4}.*)?\n)+", re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)")
FILE = re.compile(r"`((?:[\w.-]+/)+[\w*-]+\.(?:py|js|yaml|toml|md|cfg|sh))`")
TEST = re.compile(r"`(test_\w+?)(?:_\.\.\.)?`")
MODULE = re.compile(r"python -m ((?:bench|voicebot)[\w.]*)")
SETTING = re.compile(r"`([a-z]+)\.([a-z][a-z_0-9]*)(?: = [^`]*)?`")
VARIABLE = re.compile(r"\bVOICEBOT_([A-Z]+)__([A-Z_0-9]*[A-Z0-9])\b")
COMMAND = re.compile(r"(?:^|[`\s/])voicebot ((?:[a-z-]+ ?)+)((?:[^`\n#]*))")
TARGET = re.compile(r"(?:^ {4}|`)make ([a-z-]+)", re.MULTILINE)

pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())


def prose(page: Path) -> str:
    return FENCE.sub("", page.read_text())


@cache
def anchors(page: Path) -> frozenset[str]:
    """As GitHub makes them of headings."""
    found: list[str] = []
    for heading in re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").strip().lower()
        name = re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
        found.append(f"{name}-{found.count(name)}" if name in found else name)
    return frozenset(found)


@pages
def test_every_link_leads_somewhere(page: Path) -> None:
    lost = []
    for link in LINK.findall(prose(page)):
        if re.match(r"https?://", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            lost.append(link)
    assert not lost


@cache
def names_of_tests() -> frozenset[str]:
    names = (re.findall(r"def (test_\w+)", file.read_text()) for file in (ROOT / "tests").rglob("test_*.py"))
    return frozenset(name for some in names for name in some)


@pages
def test_every_file_test_and_module_that_is_named_is_there(page: Path) -> None:
    text = page.read_text()
    files = [name for name in FILE.findall(text) if not any(list((ROOT / at).glob(name)) for at in BESIDE)]
    tests = [name for name in TEST.findall(text) if not any(one.startswith(name) for one in names_of_tests())]
    modules = [name for name in MODULE.findall(text) if not is_module(name.rstrip("."))]
    own = "docs" not in page.parts  # folders of authors have files of their own
    assert not [*([] if own and page.name != "README.md" else files), *tests, *modules]


def is_module(name: str) -> bool:
    place = ROOT / name.replace(".", "/")
    return place.with_suffix(".py").exists() or (place / "__main__.py").exists()


@cache
def settings_of(section: str) -> frozenset[str]:
    """The names of the settings in a section, of all kinds of its tables."""
    names: set[str] = set()
    left: list[Any] = [Settings.model_fields[section].annotation]
    while left:
        kind = left.pop()
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            names |= {field.alias or name for name, field in kind.model_fields.items()}
        else:
            left.extend(get_args(kind))
    return frozenset(names)


@pages
def test_every_setting_that_is_named_is_one(page: Path) -> None:
    text = page.read_text()
    named = {(section, name) for section, name in SETTING.findall(text) if section in Settings.model_fields}
    named |= {(section.lower(), name.lower()) for section, name in VARIABLE.findall(text)}
    files = {"toml", "yaml", "py", "md", "js", "pem", "key", "json"}
    assert not sorted(one for one in named if one[1] not in files and one[1] not in settings_of(one[0]))


def blocks_of_settings(text: str) -> Iterator[str]:
    """Each block of code that is a part of a settings file."""
    for block in [*FENCE.findall(text), *INDENTED.findall(FENCE.sub("", text))]:
        lines = [line[4:] if line.startswith("    ") else line for line in block.splitlines()]
        head = next((line for line in lines if line.startswith("[")), "")
        if (named := re.match(r"\[\[?([a-z_]+)", head)) and named[1] in Settings.model_fields:
            whole = takewhile(lambda line: not line.startswith("{"), lines[lines.index(head) :])  # JSON may follow
            yield "\n".join(whole)


@pages
def test_every_example_of_settings_has_only_settings(page: Path) -> None:
    for block in blocks_of_settings(page.read_text()):
        for section, table in tomllib.loads(block).items():
            for entry in table if isinstance(table, list) else [table]:
                assert entry.keys() <= settings_of(section), block


def options_of(words: list[str]) -> set[str]:
    """The options of the subcommand that ``words`` name; none are known of one that reads them itself."""
    found: Any = typer.main.get_command(app)
    while words and words[0] in (within := getattr(found, "commands", {})):
        found, words = within[words[0]], words[1:]
    return {option for one in found.params for option in one.opts} - {"--version"}


@pages
def test_every_command_and_option_that_is_named_is_there(page: Path) -> None:
    for line in page.read_text().splitlines():
        for words, rest in COMMAND.findall(line):
            known = options_of(words.split())
            named = set(re.findall(r"(?<=\s)(--?[a-z][a-z-]*)", f" {rest}"))
            assert not known or named <= known | {"--help"}, line


@pages
def test_every_target_of_make_that_is_named_is_there(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z -]+):", makefile, re.MULTILINE))
    assert set(TARGET.findall(page.read_text())) <= {name for some in targets for name in some.split()}


def test_every_picture_and_page_of_the_docs_is_shown_somewhere() -> None:
    shown = {(page.parent / link.partition("#")[0]).resolve() for page in PAGES for link in LINK.findall(prose(page))}
    listed = subprocess.run(["git", "ls-files", "docs"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert not [name for name in listed.split() if (ROOT / name).resolve() not in shown]
