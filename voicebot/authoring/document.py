"""YAML 1.2 with positions: what a file says, and line and column of each key and each value.

Reading follows the core schema of YAML 1.2, so ``yes``, ``no``, ``on`` and ``off`` are words, a time such as ``08:30``
is a text, and only ``true`` and ``false`` are booleans. Numbers remember how they were written (:class:`WrittenInt`):
``007`` or ``+14255550123`` can still be read as the text that its author meant. Aliases and merge keys are not part of
the format: each is a fault, and so is a repeated key. All faults are collected; what can be read is read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from voicebot.authoring.problems import Problem, Severity
from voicebot.authoring.yaml_faults import UNSEEN, told_plainly, told_unreadable
from voicebot.regular_files import FileTooLarge, read_regular_file
from voicebot.yaml_nodes import compose

MAX_FILE = 1_000_000
"""Bytes of a file; a dialog of a thousand steps has a tenth of this."""
MAX_DEPTH = 24

YamlPath = tuple[str | int, ...]
"""The path to a value: keys and indices, from the top."""

_NULL = re.compile(r"(?:~|null|Null|NULL|)\Z")
_BOOL = re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z")
_INT = re.compile(r"[-+]?[0-9]{1,30}\Z")
_FLOAT = re.compile(r"[-+]?(?:[0-9]{1,30}\.[0-9]{0,30}|\.[0-9]{1,30})\Z")


class WrittenInt(int):
    """A whole number that remembers how it was written."""

    written: str


class WrittenFloat(float):
    """A number that remembers how it was written."""

    written: str


@dataclass(frozen=True, slots=True)
class Marks:
    """Where a key and its value begin, counted from 1. ``text_column``: where a text's first character stands (after
    its quote), 0 when the text spans lines."""

    key: tuple[int, int]
    value: tuple[int, int]
    text_column: int = 0


@dataclass(slots=True)
class Document:
    """One file: ``data`` (None when nothing could be read), the place of each part of it, and the faults.

    ``commented``: the paths of unquoted texts behind which a comment stands in the same line.
    """

    file: Path
    data: Any = None
    places: dict[YamlPath, Marks] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    commented: set[YamlPath] = field(default_factory=set)

    def key_at(self, path: YamlPath) -> tuple[int, int]:
        """Line and column of the key at ``path``, or of the nearest part around it."""
        return self._nearest(path).key

    def value_at(self, path: YamlPath) -> tuple[int, int]:
        """Line and column of the value at ``path``, or of the nearest part around it."""
        return self._nearest(path).value

    def within(self, path: YamlPath, offset: int) -> tuple[int, int]:
        """Line and column of the ``offset``-th character (from 0) of the text at ``path``; a folded text's start."""
        place = self._nearest(path)
        return (place.value[0], place.text_column + offset) if place.text_column else place.value

    def problem(self, path: YamlPath, code: str, message: str, mend: str = "", *, at_key: bool = False) -> None:
        line, column = self.key_at(path) if at_key else self.value_at(path)
        self.problems.append(Problem(self.file, line, column, code, message, mend))

    def _nearest(self, path: YamlPath) -> Marks:
        while path not in self.places and path:
            path = path[:-1]
        return self.places.get(path) or Marks((1, 1), (1, 1))


@dataclass(frozen=True, slots=True)
class Fault:
    """Something to mend in a part of a file; ``path`` starts at that part.

    ``at_key``: the key itself is at fault, not the value behind it.
    """

    path: YamlPath
    code: str
    message: str
    mend: str
    at_key: bool = False
    severity: Severity = Severity.ERROR

    def within(self, path: YamlPath) -> Fault:
        """The same, seen from a part that contains this one; ``path`` leads from there to here."""
        return replace(self, path=(*path, *self.path))

    def problem(self, document: Document, path: YamlPath) -> Problem:
        """This as a problem of ``document``, in which the part is at ``path``."""
        whole = (*path, *self.path)
        line, column = document.key_at(whole) if self.at_key else document.value_at(whole)
        return Problem(document.file, line, column, self.code, self.message, self.mend, self.severity)


def doubt(path: YamlPath, code: str, message: str, mend: str, *, at_key: bool = False) -> Fault:
    """A fault that does not keep the dialogs from being used."""
    return Fault(path, code, message, mend, at_key, Severity.WARNING)


def read_document(file: Path) -> Document:
    """Read ``file``. Never raises for what is in it, nor when it cannot be read: the problems say so."""
    document = Document(file)
    try:
        text = read_regular_file(file, MAX_FILE).decode("utf-8-sig")
    except FileTooLarge:
        said = f"the file has more than {MAX_FILE:,} bytes"
        document.problem((), "file-too-large", said, "make several dialogs of it, which call each other")
        return document
    except OSError as error:
        said, mend = f"the file cannot be read: {error.strerror}", "it must be a file that you and the service may read"
        document.problem((), "file-unreadable", said, mend)
        return document
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode("utf-8")
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        said, mend = "this character is not UTF-8", "save the file as UTF-8"
        document.problems.append(Problem(file, line, column, "file-encoding", said, mend))
        return document
    return parse_document(file, text)


