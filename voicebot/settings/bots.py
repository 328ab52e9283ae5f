"""The settings of bots that run elsewhere, ``[[bots]]``: the list of their kinds.

The settings of a kind are in the module of its channel (:mod:`voicebot.bots.channel`).
"""

from __future__ import annotations

from typing import Annotated, Any, get_args

from pydantic import BeforeValidator, Field

from voicebot.bots.bot_framework import BotFrameworkBot
from voicebot.bots.copilot_studio import CopilotStudioBot
from voicebot.bots.direct_line import DirectLineBot
from voicebot.bots.streaming import StreamingBot

AnyBot = BotFrameworkBot | StreamingBot | DirectLineBot | CopilotStudioBot
"""All kinds of bots; a new kind is added here."""

KINDS: dict[str, type[AnyBot]] = {kind.model_fields["kind"].default: kind for kind in get_args(AnyBot)}


def _of_its_kind(data: Any) -> Any:
    """Refuse a setting of another kind with an error of its own, because it is not a misspelling."""
    name = data.get("kind") if isinstance(data, dict) else None
    if isinstance(name, str) and (kind := KINDS.get(name)) is not None:
        elsewhere = {name for other in KINDS.values() for name in other.model_fields} - set(kind.model_fields)
        for setting in data:
            if setting in elsewhere:
                raise ValueError(f'{setting} is not a setting of kind = "{name}"')
    return data


RemoteBotSettings = Annotated[AnyBot, Field(discriminator="kind"), BeforeValidator(_of_its_kind)]


def as_written(error: Any) -> tuple[list[str], str]:
    """The place in the file and the message of one of pydantic's errors. Pydantic adds the kind to the place, and
    reports a wrong ``kind`` at the table instead of at the setting."""
    where = [str(part) for part in error["loc"] if part not in KINDS]
    match error["type"]:
        case "union_tag_invalid":
            return [*where, "kind"], f"Input should be {error['ctx']['expected_tags']}"
        case "union_tag_not_found":
            return [*where, "kind"], "Field required"
    return where, str(error["msg"])
