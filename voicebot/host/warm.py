"""Warms the host up: recognisers compile, and dialogs and state run once, before the first call needs them."""

from __future__ import annotations

import logging
import uuid
from typing import Any

from voicebot.host.adapter import TelephonyAdapter
from voicebot.host.bot import DialogBot
from voicebot.host.loader import LoadedDialogs, located
from voicebot.host.sdk import activity_from_json, warm_recognisers
from voicebot.telephony_channel import ANONYMOUS, PHONE_CHANNEL, RESUME_EVENT

logger = logging.getLogger(__name__)


async def warm_up(dialogs: LoadedDialogs, bot: DialogBot, locale: str) -> None:
    """Run a call without a caller: the greeting, the question again, the end. Nothing is said to the dialogs, because
    an answer may have effects outside.

    Dialogs can tell such a call by ``channelData.dryRun``. A failure is logged, not raised: a service that the greeting
    needs may be there when the first call comes.
    """
    warmed = warm_recognisers(dialogs.root, locale)
    if warmed:
        logger.info("recognisers warmed for %s: %s", locale, ", ".join(warmed))
    adapter = TelephonyAdapter()
    conversation = f"dry-run-{uuid.uuid4()}"

    async def drop(turn: int, conversation: str, activity: dict[str, Any]) -> None:
        """Drop what the dialogs say."""

    steps: list[dict[str, Any]] = [
        {"type": "conversationUpdate", "membersAdded": [{"id": "nobody"}]},
        {"type": "event", "name": RESUME_EVENT},
        {"type": "endOfConversation"},
    ]
    for number, step in enumerate(steps, 1):
        envelope = {
            "id": f"{conversation}|{number:07d}",
            "channelId": PHONE_CHANNEL,
            "serviceUrl": "urn:voicebot:dry-run",
            "locale": locale,
            "conversation": {"id": conversation},
            "from": {"id": ANONYMOUS, "role": "user"},
            "recipient": {"id": "bot", "role": "bot"},
            "channelData": {"dryRun": True},
        }
        try:
            await adapter.process(activity_from_json(envelope | step), bot.on_turn, number, drop)
        except Exception as error:
            logger.exception("the dialogs failed during the warm-up: %s", located(error, dialogs.path))
            break
