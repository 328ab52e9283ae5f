"""State of conversations and callers, on both SDKs: read once in a turn, written if the turn has changed it.

The SDKs' own classes are not used. botbuilder's compares states with jsonpickle (60 % of the cost of a waterfall turn).
That of the Agents SDK (1.9) keeps the state of a turn in an object that all turns share, so that overlapping turns get
each other's. Here everything that belongs to a turn is in the turn.

The state of a conversation is deleted with it. The state of a caller outlives the call: it is stored by channel and
caller, read only in turns that ask for it, and written together with that of the conversation. If two simultaneous
calls of one caller change it, the second turn fails, and the caller may say it again. The state of callers who withhold
their number belongs to the conversation, because they must not share one.

What the last turn of a call has written is what its next turn finds (no other host has the call), so it is kept as
text, and not read again: a turn waits for the storage once, when it is over.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable
from copy import deepcopy
from typing import Any, Final

from voicebot.host.adapter import TelephonyAdapter
from voicebot.host.codec import StateUnreadable, dumps, loads
from voicebot.host.sdk import StatePropertyAccessor, TurnContext
from voicebot.host.storage import USERS, ItemWrite, Storage, Stored, is_of_a_call
from voicebot.telephony_channel import ANONYMOUS, PHONE_CHANNEL

logger = logging.getLogger(__name__)

MAX_USER = 256
MOST_LATEST: Final = 1000
"""Calls whose state is kept as it was written last. That of others is read when they go on."""
_CONVERSATION = "ConversationState"
_USER = "UserState"
_STATES = "voicebot.states"


class CachedState:
    """The state that a turn has read. ``stored``: as it is in the storage, with which changes are found; None if it is
    not there."""

    __slots__ = ("key", "state", "stored")

    def __init__(self, key: str, state: dict[str, Any] | None = None, stored: Stored | None = None) -> None:
        self.key = key
        self.state = state if state is not None else {}
        self.stored = stored

    def change(self) -> ItemWrite | None:
        """What is to be written; None if nothing has changed. Raises ``StateNotStorable``."""
        text = dumps(self.state)
        if text == (self.stored.text if self.stored is not None else _NOTHING):
            return None
        return ItemWrite(self.key, self.stored.version if self.stored is not None else None, text)


_NOTHING = dumps({})


def conversation_key(context: TurnContext) -> str:
    """``channel/conversations/id``. Raises TypeError for an activity without them."""
    activity = context.activity
    if not activity.channel_id or activity.conversation is None or not activity.conversation.id:
        raise TypeError("the activity names no channel or no conversation")
    return f"{_channel(context)}/conversations/{_part(activity.conversation.id)}"


def user_key(context: TurnContext) -> str:
    """``channel/users/id``; for an anonymous caller a key that belongs to the conversation."""
    sender = context.activity.from_property
    if sender is None or not sender.id or sender.id == ANONYMOUS:
        return f"{conversation_key(context)}{USERS}{ANONYMOUS}"
    return f"{_channel(context)}{USERS}{_part(sender.id[:MAX_USER])}"


def _channel(context: TurnContext) -> str:
    """The channel, as part of a key. Calls have one of their own: a request to ``/api/messages`` may name any channel,
    conversation and user, and must reach neither a call nor what is stored of a caller."""
    name = _part(context.activity.channel_id)
    is_call = isinstance(context.adapter, TelephonyAdapter)
    return name if is_call or name != PHONE_CHANNEL else f"{name}%"


def _part(text: str) -> str:
    """``text`` as one part of a key: different names never make the same key, even with slashes in them."""
    return text.replace("%", "%25").replace("/", "%2F")


_KEYS: dict[str, Callable[[TurnContext], str]] = {_CONVERSATION: conversation_key, _USER: user_key}


class TurnStates:
    """Reads and writes the state of all turns in ``storage``."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._latest: OrderedDict[str, Stored] = OrderedDict()
        """Of calls, the one that was written longest ago first."""

    def begin(self, context: TurnContext, *, anew: bool = False) -> None:
        """Give the turn's properties access to the storage. ``anew``: the conversation may have been with another host
        meanwhile."""
        context.turn_state[_STATES] = self
        if anew:
            self._latest.pop(conversation_key(context), None)

    async def read(self, key: str) -> CachedState:
        """What is stored at ``key``; it is the reader's own. Raises ``StateUnreadable``."""
        stored = self._latest.get(key) or (await self._storage.read([key])).get(key)
        if stored is None:
            return CachedState(key)
        try:
            return CachedState(key, loads(stored.text), stored)
        except StateUnreadable as error:
            if USERS not in key:
                raise StateUnreadable(f"{key}: {error}") from error
            logger.exception("the stored state of a caller cannot be read: it starts empty")
            return CachedState(key)

    async def save(self, context: TurnContext) -> None:
        """Store what the turn has changed."""
        await self._write([context.turn_state.get(name) for name in _KEYS])

    async def forget(self, context: TurnContext) -> None:
        """Delete the conversation's state, and store the caller's."""
        context.turn_state.pop(_CONVERSATION, None)
        key = conversation_key(context)
        gone = [key]
        user = context.turn_state.get(_USER)
        if user is not None and user.key.startswith(key):
            gone.append(user.key)
            user = None
        await self._write([user])
        self._latest.pop(key, None)
        await self._storage.delete(gone)

    async def give_up(self, context: TurnContext) -> None:
        """Delete the conversation's state after a failed turn, because no other turn could continue it either."""
        key = conversation_key(context)
        self._latest.pop(key, None)
        await self._storage.delete([key])

    async def _write(self, cached: list[CachedState | None]) -> None:
        changes = {one: change for one in cached if one is not None and (change := one.change()) is not None}
        if not changes:
            return
        writes = [*changes.values()]
        for write in writes:
            self._latest.pop(write.key, None)  # if this fails, or is given up, the storage knows
        versions = await self._storage.write(writes)
        for one, write in changes.items():
            one.stored = Stored(write.text, versions[write.key])
            if is_of_a_call(write.key):
                self._latest[write.key] = one.stored
        while len(self._latest) > MOST_LATEST:
            self._latest.popitem(last=False)


class StateProperty(StatePropertyAccessor):
    """A named part of the state of a conversation, or of a caller (an accessor of the SDK)."""

    def __init__(self, name: str, kind: str = _CONVERSATION) -> None:
        self._name = name
        self._kind = kind

    async def _load(self, context: TurnContext) -> dict[str, Any]:
        """The state, which is read when the turn first asks for it. Raises RuntimeError outside of the host's turns."""
        cached: CachedState | None = context.turn_state.get(self._kind)
        if cached is None:
            states: TurnStates | None = context.turn_state.get(_STATES)
            if states is None:
                raise RuntimeError(f"{self._name}: state can only be used in turns of the dialog host")
            cached = context.turn_state[self._kind] = await states.read(_KEYS[self._kind](context))
        return cached.state

    async def get(
        self, turn_context: TurnContext, default_value_or_factory: Callable[[], Any] | Any = None, **_: Any
    ) -> Any:
        state = await self._load(turn_context)
        if self._name not in state and default_value_or_factory is not None:
            default = default_value_or_factory
            state[self._name] = default() if callable(default) else deepcopy(default)
        return state.get(self._name)

    async def set(self, turn_context: TurnContext, value: Any) -> None:
        (await self._load(turn_context))[self._name] = value

    async def delete(self, turn_context: TurnContext) -> None:
        (await self._load(turn_context)).pop(self._name, None)


def user_property(name: str) -> StateProperty:
    """A named part of the state of a caller."""
    return StateProperty(name, _USER)
