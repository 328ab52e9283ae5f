"""botbuilder 4.17, behind :mod:`voicebot.host.sdk`; ``/api/messages`` (CloudAdapter) is of this SDK alone."""

from __future__ import annotations

from enum import Enum
from inspect import isclass
from typing import Any

from botbuilder import schema
from botbuilder.core import BotAdapter, StatePropertyAccessor, TurnContext
from botbuilder.dialogs import (
    ComponentDialog,
    Dialog,
    DialogContext,
    DialogEvents,
    DialogInstance,
    DialogSet,
    DialogState,
    DialogTurnStatus,
)
from botbuilder.dialogs.choices import Choice, FoundChoice, ListStyle
from botbuilder.dialogs.prompts import (
    ChoicePrompt,
    ConfirmPrompt,
    DateTimePrompt,
    NumberPrompt,
    PromptOptions,
)
from botbuilder.integration.aiohttp import CloudAdapter, ConfigurationBotFrameworkAuthentication
from botbuilder.schema import Activity, ActivityTypes, ResourceResponse
from botframework.connector.auth import jwt_token_extractor
from msrest import Deserializer, Serializer
from msrest.exceptions import (  # type: ignore[attr-defined]
    ClientException,
    DeserializationError,
    SerializationError,
)
from msrest.serialization import Model

__all__ = [
    "Activity",
    "ActivityTypes",
    "BotAdapter",
    "Choice",
    "ChoicePrompt",
    "CloudAdapter",
    "ComponentDialog",
    "ConfigurationBotFrameworkAuthentication",
    "ConfirmPrompt",
    "DateTimePrompt",
    "Dialog",
    "DialogContext",
    "DialogEvents",
    "DialogInstance",
    "DialogSet",
    "DialogState",
    "DialogTurnStatus",
    "FoundChoice",
    "ListStyle",
    "NumberPrompt",
    "PassingActivity",
    "PromptOptions",
    "ResourceResponse",
    "StatePropertyAccessor",
    "TurnContext",
    "is_connector_error",
    "is_schema_model",
    "jwt_token_extractor",
    "model_from_json",
    "model_to_json",
    "schema_models",
]

schema_models: dict[str, Any] = {
    name: kind for name, kind in vars(schema).items() if isclass(kind) and issubclass(kind, Model)
}
"""The classes of the Bot Framework protocol (Activity, ChannelAccount, ...) by name."""

# Making these anew for each activity, as the models' own methods do, costs as much again as the work itself.
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
    """Something that the SDK's own serializer has to see to."""


_PLAIN = {"str": (str,), "object": (str, int, float, bool), "int": (int,), "bool": (bool,), "float": (int, float)}


def _fields_of(kind: type) -> tuple[tuple[str, str, tuple[type, ...]], ...] | None:
    """Attribute, name on the wire and plain types of each field; None for what has names with a meaning (dots)."""
    fields = kind._attribute_map  # type: ignore[attr-defined]
    if any("." in about["key"] or "\\" in about["key"] for about in fields.values()):
        return None
    return tuple((name, about["key"], _PLAIN.get(about["type"], ())) for name, about in fields.items())


_fields = {kind: _fields_of(kind) for kind in schema_models.values()}


def _plain_model(model: Any) -> dict[str, Any]:
    """What the SDK's serializer gives, at a tenth of its cost, for models whose fields hold what they should.

    Raises :class:`_Unusual` for everything else (dates, subclasses, wrong types), which is then left to the SDK.
    """
    fields = _fields.get(type(model))
    if fields is None or getattr(model, "additional_properties", None):
        raise _Unusual
    result = {}
    values = model.__dict__
    for name, key, plain in fields:
        value = values.get(name)
        if value is None:
            continue
        if type(value) in plain:
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
            return [_plain_value(item, depth + 1) for item in value]
        if kind is dict and all(type(key) is str for key in value):
            return {key: _plain_value(item, depth + 1) for key, item in value.items()}
        if kind in _fields:
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


class PassingActivity(Activity):  # type: ignore[misc]
    """An activity that its sender does not keep. The SDK copies each one in depth before it is sent, which costs more
    than all the rest of sending; a copy of this one shares what it holds."""

    def __deepcopy__(self, memo: dict[int, Any]) -> PassingActivity:
        copy = PassingActivity.__new__(PassingActivity)
        copy.__dict__.update(self.__dict__)
        return copy


_fields[PassingActivity] = _fields[Activity]

_by_key: dict[str, dict[str, tuple[str, str]]] = {
    name: {about["key"]: (field, about["type"]) for field, about in kind._attribute_map.items()}
    for name, kind in schema_models.items()
    if _fields[kind] is not None and not getattr(kind, "_subtype_map", None)
}


def _model_of_plain(name: str, data: Any) -> Any:
    """What the SDK's deserializer makes of ``data``, at a fraction of its cost, for keys and types as they should be.

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
    return schema_models[name](**values)


def _value_of_plain(kind: str, value: Any) -> Any:
    plain = _PLAIN.get(kind)
    if plain is not None:
        if type(value) in plain or kind == "object":
            return value
    elif kind in _by_key:
        return _model_of_plain(kind, value)
    elif kind == "iso-8601" and type(value) is str:
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
