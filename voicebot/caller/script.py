"""A caller's script: what to say and press, and what to expect, as YAML.

::

    language: en-US            # of the voice and of the recogniser
    voice: en-US-JennyNeural   # empty: the speech service's own choice
    quiet_s: 0.7               # nothing audible for this long: the bot has finished speaking
    deadline_s: 15             # for each wait
    steps:
      - listen:                # the greeting
        expect: "how can (I|we) help"
      - say: "What are your opening hours?"
      - barge_in: {after_s: 0.8, say: "I want to pay my bill"}
        expect: "account number"
      - barge_in: {after_s: 0.8, say: "mhm", interrupts: false}   # the prompt should go on
      - keys: "123456"
        expect: "twelve .* dollars"
        deadline_s: 20
      - pause_s: 0.5
      - silence:               # say nothing until the bot speaks again (its no-input prompt)
        expect: "did not get that"
      - wav: goodbye.wav       # from the script's own folder
      - expect_end: hangup     # or transfer

A step ends when the bot has answered and finished speaking; with ``wait: false``, it ends at once. A ``barge_in``
speaks ``after_s`` seconds after the beginning of the answer to the step before; with ``interrupts: false``, a prompt
that does not go on is counted as a false interruption. ``expect`` is a regular expression that
must be found in the transcript of what the bot said in the step, without regard to case and punctuation. Without
``expect_end``, the caller hangs up at the end of the script.

Reading is strict: everything unknown is an error, with its line and what to write instead.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Literal

import yaml

from voicebot.yaml_nodes import compose

MAX_BYTES: Final = 256 * 1024
MAX_STEPS: Final = 500
MAX_SECONDS: Final = 600.0
MAX_WORDS: Final = 2_000

_TOP: Final = ("language", "voice", "quiet_s", "deadline_s", "steps")
_ACTIONS: Final = ("listen", "say", "wav", "keys", "barge_in", "pause_s", "silence", "expect_end")
_OPTIONS: Final[dict[str, tuple[str, ...]]] = {
    "listen": ("expect", "deadline_s"),
    "say": ("expect", "deadline_s", "wait"),
    "wav": ("expect", "deadline_s", "wait"),
    "keys": ("expect", "deadline_s", "wait"),
    "barge_in": ("expect", "deadline_s", "wait"),
    "pause_s": (),
    "silence": ("expect", "deadline_s"),
    "expect_end": ("deadline_s", "target"),
}


class ScriptError(ValueError):
    """A script cannot be used. ``line``, ``problem``, and ``mend``: what to write instead."""

    def __init__(self, source: str, line: int, problem: str, mend: str) -> None:
        super().__init__(f"{source}:{line}: {problem}; {mend}")
        self.source, self.line, self.problem, self.mend = source, line, problem, mend


class Action(StrEnum):
    LISTEN = "listen"
    SAY = "say"
    KEYS = "keys"
    BARGE_IN = "barge_in"
    PAUSE = "pause_s"
    SILENCE = "silence"
    EXPECT_END = "expect_end"


@dataclass(frozen=True, slots=True)
class ScriptStep:
    """One step. ``text`` or ``wav``: what to say (SAY, BARGE_IN). ``keys``: which to press (KEYS). ``after_s``: of
    BARGE_IN, which ``interrupts`` the prompt, or should not; ``seconds``: of PAUSE; ``end`` and ``target``: of
    EXPECT_END. ``waits``: for the bot's answer."""

    action: Action
    line: int
    text: str = ""
    wav: Path | None = None
    keys: str = ""
    after_s: float = 0.0
    interrupts: bool = True
    seconds: float = 0.0
    end: Literal["hangup", "transfer"] = "hangup"
    target: re.Pattern[str] | None = None
    expect: re.Pattern[str] | None = None
    waits: bool = True
    deadline_s: float = 15.0

    @property
    def label(self) -> str:
        """What the step says or presses, for the transcript."""
        return self.text or (self.wav.stem if self.wav is not None else "") or (f"[{self.keys}]" if self.keys else "")


@dataclass(frozen=True, slots=True)
class CallScript:
    """A whole script. ``source``: the name of its file, for messages."""

    source: str
    steps: tuple[ScriptStep, ...]
    language: str = "en-US"
    voice: str = ""
    quiet_s: float = 0.7
    deadline_s: float = 15.0

    @property
    def expects_words(self) -> bool:
        """Whether what the bot says must be transcribed."""
        return any(step.expect is not None for step in self.steps)


def load_script(path: Path) -> CallScript:
    """Read a script from a file. Raises :class:`ScriptError`, also if the file cannot be read."""
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
    return parse_script(text, source=path.name, folder=path.parent)


def parse_script(text: str, *, source: str = "script", folder: Path | None = None) -> CallScript:
    """Read a script from its text; ``wav`` names are relative to ``folder``. Raises :class:`ScriptError`."""
    return _Reader(source, folder or Path()).script(text)


