"""Conversation state that knows whether it changed without the SDK's jsonpickle (60 % of a waterfall turn's cost)."""

from __future__ import annotations

from typing import Any

from voicebot.host.codec import dumps
from voicebot.host.sdk import CachedBotState, ConversationState, TurnContext
from voicebot.host.storage import E_TAG


class CachedState(CachedBotState):  # type: ignore[misc]
    """The SDK's cache of one turn's state; its hash is the very JSON that would be stored."""

    def compute_hash(self, obj: object) -> str:
        if isinstance(obj, dict):
            return dumps({key: value for key, value in obj.items() if key != E_TAG})
        return dumps(obj)


class CallState(ConversationState):  # type: ignore[misc]
    """One conversation's state, read once a turn and written when the turn has changed it."""

    async def load(self, turn_context: TurnContext, force: bool = False) -> None:
        cached = self.get_cached_state(turn_context)
        if not force and cached is not None:
            return
        key = self.get_storage_key(turn_context)
        items: dict[str, Any] = await self._storage.read([key])
        turn_context.turn_state[self._context_service_key] = CachedState(items.get(key))

    async def clear_state(self, turn_context: TurnContext) -> None:
        # The SDK's own would put its jsonpickle cache back.
        cleared = CachedState()
        cleared.hash = ""
        turn_context.turn_state[self._context_service_key] = cleared
