"""botbuilder 4.17, behind :mod:`voicebot.host.sdk`. Only this SDK has the adapter for ``/api/messages``."""

from __future__ import annotations

import re
from datetime import datetime
from enum import Enum
from inspect import isclass
from typing import Any

from botbuilder import core, dialogs, schema
from botbuilder.core import BotAdapter, TurnContext
from botbuilder.dialogs import choices, prompts
from botbuilder.integration.aiohttp import CloudAdapter, ConfigurationBotFrameworkAuthentication
from botbuilder.schema import Activity
from botframework.connector.auth import jwt_token_extractor
from msrest import Deserializer, Serializer
from msrest.exceptions import (  # type: ignore[attr-defined]
    ClientException,
    DeserializationError,
    SerializationError,
)
from msrest.serialization import Model

from voicebot.host.sdk_botbuilder_turn import CallContext, LeanDialogContext
from voicebot.host_wire import WrittenJson

__all__ = [
    "Activity",
    "BotAdapter",
    "CallContext",
    "CloudAdapter",
    "ConfigurationBotFrameworkAuthentication",
    "LeanDialogContext",
    "TurnContext",
    "choices",
    "core",
    "dialogs",
    "jwt_token_extractor",
    "prompts",
    "schema",
]  # passed on as they are; the rest is below

schema_models: dict[str, Any] = {
    name: kind for name, kind in vars(schema).items() if isclass(kind) and issubclass(kind, Model)
}
"""The classes of the Bot Framework protocol (Activity, ChannelAccount, ...) by name."""

# Shared, because the models' own methods make new ones for each activity, which doubles the cost.
_schema_classes = {name: kind for name, kind in vars(schema).items() if isclass(kind)}
_serializer: Any = Serializer(_schema_classes)  # type: ignore[no-untyped-call]
_deserializer: Any = Deserializer(_schema_classes)  # type: ignore[no-untyped-call]


def model_to_json(model: Any) -> dict[str, Any]:
    """A schema object as plain JSON in the protocol's own names. Raises ValueError when a field has a wrong type."""
    try:
        return _plain_model(model)
    except _Unusual:
        pass
    try:
        result: dict[str, Any] = _serializer._serialize(model)
    except (SerializationError, TypeError, AttributeError) as error:
        raise ValueError(f"{type(model).__name__} cannot be sent: {error}") from error
    extra = getattr(model, "additional_properties", None)
    return {**extra, **result} if extra else result


class _Unusual(Exception):
    """The fast path does not apply; the SDK's own serializer has to do it."""


_PLAIN = {"str": (str,), "object": (str, int, float, bool), "int": (int,), "bool": (bool,), "float": (int, float)}
_DATE = (datetime,)
_SCALARS = frozenset({*_PLAIN["object"], type(None)})


_Fields = dict[str, tuple[str, tuple[type, ...]]]


def _fields_of(kind: Any) -> _Fields | None:
    """JSON name and plain types of each field, by attribute. None if a name has dots, which mean nesting to msrest."""
    fields = kind._attribute_map
    if any("." in about["key"] or "\\" in about["key"] for about in fields.values()):
        return None
    types = {**_PLAIN, "iso-8601": _DATE}
    return {name: (about["key"], types.get(about["type"], ())) for name, about in fields.items()}


class _FieldsByType(dict[type, _Fields | None]):
    """Fields by class. A subclass that adds no fields has those of its base class."""

    def __missing__(self, kind: type) -> _Fields | None:
        attributes = getattr(kind, "_attribute_map", None)
        base = next((base for base in kind.__mro__[1:] if base in self), None)
        same = base is not None and attributes is not None and attributes is getattr(base, "_attribute_map", None)
        fields = self[kind] = self[base] if base is not None and same else None
        return fields


_fields = _FieldsByType({kind: _fields_of(kind) for kind in schema_models.values()})