def said(heard: str, expected: re.Pattern[str]) -> bool:
    """Whether ``expected`` is found in ``heard``: unchanged, or without punctuation and with single spaces."""
    plain = " ".join(re.sub(r"[^\w\s']", " ", heard).split())
    return expected.search(heard) is not None or expected.search(plain) is not None


class _Reader:
    """Makes a script from YAML nodes, which have line numbers, unlike plain values."""

    def __init__(self, source: str, folder: Path) -> None:
        self._source = source
        self._folder = folder

    def script(self, text: str) -> CallScript:
        try:
            root = compose(text)
        except (yaml.YAMLError, ValueError) as error:
            mark = getattr(error, "problem_mark", None)
            problem = getattr(error, "problem", None) or "not YAML"
            raise ScriptError(
                self._source, mark.line + 1 if mark else 1, f"not YAML: {problem}", "check indent and quotes"
            ) from error
        if root is None:
            raise ScriptError(self._source, 1, "empty", "write at least `steps:` with one step")
        top = self._mapping(root, "a script", _TOP)
        if "steps" not in top:
            raise self._wrong(root, "no steps", "add `steps:` with a list of steps")
        deadline_s = self._seconds(top["deadline_s"], "deadline_s") if "deadline_s" in top else 15.0
        listed = top["steps"]
        if not isinstance(listed, yaml.SequenceNode) or not listed.value:
            raise self._wrong(listed, "`steps` is not a list of steps", "begin each step with `- `")
        if len(listed.value) > MAX_STEPS:
            raise self._wrong(listed, f"more than {MAX_STEPS} steps", "split the script")
        steps = tuple(self._step(node, deadline_s) for node in listed.value)
        return CallScript(
            source=self._source,
            steps=self._in_order(steps),
            language=self._text(top["language"], "language") if "language" in top else "en-US",
            voice=self._text(top["voice"], "voice") if "voice" in top else "",
            quiet_s=self._seconds(top["quiet_s"], "quiet_s") if "quiet_s" in top else 0.7,
            deadline_s=deadline_s,
        )

    def _in_order(self, steps: tuple[ScriptStep, ...]) -> tuple[ScriptStep, ...]:
        """Check the rules between steps, and let the step before a barge-in not wait."""
        ordered = list(steps)
        for index, step in enumerate(steps):
            if step.action is Action.EXPECT_END and index != len(steps) - 1:
                raise ScriptError(self._source, step.line, "`expect_end` is not the last step", "move it to the end")
            if step.action is not Action.BARGE_IN:
                continue
            before = steps[index - 1] if index else None
            if before is None or before.action not in (
                Action.SAY,
                Action.KEYS,
                Action.LISTEN,
                Action.BARGE_IN,
            ):
                raise ScriptError(
                    self._source,
                    step.line,
                    "`barge_in` has no answer to interrupt",
                    "put a `listen`, `say` or `keys` step before it",
                )
            if before.expect is not None:
                raise ScriptError(
                    self._source,
                    before.line,
                    "`expect` in a step whose answer is interrupted",
                    "move it to the step after",
                )
            ordered[index - 1] = replace(ordered[index - 1], waits=False)
        return tuple(ordered)

    def _step(self, node: yaml.Node, deadline_s: float) -> ScriptStep:
        options = ("expect", "deadline_s", "wait", "target")
        fields = self._mapping(node, "a step", (*_ACTIONS, *options))
        actions = [name for name in _ACTIONS if name in fields]
        if len(actions) != 1:
            found = "no action" if not actions else f"several actions ({', '.join(actions)})"
            raise self._wrong(node, f"a step with {found}", f"write one of {', '.join(_ACTIONS)} in each step")
        name = actions[0]
        for option in options:
            if option in fields and option not in _OPTIONS[name]:
                raise self._wrong(fields[option], f"`{option}` does not belong to `{name}`", "leave it out")
        line = node.start_mark.line + 1
        common: dict[str, Any] = {
            "line": line,
            "deadline_s": self._seconds(fields["deadline_s"], "deadline_s") if "deadline_s" in fields else deadline_s,
            "expect": self._pattern(fields["expect"], "expect") if "expect" in fields else None,
            "waits": self._flag(fields["wait"], "wait") if "wait" in fields else True,
        }
        if common["expect"] is not None and not common["waits"]:
            raise self._wrong(fields["expect"], "`expect` in a step that does not wait", "leave out `wait: false`")
        value = fields[name]
        match name:
            case "listen" | "silence":
                if not _is_null(value):
                    raise self._wrong(value, f"`{name}` takes no value", f"write `- {name}:` and `expect:` beneath it")
                return ScriptStep(Action(name), **common)
            case "say":
                return ScriptStep(Action.SAY, text=self._words(value, "say"), **common)
            case "wav":
                return ScriptStep(Action.SAY, wav=self._file(value), **common)
            case "keys":
                return ScriptStep(Action.KEYS, keys=self._keys(value), **common)
            case "barge_in":
                return self._barge_in(value, common)
            case "pause_s":
                return ScriptStep(Action.PAUSE, line, seconds=self._seconds(value, "pause_s"), waits=False)
        end = self._text(value, "expect_end")
        if end not in ("hangup", "transfer"):
            raise self._wrong(value, f"`expect_end: {end}` is unknown", "write hangup or transfer")
        if "target" in fields and end != "transfer":
            raise self._wrong(fields["target"], "`target` without a transfer", "leave it out")
        target = self._pattern(fields["target"], "target") if "target" in fields else None
        return ScriptStep(
            Action.EXPECT_END,
            line,
            end="transfer" if end == "transfer" else "hangup",
            target=target,
            deadline_s=common["deadline_s"],
        )

    def _barge_in(self, node: yaml.Node, common: dict[str, Any]) -> ScriptStep:
        fields = self._mapping(node, "`barge_in`", ("after_s", "say", "wav", "interrupts"))
        if ("say" in fields) == ("wav" in fields):
            raise self._wrong(node, "`barge_in` needs one thing to say", "write `say: text` or `wav: file` in it")
        return ScriptStep(
            Action.BARGE_IN,
            after_s=self._seconds(fields["after_s"], "after_s", least=0.0) if "after_s" in fields else 0.5,
            text=self._words(fields["say"], "say") if "say" in fields else "",
            wav=self._file(fields["wav"]) if "wav" in fields else None,
            interrupts=self._flag(fields["interrupts"], "interrupts") if "interrupts" in fields else True,
            **common,
        )

    # --- values -----------------------------------------------------------------------------------------------------

    def _mapping(self, node: yaml.Node, what: str, allowed: tuple[str, ...]) -> dict[str, yaml.Node]:
        if not isinstance(node, yaml.MappingNode):
            raise self._wrong(node, f"{what} is not a mapping", f"write `name: value` with {', '.join(allowed)}")
        fields: dict[str, yaml.Node] = {}
        for key, value in node.value:
            name = str(key.value)
            if name not in allowed:
                raise self._wrong(key, f"`{name}` is unknown in {what}", f"use {', '.join(allowed)}")
            if name in fields:
                raise self._wrong(key, f"`{name}` is there twice", "leave one out")
            fields[name] = value
        return fields

    def _text(self, node: yaml.Node, name: str) -> str:
        if not isinstance(node, yaml.ScalarNode) or _is_null(node):
            raise self._wrong(node, f"`{name}` is not text", f"write `{name}: text`")
        return str(node.value).strip()

    def _words(self, node: yaml.Node, name: str) -> str:
        text = self._text(node, name)
        if not re.search(r"\w", text):
            raise self._wrong(node, f"`{name}` has no words", f'write `{name}: "what to say"`')
        if len(text) > MAX_WORDS:
            raise self._wrong(node, f"`{name}` is longer than {MAX_WORDS} characters", "split it")
        return text

    def _keys(self, node: yaml.Node) -> str:
        if isinstance(node, yaml.ScalarNode) and not node.style and re.fullmatch(r"0\d+", str(node.value)):
            # an unquoted number with a leading zero is octal to some YAML readers
            raise self._wrong(node, "`keys` begins with 0 and has no quotes", f'write `keys: "{node.value}"`')
        keys = self._text(node, "keys").upper()
        if not re.fullmatch(r"[0-9*#A-D]{1,64}", keys):
            raise self._wrong(node, f"`keys: {keys}` is not on a keypad", 'write 1 to 64 of 0-9 * # A-D, as "123#"')
        return keys

    def _seconds(self, node: yaml.Node, name: str, *, least: float = 0.01) -> float:
        try:
            value = float(self._text(node, name))
        except ValueError:
            value = -1.0
        if not least <= value <= MAX_SECONDS:
            raise self._wrong(node, f"`{name}` is not a time", f"write seconds from {least:g} to {MAX_SECONDS:g}")
        return value

    def _flag(self, node: yaml.Node, name: str) -> bool:
        if node.tag != "tag:yaml.org,2002:bool":
            raise self._wrong(node, f"`{name}` is neither true nor false", f"write `{name}: false` or leave it out")
        return str(node.value).lower() in ("true", "yes", "on")

    def _pattern(self, node: yaml.Node, name: str) -> re.Pattern[str]:
        text = self._text(node, name)
        try:
            return re.compile(text, re.IGNORECASE)
        except re.error as error:
            raise self._wrong(node, f"`{name}` is not a regular expression ({error})", "mend or escape it") from error

    def _file(self, node: yaml.Node) -> Path:
        path = self._folder / self._text(node, "wav")
        if not path.is_file():
            raise self._wrong(node, f"no file {path.name}", "put it beside the script or give its path")
        return path

    def _wrong(self, node: yaml.Node, problem: str, mend: str) -> ScriptError:
        return ScriptError(self._source, node.start_mark.line + 1, problem, mend)


def _is_null(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null"
