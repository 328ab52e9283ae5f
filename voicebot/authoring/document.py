"""YAML 1.2 with positions: what a file says, and line and column of each key and each value.

Reading follows the core schema of YAML 1.2, so ``yes``, ``no``, ``on`` and ``off`` are words, a time such as ``08:30``
is a text, and only ``true`` and ``false`` are booleans. Numbers remember how they were written (:class:`WrittenInt`):
``007`` or ``+14255550123`` can still be read as the text that its author meant. Aliases and merge keys are not part of
the format: each is a fault, and so is a repeated key. All faults are collected; what can be read is read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from voicebot.authoring.problems import Problem, Severity
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
    """One file: ``data`` (None when nothing could be read), the place of each part of it, and the faults."""

    file: Path
    data: Any = None
    places: dict[YamlPath, Marks] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

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
        document.problem((), "file-too-large", f"the file has more than {MAX_FILE} bytes")
        return document
    except OSError as error:
        document.problem((), "file-unreadable", f"the file cannot be read: {error.strerror}")
        return document
    except UnicodeDecodeError as error:
        document.problem((), "file-encoding", f"the file is not UTF-8 (byte {error.start})", "save it as UTF-8")
        return document
    return parse_document(file, text)


def parse_document(file: Path, text: str) -> Document:
    """The same for a text that is already in memory; ``file`` is for the problems only."""
    document = Document(file)
    try:
        node = compose(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        message, mend = _plainly(error, text, line)
        document.problems.append(Problem(file, line, column, "yaml", message, mend))
        return document
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a character that YAML does not have
        document.problem((), "yaml", f"this is not YAML: {error}")
        return document
    if node is None:
        document.problem((), "empty", "the file is empty")
        return document
    document.data = _Reading(document).value(node, (), (node.start_mark.line + 1, node.start_mark.column + 1), 0)
    return document


class _Reading:
    def __init__(self, document: Document) -> None:
        self._document = document
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
                                   'put the whole text in quotes: "..."')  # fmt: skip
        if isinstance(node, yaml.ScalarNode):
            return node.value if node.style else _scalar(node.value)
        if isinstance(node, yaml.SequenceNode):
            return [self._item(item, (*path, index), depth) for index, item in enumerate(node.value)]
        assert isinstance(node, yaml.MappingNode)
        return self._mapping(node, path, depth)

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
            if key in result:
                first = self._document.key_at((*path, key))[0]
                said = f"{key!r} stands here twice (also in line {first})"
                problem = Problem(self._document.file, *at, "duplicate-key", said, "keep one of the two")
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


def _goes_on_after_braces(line: str) -> bool:
    """Whether a text follows what is in braces or brackets: ``say: {name}, hello``."""
    value = line.partition(": ")[2].strip()
    rest = value[max(value.rfind("}"), value.rfind("]")) + 1 :].strip()
    return value[:1] in ("{", "[") and rest not in (value, "") and rest[0] != "#"


def _indent(line: str) -> int:
    """Where what ``line`` says begins; behind the dash of a list's item."""
    return len(line) - len(line.lstrip(" -"))


def _plainly(error: yaml.MarkedYAMLError, text: str, line: int) -> tuple[str, str]:
    """What the parser means, in plain words; and the mend."""
    problem = error.problem or "this is not YAML"
    if "nested deeper" in problem:
        return problem, 'put a text that has { or [ in quotes: "..."'
    lines = text.splitlines()
    there = lines[line - 1] if 0 < line <= len(lines) else ""
    if "\t" in there[: len(there) - len(there.lstrip())] or "'\\t'" in problem:
        return "a tab at the beginning of a line", "indent with spaces"
    above = next((one for one in reversed(lines[: line - 1]) if one.strip()), "")
    if "mapping values are not allowed" in problem:
        if re.match(r"\s*[\w-]+:( |$)", there) and _indent(there) > _indent(above) and not above.rstrip().endswith(":"):
            return "this line begins further to the right than the one above", "begin it where the one above begins"
        return "a colon in a text without quotes", 'put the whole text in quotes: "..."'
    if _goes_on_after_braces(there) or re.search(r"[-:]\s+[@`%*&]", there):
        return "a text that begins with a sign that has a meaning of its own", 'put the whole text in quotes: "..."'
    if "another document" in problem:
        return "a line --- in the middle of the file", "leave it out: a file is one dialog"
    if "end of stream" in problem and "quoted" in (error.context or ""):
        return "a quote is opened and never closed", "close the quote"
    if "block mapping" in (error.context or "") or "expected '-'" in problem or "block end" in problem:
        return "this line does not fit the ones above", "compare its indentation with theirs"
    if "flow" in (error.context or ""):
        return "a { or [ that is not closed, or a text that begins with one", 'put a text that has { in quotes: "..."'
    return f"this line cannot be read: {problem}", 'put a text with signs such as { [ : # @ * & in quotes: "..."'