def _plain_model(model: Any) -> dict[str, Any]:
    """The JSON of a model whose fields have their plain types, as the SDK gives it, at a tenth of the cost, and with
    what the SDK has no fields for, such as the citations of an entity: its own serializer leaves that out.

    Raises :class:`_Unusual` for everything else (authors' classes, wrong types).
    """
    fields = _fields[type(model)]
    if fields is None:
        raise _Unusual
    extra = getattr(model, "additional_properties", None)
    result = _plain_value(extra, 0) if extra else {}
    for name, value in model.__dict__.items():  # most of them are None
        if value is None or name not in fields:
            continue
        key, plain = fields[name]
        if plain is _DATE and type(value) is datetime:
            result[key] = _serializer.serialize_iso(value)
        elif type(value) in plain:
            result[key] = value
        elif isinstance(value, str) and isinstance(value, Enum) and str in plain:
            result[key] = value.value
        elif plain and plain is not _PLAIN["object"]:
            raise _Unusual
        else:
            result[key] = _plain_value(value, 0)
    return result


def _plain_value(value: Any, depth: int) -> Any:
    kind = type(value)
    if value is None or kind in _PLAIN["object"]:
        return value
    if depth < 32:
        if kind is list:
            if _SCALARS.issuperset(map(type, value)):
                return value.copy()
            return [_plain_value(item, depth + 1) for item in value]
        if kind is WrittenJson:
            return value
        if kind is dict and all(type(key) is str for key in value):
            return {key: _plain_value(item, depth + 1) for key, item in value.items()}
        if _fields[kind] is not None:
            return _plain_model(value)
    raise _Unusual


def model_from_json(name: str, data: dict[str, Any]) -> Any:
    """A schema object from plain JSON. Raises ValueError when it does not have that shape."""
    try:
        return _model_of_plain(name, data)
    except _Unusual:
        pass
    try:
        return _deserializer(name, data)
    except (DeserializationError, TypeError, AttributeError, KeyError) as error:
        raise ValueError(f"not a valid {name}: {error}") from error


_by_key: dict[str, dict[str, tuple[str, str]]] = {
    name: {about["key"]: (field, about["type"]) for field, about in kind._attribute_map.items()}
    for name, kind in schema_models.items()
    if _fields[kind] is not None and not getattr(kind, "_subtype_map", None)
}


def _model_of_plain(name: str, data: Any) -> Any:
    """The model for ``data`` that has only keys of the right types: as the SDK gives it, at a fraction of the cost.

    Raises :class:`_Unusual` for everything else.
    """
    fields = _by_key.get(name)
    if fields is None or type(data) is not dict:
        raise _Unusual
    values = {}
    for key, value in data.items():
        if key not in fields:
            raise _Unusual
        if value is not None:
            field, kind = fields[key]
            values[field] = _value_of_plain(kind, value)
    return _made(name, values)


def _made(name: str, values: dict[str, Any]) -> Any:
    """``schema_models[name](**values)``, in a fraction of the time."""
    kind, blank = schema_models[name], _blanks[name]
    if blank is None:
        return kind(**values)
    model = object.__new__(kind)
    model.__dict__ = {**blank, "additional_properties": {}, **values}
    return model


def _blank(kind: type) -> dict[str, Any] | None:
    """The attributes of a model that is made of nothing. None if they cannot be shared by several."""
    attributes = vars(kind())
    own = [value for name, value in attributes.items() if name != "additional_properties"]
    return attributes if _SCALARS.issuperset(map(type, own)) else None


_blanks = {name: _blank(schema_models[name]) for name in _by_key}

_UTC = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{3}|\.[0-9]{6})?(Z|\+00:00)")
"""A time as all of ours are written, which Python reads at a tenth of the SDK's cost."""


def _value_of_plain(kind: str, value: Any) -> Any:
    plain = _PLAIN.get(kind)
    if plain is not None:
        if type(value) in plain or kind == "object":
            return value
    elif kind in _by_key:
        return _model_of_plain(kind, value)
    elif kind == "iso-8601" and type(value) is str:
        if _UTC.fullmatch(value):
            try:
                return datetime.fromisoformat(value)
            except ValueError:
                pass
        try:
            return _deserializer.deserialize_iso(value)
        except (DeserializationError, ValueError, TypeError) as error:
            raise _Unusual from error
    elif kind.startswith("[") and type(value) is list:
        return [_value_of_plain(kind[1:-1], item) for item in value]
    raise _Unusual


def is_schema_model(kind: type) -> bool:
    """Whether ``kind`` is one of the protocol's classes."""
    return schema_models.get(kind.__name__) is kind


def is_connector_error(error: BaseException) -> bool:
    """Whether a reply could not be delivered to the channel's service (as opposed to a dialog that failed)."""
    return isinstance(error, ClientException)
