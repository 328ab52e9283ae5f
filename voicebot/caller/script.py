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

from voicebot.caller.script_values import ScriptError, ScriptValues, is_null, read_text

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


class Action(StrEnum):
    """What the caller does in a step, by its word in the script."""

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
    text = read_text(path)
    return parse_script(text, source=path.name, folder=path.parent)


def parse_script(text: str, *, source: str = "script", folder: Path | None = None) -> CallScript:
    """Read a script from its text; ``wav`` names are relative to ``folder``. Raises :class:`ScriptError`."""
    return _Reader(source, folder or Path()).script(text)


def said(heard: str, expected: re.Pattern[str]) -> bool:
    """Whether ``expected`` is found in ``heard``: unchanged, or without punctuation and with single spaces."""
    plain = " ".join(re.sub(r"[^\w\s']", " ", heard).split())
    return expected.search(heard) is not None or expected.search(plain) is not None


class _Reader:
    """Makes a script from YAML nodes."""

    def __init__(self, source: str, folder: Path) -> None:
        self._source = source
        self._values = ScriptValues(source, folder)

    def script(self, text: str) -> CallScript:
        root = self._values.root(text)
        top = self._values.mapping(root, "a script", _TOP)
        deadline_s = self._values.seconds(top["deadline_s"], "deadline_s") if "deadline_s" in top else 15.0
        steps = tuple(self._step(node, deadline_s) for node in self._values.steps(root, top))
        return CallScript(
            source=self._source,
            steps=self._in_order(steps),
            language=self._values.text(top["language"], "language") if "language" in top else "en-US",
            voice=self._values.text(top["voice"], "voice") if "voice" in top else "",
            quiet_s=self._values.seconds(top["quiet_s"], "quiet_s") if "quiet_s" in top else 0.7,
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
        fields = self._values.mapping(node, "a step", (*_ACTIONS, *options))
        actions = [name for name in _ACTIONS if name in fields]
        if len(actions) != 1:
            found = "no action" if not actions else f"several actions ({', '.join(actions)})"
            raise self._values.wrong(node, f"a step with {found}", f"write one of {', '.join(_ACTIONS)} in each step")
        name = actions[0]
        for option in options:
            if option in fields and option not in _OPTIONS[name]:
                raise self._values.wrong(fields[option], f"`{option}` does not belong to `{name}`", "leave it out")
        line = node.start_mark.line + 1
        common: dict[str, Any] = {
            "line": line,
            "deadline_s": self._values.seconds(fields["deadline_s"], "deadline_s")
            if "deadline_s" in fields
            else deadline_s,
            "expect": self._values.pattern(fields["expect"], "expect") if "expect" in fields else None,
            "waits": self._values.flag(fields["wait"], "wait") if "wait" in fields else True,
        }
        if common["expect"] is not None and not common["waits"]:
            raise self._values.wrong(
                fields["expect"], "`expect` in a step that does not wait", "leave out `wait: false`"
            )
        value = fields[name]
        match name:
            case "listen" | "silence":
                if not is_null(value):
                    raise self._values.wrong(
                        value, f"`{name}` takes no value", f"write `- {name}:` and `expect:` beneath it"
                    )
                return ScriptStep(Action(name), **common)
            case "say":
                return ScriptStep(Action.SAY, text=self._values.words(value, "say"), **common)
            case "wav":
                return ScriptStep(Action.SAY, wav=self._values.file(value), **common)
            case "keys":
                return ScriptStep(Action.KEYS, keys=self._values.keys(value), **common)
            case "barge_in":
                return self._barge_in(value, common)
            case "pause_s":
                return ScriptStep(Action.PAUSE, line, seconds=self._values.seconds(value, "pause_s"), waits=False)
        end = self._values.text(value, "expect_end")
        if end not in ("hangup", "transfer"):
            raise self._values.wrong(value, f"`expect_end: {end}` is unknown", "write hangup or transfer")
        if "target" in fields and end != "transfer":
            raise self._values.wrong(fields["target"], "`target` without a transfer", "leave it out")
        target = self._values.pattern(fields["target"], "target") if "target" in fields else None
        return ScriptStep(
            Action.EXPECT_END,
            line,
            end="transfer" if end == "transfer" else "hangup",
            target=target,
            deadline_s=common["deadline_s"],
        )

    def _barge_in(self, node: yaml.Node, common: dict[str, Any]) -> ScriptStep:
        fields = self._values.mapping(node, "`barge_in`", ("after_s", "say", "wav", "interrupts"))
        if ("say" in fields) == ("wav" in fields):
            raise self._values.wrong(
                node, "`barge_in` needs one thing to say", "write `say: text` or `wav: file` in it"
            )
        return ScriptStep(
            Action.BARGE_IN,
            after_s=self._values.seconds(fields["after_s"], "after_s", least=0.0) if "after_s" in fields else 0.5,
            text=self._values.words(fields["say"], "say") if "say" in fields else "",
            wav=self._values.file(fields["wav"]) if "wav" in fields else None,
            interrupts=self._values.flag(fields["interrupts"], "interrupts") if "interrupts" in fields else True,
            **common,
        )