def parse_document(file: Path, text: str) -> Document:
    """The same for a text that is already in memory; ``file`` is for the problems only."""
    document = Document(file)
    try:
        node = compose(text)
    except yaml.MarkedYAMLError as error:
        line, column, said, mend = told_plainly(error, text)
        document.problems.append(Problem(file, line, column, "yaml", said, mend))
        return document
    except (yaml.YAMLError, ValueError) as error:  # ValueError: half a surrogate pair
        line, column, said, mend = told_unreadable(error, text)
        document.problems.append(Problem(file, line, column, "yaml", said, mend))
        return document
    if node is None:
        document.problem((), "empty", "the file is empty", "steps:, and below it the steps, each with a dash")
        return document
    begin = (node.start_mark.line + 1, node.start_mark.column + 1)
    document.data = _Reading(document, text.splitlines()).value(node, (), begin, 0)
    return document


class _Reading:
    def __init__(self, document: Document, lines: Sequence[str]) -> None:
        self._document = document
        self._lines = lines
        self._seen: set[int] = set()

    def value(self, node: yaml.Node, path: YamlPath, key: tuple[int, int], depth: int) -> Any:
        line, column = node.start_mark.line + 1, node.start_mark.column + 1
        one_line = isinstance(node, yaml.ScalarNode) and node.start_mark.line == node.end_mark.line
        quoted = isinstance(node, yaml.ScalarNode) and node.style in ("'", '"')
        self._document.places[path] = Marks(key, (line, column), column + quoted if one_line else 0)
        if id(node) in self._seen:
            self._document.places[path] = Marks(key, key)  # the node's own position is that of its anchor
            self._document.problem(path, "alias", "an alias (*) is not part of this format", "write the part out again")
            return None
        self._seen.add(id(node))
        if depth > MAX_DEPTH:
            self._document.problem(path, "too-deep", f"nested deeper than {MAX_DEPTH}",
                                   "write fewer lists and words within each other")  # fmt: skip
            return None
        if node.tag.startswith("!"):
            self._document.problem(path, "tag", f"{node.tag} at the beginning of a text has a meaning of its own",
                                   'put the whole text in quotes: "..."; in a condition, ! is written not')  # fmt: skip
            return f"{node.tag} {node.value}".strip() if isinstance(node, yaml.ScalarNode) else None
        if isinstance(node, yaml.ScalarNode):
            if not node.style and self._is_commented(node.end_mark):
                self._document.commented.add(path)
            return node.value if node.style else _scalar(node.value)
        if isinstance(node, yaml.SequenceNode):
            return [self._item(item, (*path, index), depth) for index, item in enumerate(node.value)]
        assert isinstance(node, yaml.MappingNode)
        return self._mapping(node, path, depth)

    def _is_commented(self, end: Any) -> bool:
        line = self._lines[end.line] if end.line < len(self._lines) else ""
        return line[end.column :].lstrip().startswith("#")

    def _item(self, node: yaml.Node, path: YamlPath, depth: int) -> Any:
        return self.value(node, path, (node.start_mark.line + 1, node.start_mark.column + 1), depth + 1)

    def _mapping(self, node: yaml.MappingNode, path: YamlPath, depth: int) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            at = (key_node.start_mark.line + 1, key_node.start_mark.column + 1)
            if not isinstance(key_node, yaml.ScalarNode):
                problem = Problem(
                    self._document.file, *at, "key-not-a-word", "a key must be a word", "a text that begins with { "
                    "or [ must stand in quotes")  # fmt: skip
                self._document.problems.append(problem)
                continue
            key = key_node.value
            if UNSEEN.search(key):
                said = f"a sign in {key[:60]!r} cannot be seen, or only looks like a space"
                problem = Problem(self._document.file, *at, "unseen", said, "delete the word, and type it again")
                self._document.problems.append(problem)
                key = UNSEEN.sub("", key)
            if key in result:
                first = self._document.key_at((*path, key))[0]
                said = f"{key!r} stands here twice (also in line {first})"
                mend = "keep one of the two" + (", or begin another step with a dash" if key == "id" else "")
                problem = Problem(self._document.file, *at, "duplicate-key", said, mend)
                self._document.problems.append(problem)
                continue
            result[key] = self.value(value_node, (*path, key), at, depth + 1)
        return result


def _scalar(text: str) -> Any:
    """A plain (unquoted) scalar by YAML 1.2's core schema."""
    if _NULL.match(text):
        return None
    if _BOOL.match(text):
        return text.lower() == "true"
    if _INT.match(text):
        number = WrittenInt(text)
        number.written = text
        return number
    if _FLOAT.match(text):
        fraction = WrittenFloat(text)
        fraction.written = text
        return fraction
    return text
