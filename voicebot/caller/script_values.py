"""The values of scripts, read from YAML nodes, which have line numbers, unlike plain values.

Reading is strict: everything unknown is an error, with its line and what to write instead.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import yaml

from voicebot.yaml_nodes import compose

MAX_BYTES: Final = 256 * 1024
MAX_STEPS: Final = 500
MAX_SECONDS: Final = 600.0
MAX_WORDS: Final = 2_000


class ScriptError(ValueError):
    """A script cannot be used. ``line``, ``problem``, and ``mend``: what to write instead."""

    def __init__(self, source: str, line: int, problem: str, mend: str) -> None:
        super().__init__(f"{source}:{line}: {problem}; {mend}")
        self.source, self.line, self.problem, self.mend = source, line, problem, mend


def read_text(path: Path) -> str:
    """The text of a script. Raises :class:`ScriptError`, also if the file cannot be read."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ScriptError(str(path), 1, f"cannot be read ({error.strerror})", "name a YAML file") from error
    if len(raw) > MAX_BYTES:
        raise ScriptError(str(path), 1, f"larger than {MAX_BYTES // 1024} KB", "split it")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise ScriptError(str(path), line, "not UTF-8", "save the file as UTF-8") from error
    return text


class ScriptValues:
    """Those of one script. ``folder``: of the files that it names. What is not as it must be raises
    :class:`ScriptError`. ``name``: the word before a value, for its message."""

    def __init__(self, source: str, folder: Path) -> None:
        self.source = source
        self._folder = folder

    def root(self, text: str) -> yaml.Node:
        """The root of the YAML document ``text``."""
        try:
            root = compose(text)
        except (yaml.YAMLError, ValueError) as error:
            mark = getattr(error, "problem_mark", None)
            problem = getattr(error, "problem", None) or "not YAML"
            raise ScriptError(
                self.source, mark.line + 1 if mark else 1, f"not YAML: {problem}", "check indent and quotes"
            ) from error
        if root is None:
            raise ScriptError(self.source, 1, "empty", "write at least `steps:` with one step")
        return root

    def steps(self, root: yaml.Node, top: Mapping[str, yaml.Node]) -> list[yaml.Node]:
        """The nodes of ``steps``, which ``root`` must have."""
        if "steps" not in top:
            raise self.wrong(root, "no steps", "add `steps:` with a list of steps")
        listed = top["steps"]
        if not isinstance(listed, yaml.SequenceNode) or not listed.value:
            raise self.wrong(listed, "`steps` is not a list of steps", "begin each step with `- `")
        if len(listed.value) > MAX_STEPS:
            raise self.wrong(listed, f"more than {MAX_STEPS} steps", "split the script")
        return list(listed.value)

    def mapping(self, node: yaml.Node, what: str, allowed: tuple[str, ...]) -> dict[str, yaml.Node]:
        """The values of a mapping by their words, each of which is ``allowed``. ``what``: it is, for messages."""
        if not isinstance(node, yaml.MappingNode):
            raise self.wrong(node, f"{what} is not a mapping", f"write `name: value` with {', '.join(allowed)}")
        fields: dict[str, yaml.Node] = {}
        for key, value in node.value:
            name = str(key.value)
            if name not in allowed:
                raise self.wrong(key, f"`{name}` is unknown in {what}", f"use {', '.join(allowed)}")
            if name in fields:
                raise self.wrong(key, f"`{name}` is there twice", "leave one out")
            fields[name] = value
        return fields

    def text(self, node: yaml.Node, name: str) -> str:
        """A text, which may be empty, without the space around it."""
        if not isinstance(node, yaml.ScalarNode) or is_null(node):
            raise self.wrong(node, f"`{name}` is not text", f"write `{name}: text`")
        return str(node.value).strip()

    def words(self, node: yaml.Node, name: str) -> str:
        """A text with something to say, of at most :data:`MAX_WORDS` characters."""
        text = self.text(node, name)
        if not re.search(r"\w", text):
            raise self.wrong(node, f"`{name}` has no words", f'write `{name}: "what to say"`')
        if len(text) > MAX_WORDS:
            raise self.wrong(node, f"`{name}` is longer than {MAX_WORDS} characters", "split it")
        return text

    def keys(self, node: yaml.Node) -> str:
        """1 to 64 keys of a keypad."""
        if isinstance(node, yaml.ScalarNode) and not node.style and re.fullmatch(r"0\d+", str(node.value)):
            # an unquoted number with a leading zero is octal to some YAML readers
            raise self.wrong(node, "`keys` begins with 0 and has no quotes", f'write `keys: "{node.value}"`')
        keys = self.text(node, "keys").upper()
        if not re.fullmatch(r"[0-9*#A-D]{1,64}", keys):
            raise self.wrong(node, f"`keys: {keys}` is not on a keypad", 'write 1 to 64 of 0-9 * # A-D, as "123#"')
        return keys

    def seconds(self, node: yaml.Node, name: str, *, least: float = 0.01) -> float:
        """From ``least`` to :data:`MAX_SECONDS`."""
        try:
            value = float(self.text(node, name))
        except ValueError:
            value = -1.0
        if not least <= value <= MAX_SECONDS:
            raise self.wrong(node, f"`{name}` is not a time", f"write seconds from {least:g} to {MAX_SECONDS:g}")
        return value

    def flag(self, node: yaml.Node, name: str) -> bool:
        """True or false, as YAML 1.1 writes them (``yes``, ``on``)."""
        if node.tag != "tag:yaml.org,2002:bool":
            raise self.wrong(node, f"`{name}` is neither true nor false", f"write `{name}: false` or leave it out")
        return str(node.value).lower() in ("true", "yes", "on")

    def pattern(self, node: yaml.Node, name: str) -> re.Pattern[str]:
        """A regular expression, in any case."""
        text = self.text(node, name)
        try:
            return re.compile(text, re.IGNORECASE)
        except re.error as error:
            raise self.wrong(node, f"`{name}` is not a regular expression ({error})", "mend or escape it") from error

    def file(self, node: yaml.Node) -> Path:
        """A file that is there, named from the folder."""
        path = self._folder / self.text(node, "wav")
        if not path.is_file():
            raise self.wrong(node, f"no file {path.name}", "put it beside the script or give its path")
        return path

    def wrong(self, node: yaml.Node, problem: str, mend: str) -> ScriptError:
        """The error that what is at ``node`` is; to be raised."""
        return ScriptError(self.source, node.start_mark.line + 1, problem, mend)


def is_null(node: yaml.Node) -> bool:
    """Whether nothing stands there: ``listen:``."""
    return isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null"
