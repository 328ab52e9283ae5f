"""Conversation state, read once a turn and written when the turn has changed it; the same on each SDK.

Not the SDKs' own: botbuilder's hashes with jsonpickle (60 % of a waterfall turn's cost), and that of the Agents SDK
(1.9) keeps a turn's state in the object that all turns share, so that turns that overlap get one another's.
Here all that belongs to a turn is in the turn.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from voicebot.host.codec import dumps
from voicebot.host.sdk import StatePropertyAccessor, TurnContext
from voicebot.host.storage import E_TAG, Storage

_TURN = "ConversationState"


class CachedState:
    """One turn's state. ``stored`` is the JSON that the storage has, by which a change is known."""

    __slots__ = ("state", "stored")

    def __init__(self, state: dict[str, Any] | None = None) -> None:
        self.state = state if state is not None else {}
        self.stored = self.to_json()

    def to_json(self) -> str:
        return dumps({key: value for key, value in self.state.items() if key != E_TAG})


class CallState:
    """All conversations' state in ``storage``, by channel and conversation."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def create_property(self, name: str) -> StateProperty:
        """What the SDK's ``DialogSet`` keeps its stack in."""
        return StateProperty(self, name)

    def get_storage_key(self, context: TurnContext) -> str:
        """``channel/conversations/id``. Raises TypeError for an activity without them."""
        activity = context.activity
        if not activity.channel_id or activity.conversation is None or not activity.conversation.id:
            raise TypeError("the activity names no channel or no conversation")
        return f"{activity.channel_id}/conversations/{activity.conversation.id}"

    async def load(self, context: TurnContext) -> dict[str, Any]:
        """The conversation's state; read when the turn asks for it first."""
        cached: CachedState | None = context.turn_state.get(_TURN)
        if cached is None:
            key = self.get_storage_key(context)
            cached = CachedState((await self._storage.read([key])).get(key))
            context.turn_state[_TURN] = cached
        return cached.state

    async def save(self, context: TurnContext) -> None:
        """Store what the turn has changed."""
        cached: CachedState | None = context.turn_state.get(_TURN)
        if cached is None or (now := cached.to_json()) == cached.stored:
            return
        await self._storage.write({self.get_storage_key(context): cached.state})
        cached.stored = now

    async def delete(self, context: TurnContext) -> None:
        """Forget the conversation."""
        context.turn_state.pop(_TURN, None)
        await self._storage.delete([self.get_storage_key(context)])


class StateProperty(StatePropertyAccessor):  # type: ignore[misc]
    """One named part of a conversation's state."""

    def __init__(self, state: CallState, name: str) -> None:
        self._state = state
        self._name = name

    async def get(
        self, turn_context: TurnContext, default_value_or_factory: Callable[[], Any] | Any = None, **_: Any
    ) -> Any:
        state = await self._state.load(turn_context)
        if self._name not in state and default_value_or_factory is not None:
            default = default_value_or_factory
            state[self._name] = default() if callable(default) else deepcopy(default)
        return state.get(self._name)

    async def set(self, turn_context: TurnContext, value: Any) -> None:
        (await self._state.load(turn_context))[self._name] = value

    async def delete(self, turn_context: TurnContext) -> None:
        (await self._state.load(turn_context)).pop(self._name, None)
