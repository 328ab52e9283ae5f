"""botbuilder 4.17, behind :mod:`voicebot.host.sdk`; ``/api/messages`` (CloudAdapter) is of this SDK alone."""

from __future__ import annotations

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
        result: dict[str, Any] = _serializer._serialize(model)
    except (SerializationError, TypeError, AttributeError) as error:
        raise ValueError(f"{type(model).__name__} cannot be sent: {error}") from error
    extra = getattr(model, "additional_properties", None)
    return {**extra, **result} if extra else result


def model_from_json(name: str, data: dict[str, Any]) -> Any:
    """A schema object from plain JSON. Raises ValueError when it does not have that shape."""
    try:
        return _deserializer(name, data)
    except (DeserializationError, TypeError, AttributeError, KeyError) as error:
        raise ValueError(f"not a valid {name}: {error}") from error


def is_schema_model(kind: type) -> bool:
    """Whether ``kind`` is one of the protocol's classes."""
    return schema_models.get(kind.__name__) is kind


def is_connector_error(error: BaseException) -> bool:
    """Whether a reply could not be delivered to the channel's service (as opposed to a dialog that failed)."""
    return isinstance(error, ClientException)
