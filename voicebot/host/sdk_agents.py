"""The Microsoft 365 Agents SDK behind :mod:`voicebot.host.sdk`, and under the names that dialogs import.

Dialogs are written against ``botbuilder``. When this module is imported, ``botbuilder.core``, ``botbuilder.dialogs``
(with ``prompts`` and ``choices``) and ``botbuilder.schema`` become names of this SDK's modules, so that the same source
runs on both SDKs. No other part of ``botbuilder`` can be imported then, even if it is installed. Added or changed:

* ``TurnContext.get_conversation_reference(activity)`` and ``adapter.continue_conversation(reference, callback)``
* ``Activity(text=None)`` is ``Activity()``: the models of this SDK refuse None
* empty strings in activities from the network are left out: the models refuse them, and an anonymous caller has one

Missing: ``/api/messages`` (the adapters differ), skills, and the classes of ``botbuilder.core`` for state, telemetry
and transcripts (the host stores state itself).
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Awaitable, Callable
from inspect import isclass
from types import ModuleType
from typing import Any

from microsoft_agents import activity as schema
from microsoft_agents.activity.agents_model import AgentsModel
from microsoft_agents.hosting import core, dialogs
from microsoft_agents.hosting.core import ChannelAdapter
from microsoft_agents.hosting.dialogs import choices, prompts
from pydantic import ValidationError
from pydantic_core import PydanticSerializationError

# It logs each malformed activity with a traceback and its content; the host reports them itself, without the content.
logging.getLogger("microsoft_agents.activity.activity").setLevel(logging.CRITICAL)


class Activity(schema.Activity):
    """An activity whose fields may be given as None."""

    def __init__(self, **content: Any) -> None:
        super().__init__(**{name: value for name, value in content.items() if value is not None})


class TurnContext(core.TurnContext):
    """One turn."""

    @staticmethod
    def get_conversation_reference(activity: Any) -> Any:
        return activity.get_conversation_reference()


class CallContext(TurnContext):
    """A turn of a call. The SDK writes the caller's locale into all that is sent. What a dialog says in another
    language keeps its own here, from which the voice is chosen."""

    def __init__(self, adapter: Any, activity: Any) -> None:
        super().__init__(adapter, activity)
        self._locales: list[str | None] = []
        self.on_send_activities(_keep_locales)

    async def send_activities(self, activities: list[Any]) -> list[Any]:
        self._locales = [activity.locale for activity in activities]  # taken up before anything else runs
        sent: list[Any] = await super().send_activities(activities)
        return sent


async def _keep_locales(context: Any, activities: list[Any], go_on: Callable[[], Awaitable[Any]]) -> Any:
    for activity, locale in zip(activities, context._locales, strict=True):
        activity.locale = locale or activity.locale
    return await go_on()


LeanDialogContext = dialogs.DialogContext
"""That of botbuilder is our own (:mod:`voicebot.host.sdk_botbuilder_turn`)."""


class BotAdapter(ChannelAdapter):
    """``ChannelAdapter`` with the methods of botbuilder's adapter."""

    async def run_pipeline(self, context: Any, callback: Callable[[Any], Awaitable[None]] | None = None) -> None:
        try:
            await super().run_pipeline(context, callback)
        finally:
            await context._aclose()

    async def continue_conversation(
        self, reference: Any, callback: Callable[[Any], Awaitable[None]], bot_id: str | None = None
    ) -> None:
        """A turn on the bot's own initiative."""
        await self.run_pipeline(TurnContext(self, reference.get_continuation_activity()), callback)


schema_models: dict[str, Any] = {
    name: kind for name, kind in vars(schema).items() if isclass(kind) and issubclass(kind, AgentsModel)
} | {"Activity": Activity}
"""The classes of the Bot Framework protocol (Activity, ChannelAccount, ...) by name."""


def is_schema_model(kind: type) -> bool:
    """Whether ``kind`` is one of the protocol's classes."""
    return schema_models.get(kind.__name__) is kind or kind is schema.Activity


def model_to_json(model: Any) -> dict[str, Any]:
    """A schema object as plain JSON in the protocol's own names. Raises ValueError when a field has a wrong type."""
    try:
        result: dict[str, Any] = model.model_dump(mode="json", by_alias=True, exclude_none=True, warnings="error")
    except (PydanticSerializationError, TypeError, AttributeError) as error:
        raise ValueError(f"{type(model).__name__} cannot be sent: {error}") from error
    return result


def model_from_json(name: str, data: dict[str, Any]) -> Any:
    """A schema object from plain JSON. Raises ValueError when it does not have that shape."""
    try:
        return schema_models[name].model_validate(_given(data))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise ValueError(f"not a valid {name}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    except (TypeError, AttributeError, KeyError) as error:
        raise ValueError(f"not a valid {name}: {error}") from error


def is_connector_error(error: BaseException) -> bool:
    """Whether ``error`` means that a reply could not be delivered to a channel; this SDK serves none here: never."""
    return False


_MAY_BE_EMPTY = ("text", "speak", "value", "channelData")
_ACCOUNTS = ("from", "recipient", "conversation", "membersAdded", "membersRemoved")


def _given(data: Any) -> Any:
    """``data`` without empty fields, which the models refuse."""
    if not isinstance(data, dict):
        return data
    given = {
        name: value for name, value in data.items() if value is not None and (value != "" or name in _MAY_BE_EMPTY)
    }
    for name in _ACCOUNTS:
        if isinstance(given.get(name), dict):
            given[name] = _given(given[name])
        elif isinstance(given.get(name), list):
            given[name] = [_given(account) for account in given[name]]
    return given


def _rename_for_dialogs() -> None:
    """Register this SDK's modules under the names of botbuilder's."""
    loaded = [name for name in sys.modules if name == "botbuilder" or name.startswith("botbuilder.")]
    if loaded:
        raise ImportError(f"{loaded[0]} was imported before the Microsoft 365 Agents SDK could take its place")
    package: Any = _module("botbuilder", {})
    package.core = _module("botbuilder.core", vars(core) | {
        "BotAdapter": BotAdapter, "TurnContext": TurnContext, "Bot": core.Agent,
    })  # fmt: skip
    package.dialogs = _module("botbuilder.dialogs", vars(dialogs))
    package.dialogs.prompts = _module("botbuilder.dialogs.prompts", vars(prompts))
    package.dialogs.choices = _module("botbuilder.dialogs.choices", vars(choices))
    package.schema = _module("botbuilder.schema", vars(schema) | {"Activity": Activity})


def _module(name: str, content: dict[str, Any]) -> ModuleType:
    module = ModuleType(name)
    module.__path__ = []
    vars(module).update({key: value for key, value in content.items() if not key.startswith("__")})
    sys.modules[name] = module
    return module


_rename_for_dialogs()
