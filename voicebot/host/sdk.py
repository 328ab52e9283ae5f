"""The SDK that dialogs run on, at the only place where the rest of the product imports it.

======================  ============================================================================================
``botbuilder``          Bot Framework SDK 4.17 (the default; archived): :mod:`voicebot.host.sdk_botbuilder`
``microsoft-agents``    Microsoft 365 Agents SDK, its successor (an extra): :mod:`voicebot.host.sdk_agents`
======================  ============================================================================================

Which one is settled once, when this module is imported, by the environment variable :data:`SDK_ENV` (the host's option
``--sdk`` sets it): classes of two SDKs cannot live in one conversation. Both offer the names below with one behaviour;
what differs between them is mended in those two modules.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from voicebot.host.recognizers import confine_decimals

SDK_ENV = "VOICEBOT_SDK"
BOTBUILDER = "botbuilder"
MICROSOFT_AGENTS = "microsoft-agents"
SDK = os.environ.get(SDK_ENV) or BOTBUILDER

if SDK not in (BOTBUILDER, MICROSOFT_AGENTS):
    raise ImportError(f"{SDK_ENV}={SDK}: neither {BOTBUILDER} nor {MICROSOFT_AGENTS}")

confine_decimals()
if TYPE_CHECKING or SDK == BOTBUILDER:
    from voicebot.host.sdk_botbuilder import (
        Activity,
        ActivityTypes,
        BotAdapter,
        Choice,
        ChoicePrompt,
        ComponentDialog,
        ConfirmPrompt,
        DateTimePrompt,
        Dialog,
        DialogContext,
        DialogEvents,
        DialogInstance,
        DialogSet,
        DialogState,
        DialogTurnStatus,
        FoundChoice,
        ListStyle,
        NumberPrompt,
        PassingActivity,
        PromptOptions,
        ResourceResponse,
        StatePropertyAccessor,
        TurnContext,
        is_connector_error,
        is_schema_model,
        model_from_json,
        model_to_json,
        schema_models,
    )
else:
    from voicebot.host.sdk_agents import (
        Activity,
        ActivityTypes,
        BotAdapter,
        Choice,
        ChoicePrompt,
        ComponentDialog,
        ConfirmPrompt,
        DateTimePrompt,
        Dialog,
        DialogContext,
        DialogEvents,
        DialogInstance,
        DialogSet,
        DialogState,
        DialogTurnStatus,
        FoundChoice,
        ListStyle,
        NumberPrompt,
        PassingActivity,
        PromptOptions,
        ResourceResponse,
        StatePropertyAccessor,
        TurnContext,
        is_connector_error,
        is_schema_model,
        model_from_json,
        model_to_json,
        schema_models,
    )

__all__ = [
    "BOTBUILDER",
    "MICROSOFT_AGENTS",
    "SDK",
    "SDK_ENV",
    "Activity",
    "ActivityTypes",
    "BotAdapter",
    "Choice",
    "ChoicePrompt",
    "ComponentDialog",
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
    "activity_from_json",
    "activity_to_json",
    "dialogs_within",
    "is_connector_error",
    "is_schema_model",
    "model_from_json",
    "model_to_json",
    "schema_models",
    "warm_recognisers",
]


def activity_to_json(activity: Any) -> dict[str, Any]:
    """An activity as plain JSON. Raises ValueError when it cannot be."""
    return model_to_json(activity)


def activity_from_json(data: Any) -> Any:
    """An activity from plain JSON. Raises ValueError unless it is an object with a type."""
    if not isinstance(data, dict) or not isinstance(data.get("type"), str) or not data["type"]:
        raise ValueError("not an activity: a JSON object with a type is expected")
    return model_from_json("Activity", data)


def dialogs_within(root: Any) -> Iterator[Any]:
    """``root`` and every dialog inside it, however deep."""
    seen: set[int] = set()
    waiting = [root]
    while waiting:
        dialog = waiting.pop()
        if id(dialog) in seen:
            continue
        seen.add(id(dialog))
        yield dialog
        inner = getattr(dialog, "_dialogs", None)
        if isinstance(inner, DialogSet):
            waiting.extend(inner._dialogs.values())


def warm_recognisers(root: Any, locale: str) -> list[str]:
    """Use the recognisers that ``root``'s prompts need for the first time; returns what was warmed.

    Their first use compiles regular expressions for 40 ms (English numbers) to 1.5 s (French dates), which must not
    fall into a call. A dialog without such prompts pays nothing.
    """
    wanted = {
        kind for dialog in dialogs_within(root) for kind in (NumberPrompt, DateTimePrompt, ConfirmPrompt, ChoicePrompt)
        if isinstance(dialog, kind)
    }  # fmt: skip
    warmed = []
    culture = locale.lower()
    if wanted & {NumberPrompt, ChoicePrompt}:
        from recognizers_number import recognize_number, recognize_ordinal  # type: ignore[import-untyped]

        recognize_number("twenty one", culture)
        recognize_ordinal("second", culture)
        warmed.append("numbers")
    if DateTimePrompt in wanted:
        from recognizers_date_time import recognize_datetime  # type: ignore[import-untyped]

        recognize_datetime("tomorrow at 5", culture)
        warmed.append("dates")
    if ConfirmPrompt in wanted:
        from recognizers_choice import recognize_boolean  # type: ignore[import-untyped]

        recognize_boolean("yes", culture)
        warmed.append("booleans")
    return warmed
