"""The SDK that dialogs run on. The rest of the product imports it from here only.

It is chosen once, when this module is imported (:mod:`voicebot.host.sdk_choice`; the host's option ``--sdk`` sets it
before), because one conversation cannot mix classes of two SDKs. Both SDK modules provide the names below with the same
behaviour; where the SDKs differ, these modules make up for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from voicebot.host.recognizers import confine_decimals
from voicebot.host.sdk_choice import BOTBUILDER, chosen_sdk

SDK = chosen_sdk()

confine_decimals()
if TYPE_CHECKING or SDK == BOTBUILDER:
    from voicebot.host import sdk_botbuilder as _sdk
else:
    from voicebot.host import sdk_agents as _sdk

Activity = _sdk.Activity
ActivityTypes = _sdk.schema.ActivityTypes
BotAdapter = _sdk.BotAdapter
CallContext = _sdk.CallContext
Choice = _sdk.choices.Choice
ChoicePrompt = _sdk.prompts.ChoicePrompt
ComponentDialog = _sdk.dialogs.ComponentDialog
ConfirmPrompt = _sdk.prompts.ConfirmPrompt
DateTimePrompt = _sdk.prompts.DateTimePrompt
Dialog = _sdk.dialogs.Dialog
DialogContext = _sdk.dialogs.DialogContext
DialogEvents = _sdk.dialogs.DialogEvents
DialogInstance = _sdk.dialogs.DialogInstance
DialogSet = _sdk.dialogs.DialogSet
DialogState = _sdk.dialogs.DialogState
DialogTurnStatus = _sdk.dialogs.DialogTurnStatus
FoundChoice = _sdk.choices.FoundChoice
LeanDialogContext = _sdk.LeanDialogContext
ListStyle = _sdk.choices.ListStyle
NumberPrompt = _sdk.prompts.NumberPrompt
PromptOptions = _sdk.prompts.PromptOptions
ResourceResponse = _sdk.schema.ResourceResponse
StatePropertyAccessor = _sdk.core.StatePropertyAccessor
TurnContext = _sdk.TurnContext
is_connector_error = _sdk.is_connector_error
is_schema_model = _sdk.is_schema_model
model_from_json = _sdk.model_from_json
model_to_json = _sdk.model_to_json
schema_models = _sdk.schema_models


class PassingActivity(_sdk.Activity):
    """An activity that its sender does not use again. The SDKs deep-copy each activity before they send it, which costs
    more than the rest of sending; this one is sent itself."""

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Any:
        return self


def activity_to_json(activity: Any) -> dict[str, Any]:
    """An activity as plain JSON. Raises ValueError when a field has a wrong type."""
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
    """Use the recognisers that ``root``'s prompts need once, before the first call; returns their names.

    Their first use compiles regular expressions, which takes from 40 ms (English numbers) to 1.5 s (French dates) and
    must not happen during a call. Recognisers that no prompt needs are not loaded.
    """
    wanted = {
        kind
        for dialog in dialogs_within(root)
        for kind in (NumberPrompt, DateTimePrompt, ConfirmPrompt, ChoicePrompt)
        if isinstance(dialog, kind)
    }
    warmed = []
    culture = locale.lower()
    if wanted & {NumberPrompt, ChoicePrompt}:
        from recognizers_number import recognize_number, recognize_ordinal

        recognize_number("twenty one", culture)
        recognize_ordinal("second", culture)
        warmed.append("numbers")
    if DateTimePrompt in wanted:
        from recognizers_date_time import recognize_datetime

        recognize_datetime("tomorrow at 5", culture)
        warmed.append("dates")
    if ConfirmPrompt in wanted:
        from recognizers_choice import recognize_boolean

        recognize_boolean("yes", culture)
        warmed.append("booleans")
    return warmed
