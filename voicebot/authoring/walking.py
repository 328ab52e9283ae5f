"""Ways through a part of a file: every text with gaps, every step that it leads to, every prompt."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from voicebot.authoring.document import YamlPath
from voicebot.authoring.model import Dial, DialogFile, GlobalCommand, If, Option, Part, Prompt, Queue, Set

TARGETS = (
    *("next", "on_fail", "on_error", "then", "otherwise", "goto", "open", "closed", "full", "yes", "no"),
    *Dial.OUTCOMES,
)
"""The words whose value is a step's id."""
_NOT_SAID = {*TARGETS, "id", "note", "save", "call", "voice", "phrases", "condition", "full_when",
             "free_when", "keys", "hours", "yes_key",
             "no_key", "key", "end_key", "currency", "title", "locale", "schedules", "zone", "record", "wait_for",
             "by_caller"}  # fmt: skip


def targets_of(part: Any, path: YamlPath = ()) -> Iterator[tuple[YamlPath, str]]:
    """Each step id that ``part`` can go to, with the way to it."""
    if isinstance(part, Part):
        for name, info in type(part).model_fields.items():
            value = getattr(part, name)
            key = info.alias or name
            if name in TARGETS and isinstance(value, str):
                yield (*path, key), value
            elif name == "keys":
                for pressed, target in value.items():
                    yield (*path, key, pressed), target
            elif isinstance(value, Part):
                yield from targets_of(value, (*path, key))
            elif name in ("choice", "languages") and value:
                for option, chosen in value.items():
                    yield from targets_of(chosen, (*path, key, option))


def texts_of(part: Any, path: YamlPath = ()) -> Iterator[tuple[YamlPath, str]]:
    """Each text of ``part`` that can have gaps, with the way to it."""
    if isinstance(part, str):
        yield path, part
    elif isinstance(part, list):
        for index, item in enumerate(part):
            yield from texts_of(item, (*path, index))
    elif isinstance(part, dict):
        for key, item in part.items():
            yield from texts_of(item, (*path, key))
    elif isinstance(part, Part):
        for name, info in type(part).model_fields.items():
            if name in _NOT_SAID or (name == "say" and isinstance(part, Option | GlobalCommand)):
                continue
            if isinstance(part, DialogFile) and name in ("steps", "inputs", "outputs"):
                continue
            yield from texts_of(getattr(part, name), (*path, info.alias or name))


def conditions_of(part: Any, path: YamlPath = ()) -> Iterator[tuple[YamlPath, str]]:
    """Each condition of ``part``, with the way to it."""
    if isinstance(part, If):
        yield (*path, "if"), part.condition
    elif isinstance(part, Queue):
        for word, condition in (("full_when", part.queue.full_when), ("free_when", part.queue.free_when)):
            if condition is not None:
                yield (*path, "queue", word), condition


def names_of(part: Any, path: YamlPath = ()) -> Iterator[tuple[YamlPath, str]]:
    """Each variable or constant that ``part`` gives a value to, with the way to it."""
    if isinstance(part, DialogFile):
        yield from ((("constants", name), name) for name in part.constants)
        yield from ((("inputs", index), name) for index, name in enumerate(part.inputs))
    save = getattr(part, "save", None)
    if isinstance(save, str):
        yield (*path, "save"), save
    elif isinstance(save, dict):
        yield from (((*path, "save", name), name) for name in save)
    if isinstance(part, Queue) and part.queue.status is not None:
        yield (*path, "queue"), "queue"
    if isinstance(part, Set):
        yield from (((*path, "set", name), name) for name in part.set)


def prompts_of(part: Any) -> Iterator[Prompt]:
    """Every prompt in ``part``, however deep."""
    if isinstance(part, Prompt):
        yield part
    elif isinstance(part, Part):
        for name in type(part).model_fields:
            yield from prompts_of(getattr(part, name))
    elif isinstance(part, list):
        for item in part:
            yield from prompts_of(item)
    elif isinstance(part, dict):
        for item in part.values():
            yield from prompts_of(item)
