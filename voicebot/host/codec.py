"""Conversation state as plain JSON, with a closed list of classes.

The SDK's own storages use jsonpickle, with which anybody who can write to the store can build any object in the
process. Here JSON's own types stand for themselves, and every other class that dialog state is made of has a tag::

    {"$": "DialogInstance", "id": "menu", "state": {...}}

A dict that has a ``$`` key, or keys that are not strings, is written as its items, ``{"$": "dict", "items": [[key,
value], ...]}``, so that data is never taken for a tag. Writing any other class fails, with the path to it: so a dialog
that stores something unreadable fails in the turn that stores it, where its author sees why, and not in the next one.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from voicebot.host.sdk import (
    Choice,
    DialogInstance,
    DialogState,
    FoundChoice,
    ListStyle,
    PromptOptions,
    is_schema_model,
    model_from_json,
    model_to_json,
    schema_models,
)

TAG = "$"
MAX_DEPTH = 64
_PLAIN = frozenset({type(None), bool, int, str})
"""What JSON has itself, and always can hold. Most of all state is that, and not looked at further."""
_STR = frozenset({str})

_Path = tuple[Any, str | int | tuple[str]]
"""Where something is: the path of what it is in, and its name or place there, or what that is in words. The whole is
put into words only if something is wrong."""


class StateNotStorable(TypeError):
    """The state of a dialog contains something that cannot be stored."""


class StateUnreadable(ValueError):
    """The stored text was not written by :func:`dumps`: it is damaged, or of another version."""


# The SDK's plain classes: tag, attributes (which are also the constructor's keywords).
_RECORDS: dict[type, tuple[str, tuple[str, ...]]] = {
    DialogInstance: ("DialogInstance", ("id", "state")),
    PromptOptions: (
        "PromptOptions",
        ("prompt", "retry_prompt", "choices", "style", "validations", "number_of_attempts"),
    ),
    Choice: ("Choice", ("value", "action", "synonyms")),
    FoundChoice: ("FoundChoice", ("value", "index", "score", "synonym")),
}
_RECORD_BY_NAME = {name: (kind, fields) for kind, (name, fields) in _RECORDS.items()}

_VALUES: dict[type, tuple[str, Callable[[Any], Any], Callable[[Any], Any]]] = {
    datetime: ("datetime", datetime.isoformat, datetime.fromisoformat),
    date: ("date", date.isoformat, date.fromisoformat),
    time: ("time", time.isoformat, time.fromisoformat),
    timedelta: ("timedelta", timedelta.total_seconds, lambda seconds: timedelta(seconds=seconds)),
    Decimal: ("Decimal", str, Decimal),
    bytes: ("bytes", lambda data: base64.b64encode(data).decode(), lambda text: base64.b64decode(text, validate=True)),
    ListStyle: ("ListStyle", lambda style: style.name, lambda name: ListStyle[name]),
}
_VALUE_BY_NAME = {name: decode for name, _, decode in _VALUES.values()}


def dumps(value: Any) -> str:
    """Write state. Raises :class:`StateNotStorable` naming the path to what cannot be stored."""
    return _writer.encode(_encode(value, None, 0))


def loads(text: str) -> Any:
    """Read what :func:`dumps` wrote. Raises :class:`StateUnreadable` for anything else."""
    try:
        return _reader.decode(text)
    except StateUnreadable:
        raise
    except (ValueError, TypeError, KeyError, ArithmeticError, RecursionError) as error:
        raise StateUnreadable(f"stored state cannot be read: {error}") from error


def _encode(value: Any, path: _Path | None, depth: int) -> Any:
    kind = type(value)
    if kind in _PLAIN:
        return value
    if depth > MAX_DEPTH:
        raise StateNotStorable(f"{_named(path)[:200]} is nested deeper than {MAX_DEPTH} (does it contain itself?)")
    if kind is float:
        if not math.isfinite(value):
            raise StateNotStorable(f"{_named(path)} is {value}, which JSON does not have")
        return value
    if kind is list:
        return _encode_all(value, path, depth)
    if kind is dict:
        if TAG not in value and _STR.issuperset(map(type, value)):
            return {
                key: item if type(item) in _PLAIN else _encode(item, (path, key), depth + 1)
                for key, item in value.items()
            }
        pairs = [
            [_encode(key, (path, (" key",)), depth + 1), _encode(item, (path, (f"[{key!r}]",)), depth + 1)]
            for key, item in value.items()
        ]
        return {TAG: "dict", "items": pairs}
    if kind in (tuple, set, frozenset):
        items = _encode_all(value, path, depth)
        # Sets are sorted, because equal state must give equal text: a change is found by comparing texts.
        return {TAG: kind.__name__, "items": items if kind is tuple else sorted(items, key=json.dumps)}
    if kind is DialogState:
        return {TAG: "DialogState", "stack": _encode(value.dialog_stack, (path, "stack"), depth + 1)}
    if kind in _RECORDS:
        name, fields = _RECORDS[kind]
        body = {field: _encode(getattr(value, field), (path, field), depth + 1) for field in fields}
        return {TAG: name, **body}
    if kind in _VALUES:
        name, encode, _ = _VALUES[kind]
        return {TAG: name, "value": encode(value)}
    if is_schema_model(kind):
        try:
            return {TAG: "schema." + kind.__name__, "value": _encode(model_to_json(value), path, depth + 1)}
        except ValueError as error:
            raise StateNotStorable(f"{_named(path)}: {error}") from error
    if isinstance(value, str):  # the SDK's enumerations of strings (InputHints, ActivityTypes, ...)
        return str(value.value) if hasattr(value, "value") else str(value)
    raise StateNotStorable(
        f"{_named(path)} is a {kind.__module__}.{kind.__qualname__}, which cannot be stored; "
        "use str, int, float, bool, None, list, dict, date, datetime, Decimal or a Bot Framework activity"
    )


def _encode_all(values: Iterable[Any], path: _Path | None, depth: int) -> list[Any]:
    return [
        item if type(item) in _PLAIN else _encode(item, (path, index), depth + 1) for index, item in enumerate(values)
    ]


def _named(path: _Path | None) -> str:
    parts: list[str] = []
    while path is not None:
        path, part = path
        parts.append(f"[{part}]" if isinstance(part, int) else f".{part}" if isinstance(part, str) else part[0])
    return "".join(["state", *reversed(parts)])


def _object(value: dict[str, Any]) -> Any:
    """What a JSON object stands for whose values are read already; most stand for themselves."""
    if TAG not in value:
        return value
    tag = value[TAG]
    if tag == "dict":
        return dict(value["items"])
    if tag in ("tuple", "set", "frozenset"):
        return {"tuple": tuple, "set": set, "frozenset": frozenset}[tag](value["items"])
    if tag == "DialogState":
        stack = value["stack"]
        if not isinstance(stack, list) or not all(isinstance(item, DialogInstance) for item in stack):
            raise StateUnreadable("stored dialog stack is not a list of dialog instances")
        return DialogState(stack)
    if isinstance(tag, str):
        if tag in _RECORD_BY_NAME:
            record, fields = _RECORD_BY_NAME[tag]
            return record(**{field: value[field] for field in fields})
        if tag in _VALUE_BY_NAME:
            return _VALUE_BY_NAME[tag](value["value"])
        name = tag.removeprefix("schema.")
        if tag.startswith("schema.") and name in schema_models:
            return model_from_json(name, value["value"])
    raise StateUnreadable(f"stored state has the unknown tag {str(tag)[:60]!r}")


_reader = json.JSONDecoder(object_hook=_object)
_writer = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)
