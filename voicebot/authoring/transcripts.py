"""Tests of dialogs as their authors write them: what a caller does and what the bot says, in ``dialogs/tests/*.yaml``.

A file has ``tests``, each with a name (``test``) and a ``talk``, and for all of them or for one: ``now``, ``locale``,
``functions`` and ``http`` that answer in place of the real ones. In a pattern, ``*`` stands for any words; the prompt
``...`` for any number of prompts. A prompt is right when it matches as it is spoken or as it is shown.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError, model_validator

from voicebot.authoring.document import Document, read_document
from voicebot.authoring.faults import told
from voicebot.authoring.model import Part, PlainText, Value, listed
from voicebot.authoring.problems import Problem

ANY_PROMPTS = "..."


def _moment(value: Any) -> Any:
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError as error:
            raise ValueError("a day and a time, such as 2026-12-01 12:00") from error
        return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return value


Moment = Annotated[datetime, BeforeValidator(_moment)]


class FunctionStub(Part):
    """What stands in for a Python function: what it gives, or how it fails."""

    given: dict[str, Value] | None = Field(None, alias="with", description="Only when it is called with these values.")
    gives: Value = Field(None, description="What it gives back.")
    fails: PlainText | None = Field(None, description="It fails, for this reason.")


class ServiceStub(Part):
    """What stands in for a web service."""

    method: Literal["get", "post", "put", "patch", "delete"] = Field("get", description="The method.")
    url: PlainText = Field(description="The address; `*` stands for anything.")
    gives: Value = Field(None, description="What it answers.")
    status: int = Field(200, ge=100, le=599, description="The status of the answer; from 400 on it is a failure.")
    fails: PlainText | None = Field(None, description="It does not answer, for this reason.")


FunctionStubs = dict[str, Annotated[list[FunctionStub], BeforeValidator(listed)]]


class Entry(Part):
    """One line of the talk: one word of these."""

    caller: PlainText | None = Field(None, description="What the caller says.")
    early: PlainText | None = Field(
        None, description="What the caller says before anything of the bot's last prompt was heard."
    )
    keys: PlainText | None = Field(None, description="The keys that the caller presses.")
    silence: Literal[True] | None = Field(None, description="The caller says nothing.")
    noise: Literal[True] | None = Field(None, description="Something is heard, but no words.")
    transferred: Literal["completed", "failed", "busy", "no-answer"] | None = Field(
        None, description="What came of a transfer."
    )
    dialled: Literal[
        "answered", "ended", "busy", "no_answer", "declined", "unreachable", "refused", "cancelled", "error"
    ] | None = Field(None, description="What became of the call that a `dial` has placed.")  # fmt: skip
    bot: Annotated[list[PlainText], BeforeValidator(listed)] | None = Field(None, description="What the bot says then.")
    transfer: PlainText | None = Field(None, description="To whom the caller is transferred.")
    dial: PlainText | None = Field(None, description="Whom the bot has called, in a call of its own.")
    hangup: bool | None = Field(None, description="Whether the bot ends the call.")
    language: PlainText | None = Field(None, description="In which language the call goes on.")
    recording: Literal["running", "paused", "stopped"] | None = Field(
        None, description="What the recording of the call was told last."
    )

    @model_validator(mode="after")
    def _one(self) -> Entry:
        if len(self.model_fields_set) != 1:
            raise ValueError(f"one of {', '.join(Entry.model_fields)}")
        return self


class Test(Part):
    """One call."""

    name: PlainText = Field(alias="test", description="What holds.")
    now: Moment | None = Field(None, description="What the clock says.")
    locale: PlainText | None = Field(None, description="The language of the call.")
    direction: Literal["inbound", "outbound"] = Field(
        "inbound", description="`outbound`: the bot has called, and whoever answers is the caller here."
    )
    context: dict[str, Value] = Field(default_factory=dict, description="What the dialog is told in such a call.")
    functions: FunctionStubs = Field(default_factory=dict, description="Python functions that answer so.")
    http: list[ServiceStub] = Field(default_factory=list, description="Web services that answer so.")
    talk: list[Entry] = Field(description="What is said, in order.", min_length=1)


class TestFile(Part):
    """A file of tests. What stands here holds for each test that does not say otherwise."""

    now: Moment = Field(datetime(2026, 1, 5, 12, tzinfo=UTC), description="What the clock says (a Monday at noon).")
    locale: PlainText | None = Field(None, description="The language of the calls.")
    functions: FunctionStubs = Field(default_factory=dict, description="Python functions that answer so.")
    http: list[ServiceStub] = Field(default_factory=list, description="Web services that answer so.")
    tests: list[Test] = Field(description="The tests.", min_length=1)


@dataclass(frozen=True, slots=True)
class DialogTest:
    """A test, with what its file says for all tests, and its position. ``lines``: of the entries of the talk."""

    file: Path
    line: int
    name: str
    now: datetime
    locale: str | None
    direction: str
    context: dict[str, Any]
    functions: dict[str, list[FunctionStub]]
    http: list[ServiceStub]
    talk: list[Entry]
    lines: list[int]


@dataclass(slots=True)
class Transcripts:
    """The tests of a folder, and what is wrong with their files."""

    tests: list[DialogTest] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def read_transcripts(folder: Path) -> Transcripts:
    """The tests in ``folder/tests``. Never raises for what is in them."""
    result = Transcripts()
    for file in sorted([*(folder / "tests").rglob("*.yaml"), *(folder / "tests").rglob("*.yml")]):
        document = read_document(file)
        if document.data is not None:
            result.tests += _tests(document)
        result.problems += document.problems
    return result


def matches(pattern: str, text: str) -> bool:
    """Whether ``text`` matches ``pattern``, in which ``*`` stands for any words."""
    text = " ".join(text.split())
    first, *others = [" ".join(part.split()) for part in pattern.split("*")]
    if not others:
        return text == first
    last = others.pop()
    at, end = len(first), len(text) - len(last)
    if at > end or not (text.startswith(first) and text.endswith(last)):
        return False
    for part in others:
        found = text.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True


def _tests(document: Document) -> list[DialogTest]:
    try:
        read = TestFile.model_validate(document.data)
    except ValidationError as error:
        for fault in error.errors(include_url=False):
            code, message, mend = told(TestFile, fault)
            document.problem(fault["loc"], code, message, mend, at_key=code in ("unknown-word", "missing"))
        return []
    found = []
    for number, test in enumerate(read.tests):
        path = ("tests", number)
        found.append(
            DialogTest(
                document.file,
                document.value_at((*path, "test"))[0],
                test.name,
                test.now or read.now,
                test.locale or read.locale,
                test.direction,
                test.context,
                read.functions | test.functions,
                [*test.http, *read.http],
                test.talk,
                [document.value_at((*path, "talk", index))[0] for index in range(len(test.talk))],
            )
        )
    return found
