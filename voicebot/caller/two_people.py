"""A call between a caller and an agent, as YAML: who they are, and what they say to each other. Pure, but for files.

::

    language: en-US
    caller: {name: Ada, number: "+15550101", voice: en-US-JennyNeural, pitch: 1.15}
    agent: {name: Bo, number: "7001"}
    expect: [sentiment, suggestion, checklist]   # what must be found in the call, besides its transcript and summary
    steps:
      - agent: "Good morning, how can I help you?"
      - caller: "My card number is four one one one ..."
        secret: "4111"           # digits that nobody may read afterwards; what is said is withheld instead
      - caller: {wav: hello.wav} # a recording, from the script's own folder
      - pause_s: 1.5
      - until: paused            # or listening: the recording server has asked for no audio, or for audio again
      - caller: "one two three"
        unheard: true            # it is not to be in the transcript

``voice`` is empty for the speech service's own choice, ``pitch`` raises or lowers it: so one voice can be two people.
Reading is strict, as with other scripts (`script_values.py`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import yaml

from voicebot.address import Address, AddressError
from voicebot.caller.script_values import ScriptValues, read_text

Who = Literal["caller", "agent"]
Until = Literal["paused", "listening"]

EXPECTED: Final = ("sentiment", "suggestion", "checklist")

_TOP: Final = ("language", "caller", "agent", "expect", "steps")
_PERSON: Final = ("name", "number", "voice", "pitch")
_ACTIONS: Final = ("caller", "agent", "pause_s", "until")
_LOWEST: Final = 0.7
_HIGHEST: Final = 1.5


@dataclass(frozen=True, slots=True)
class Person:
    """``number``: a number or extension. ``pitch``: 1.2 is a fifth higher than ``voice`` is."""

    name: str
    number: str
    voice: str = ""
    pitch: float = 1.0


@dataclass(frozen=True, slots=True)
class Line:
    """What ``who`` says: ``wav`` if there is one, else ``text``. ``line``: where it stands. ``secret``: its digits that
    must be withheld. ``unheard``: it is said while nobody listens."""

    who: Who
    line: int
    text: str = ""
    wav: Path | None = None
    secret: str = ""
    unheard: bool = False


@dataclass(frozen=True, slots=True)
class Wait:
    """For ``seconds``, or ``until`` the recording server wants no audio, or audio again."""

    line: int
    seconds: float = 0.0
    until: Until | None = None


@dataclass(frozen=True, slots=True)
class TwoPeople:
    """A whole script. ``source``: the name of its file, for messages. ``expect``: some of :data:`EXPECTED`."""

    source: str
    caller: Person
    agent: Person
    steps: tuple[Line | Wait, ...]
    language: str = "en-US"
    expect: tuple[str, ...] = ()

    @property
    def lines(self) -> tuple[Line, ...]:
        """What is said."""
        return tuple(step for step in self.steps if isinstance(step, Line))

    def person(self, who: Who) -> Person:
        return self.caller if who == "caller" else self.agent


def load_two_people(path: Path) -> TwoPeople:
    """Read a script from a file. Raises :class:`ScriptError`, also if the file cannot be read."""
    return parse_two_people(read_text(path), source=path.name, folder=path.parent)


def parse_two_people(text: str, *, source: str = "script", folder: Path | None = None) -> TwoPeople:
    """Read a script from its text; ``wav`` names are relative to ``folder``. Raises :class:`ScriptError`."""
    return _Reader(ScriptValues(source, folder or Path())).script(text)


class _Reader:
    def __init__(self, values: ScriptValues) -> None:
        self._values = values

    def script(self, text: str) -> TwoPeople:
        values = self._values
        root = values.root(text)
        top = values.mapping(root, "a script", _TOP)
        return TwoPeople(
            values.source,
            self._person(root, top, "caller"),
            self._person(root, top, "agent"),
            tuple(self._step(node) for node in values.steps(root, top)),
            values.text(top["language"], "language") if "language" in top else "en-US",
            self._expect(top["expect"]) if "expect" in top else (),
        )

    def _person(self, root: yaml.Node, top: dict[str, yaml.Node], who: Who) -> Person:
        values = self._values
        if who not in top:
            raise values.wrong(root, f"no `{who}`", f'write `{who}: {{name: Ada, number: "7001"}}`')
        fields = values.mapping(top[who], f"`{who}`", _PERSON)
        missing = [name for name in ("name", "number") if name not in fields]
        if missing:
            raise values.wrong(
                top[who], f"`{who}` has no {missing[0]}", f'write `{who}: {{name: Ada, number: "7001"}}`'
            )
        number = values.text(fields["number"], "number")
        try:
            if Address.parse(number).domain is not None:
                raise AddressError(number, 'write `number: "7001"`', "has a domain")
        except AddressError as error:
            raise values.wrong(
                fields["number"], f"`number: {number}` is no number", 'write `number: "7001"`'
            ) from error
        return Person(
            values.words(fields["name"], "name"),
            number,
            values.text(fields["voice"], "voice") if "voice" in fields else "",
            self._pitch(fields["pitch"]) if "pitch" in fields else 1.0,
        )

    def _step(self, node: yaml.Node) -> Line | Wait:
        values, options = self._values, ("secret", "unheard")
        fields = values.mapping(node, "a step", (*_ACTIONS, *options))
        actions = [name for name in _ACTIONS if name in fields]
        if len(actions) != 1:
            found = "no action" if not actions else f"several actions ({', '.join(actions)})"
            raise values.wrong(node, f"a step with {found}", f"write one of {', '.join(_ACTIONS)} in each step")
        name, line = actions[0], node.start_mark.line + 1
        if name in ("pause_s", "until"):
            for option in options:
                if option in fields:
                    raise values.wrong(fields[option], f"`{option}` does not belong to `{name}`", "leave it out")
            if name == "pause_s":
                return Wait(line, seconds=values.seconds(fields[name], name))
            return Wait(line, until=self._until(fields[name]))
        said = fields[name]
        wav = None
        if isinstance(said, yaml.MappingNode):
            inner = values.mapping(said, f"`{name}`", ("wav",))
            if "wav" not in inner:
                raise values.wrong(said, f"`{name}` says nothing", f'write `{name}: "what to say"`')
            wav = values.file(inner["wav"])
        return Line(
            "caller" if name == "caller" else "agent",
            line,
            values.words(said, name) if wav is None else "",
            wav,
            self._secret(fields["secret"]) if "secret" in fields else "",
            values.flag(fields["unheard"], "unheard") if "unheard" in fields else False,
        )

    def _expect(self, node: yaml.Node) -> tuple[str, ...]:
        values, mend = self._values, f"write some of {', '.join(EXPECTED)}"
        if not isinstance(node, yaml.SequenceNode):
            raise values.wrong(node, "`expect` is not a list", mend)
        names = tuple(values.text(one, "expect") for one in node.value)
        for name, one in zip(names, node.value, strict=True):
            if name not in EXPECTED:
                raise values.wrong(one, f"`{name}` cannot be expected", mend)
        return names

    def _until(self, node: yaml.Node) -> Until:
        match self._values.text(node, "until"):
            case "paused":
                return "paused"
            case "listening":
                return "listening"
            case other:
                raise self._values.wrong(node, f"`until: {other}` is unknown", "write paused or listening")

    def _secret(self, node: yaml.Node) -> str:
        digits = re.sub(r"[ -]", "", self._values.text(node, "secret"))
        if not re.fullmatch(r"\d{3,40}", digits):
            raise self._values.wrong(node, "`secret` is no number", 'write its digits, as `secret: "4111"`')
        return digits

    def _pitch(self, node: yaml.Node) -> float:
        try:
            pitch = float(self._values.text(node, "pitch"))
        except ValueError:
            pitch = 0.0
        if not _LOWEST <= pitch <= _HIGHEST:
            raise self._values.wrong(node, "`pitch` is out of range", f"write {_LOWEST} to {_HIGHEST}")
        return pitch
