"""The SDK that dialogs run on, at the only place where the rest of the product imports it.

======================  ============================================================================================
``botbuilder``          Bot Framework SDK 4.17 (the default; archived): :mod:`voicebot.host.sdk_botbuilder`
``microsoft-agents``    Microsoft 365 Agents SDK, its successor (an extra): :mod:`voicebot.host.sdk_agents`
======================  ============================================================================================

Which one is settled once, when this module is imported, by the environment variable :data:`SDK_ENV` (the host's option
``--sdk`` sets it): classes of two SDKs cannot live in one conversation. Both modules offer the same names with one
behaviour; what differs between the SDKs is mended there.
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
    from voicebot.host import sdk_botbuilder as _sdk
    from voicebot.host.sdk_botbuilder import *  # noqa: F403
else:
    from voicebot.host import sdk_agents as _sdk
    from voicebot.host.sdk_agents import *  # noqa: F403

__all__ = [
    "BOTBUILDER",
    "MICROSOFT_AGENTS",
    "SDK",
    "SDK_ENV",
    "activity_from_json",
    "activity_to_json",
    "dialogs_within",
    "warm_recognisers",
]
__all__ += _sdk.__all__  # type: ignore[attr-defined,unused-ignore]


def activity_to_json(activity: Any) -> dict[str, Any]:
    """An activity as plain JSON. Raises ValueError when it cannot be."""
    return _sdk.model_to_json(activity)


def activity_from_json(data: Any) -> Any:
    """An activity from plain JSON. Raises ValueError unless it is an object with a type."""
    if not isinstance(data, dict) or not isinstance(data.get("type"), str) or not data["type"]:
        raise ValueError("not an activity: a JSON object with a type is expected")
    return _sdk.model_from_json("Activity", data)


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
        if isinstance(inner, _sdk.DialogSet):
            waiting.extend(inner._dialogs.values())


def warm_recognisers(root: Any, locale: str) -> list[str]:
    """Use the recognisers that ``root``'s prompts need for the first time; returns what was warmed.

    Their first use compiles regular expressions for 40 ms (English numbers) to 1.5 s (French dates), which must not
    fall into a call. A dialog without such prompts pays nothing.
    """
    wanted = {
        kind
        for dialog in dialogs_within(root)
        for kind in (_sdk.NumberPrompt, _sdk.DateTimePrompt, _sdk.ConfirmPrompt, _sdk.ChoicePrompt)
        if isinstance(dialog, kind)
    }
    warmed = []
    culture = locale.lower()
    if wanted & {_sdk.NumberPrompt, _sdk.ChoicePrompt}:
        from recognizers_number import recognize_number, recognize_ordinal  # type: ignore[import-untyped]

        recognize_number("twenty one", culture)
        recognize_ordinal("second", culture)
        warmed.append("numbers")
    if _sdk.DateTimePrompt in wanted:
        from recognizers_date_time import recognize_datetime  # type: ignore[import-untyped]

        recognize_datetime("tomorrow at 5", culture)
        warmed.append("dates")
    if _sdk.ConfirmPrompt in wanted:
        from recognizers_choice import recognize_boolean  # type: ignore[import-untyped]

        recognize_boolean("yes", culture)
        warmed.append("booleans")
    return warmed
