"""The Bot Framework adapter of the phone channel. What a dialog sends leaves at once, not at the end of its turn."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from voicebot.host.sdk import (
    Activity,
    ActivityTypes,
    BotAdapter,
    CallContext,
    ResourceResponse,
    TurnContext,
    activity_to_json,
)
from voicebot.telephony_channel import delay_s

Deliver = Callable[[int, str, dict[str, Any]], Awaitable[None]]
"""``(turn, conversation, activity)``: give one activity to the call. Turn 0 is the bot's own initiative."""

_TURN = "voicebot.turn"


class SpokenForGood(Exception):
    """A dialog wants to change or delete a message, but speech on the phone cannot be taken back."""


class NobodyThere(Exception):
    """The call of the conversation is not, or no longer, connected."""


class _Turn:
    """One turn. Once it is over, its ``number`` is 0: what it still sends is the bot's own initiative."""

    __slots__ = ("deliver", "number")

    def __init__(self, number: int, deliver: Deliver) -> None:
        self.number = number
        self.deliver = deliver


class TelephonyAdapter(BotAdapter):
    """Runs turns of calls. Their order is kept by :mod:`voicebot.host.server`."""

    def __init__(self) -> None:
        super().__init__()
        self._routes: dict[str, Deliver] = {}
        self._sent = 0

    async def process(
        self, activity: Activity, logic: Callable[[TurnContext], Awaitable[None]], turn: int, deliver: Deliver
    ) -> None:
        """Run one turn. Whatever the dialog sends is passed to ``deliver`` at once, while the turn is running."""
        self._routes[activity.conversation.id] = deliver
        running = _Turn(turn, deliver)
        context = CallContext(self, activity)
        context.turn_state[_TURN] = running
        try:
            await self.run_pipeline(context, logic)
        finally:
            running.number = 0

    def forget(self, conversation: str) -> None:
        """The conversation is over: from now on nothing can be sent to it."""
        self._routes.pop(conversation, None)

    def forget_route(self, deliver: Deliver) -> None:
        """The connection behind ``deliver`` is closed, and with it the calls that it carried."""
        for conversation in [name for name, route in self._routes.items() if route == deliver]:
            del self._routes[conversation]

    # --- what dialogs call, through their TurnContext ----------------------------------------------------------------

    async def send_activities(self, context: TurnContext, activities: list[Activity]) -> list[ResourceResponse]:
        responses = []
        for activity in activities:
            sent = await self._send(context, activity)
            responses.append(ResourceResponse(id=sent) if sent else ResourceResponse())
        return responses

    async def update_activity(self, context: TurnContext, activity: Activity) -> None:
        raise SpokenForGood("update_activity: what was said on the phone cannot be changed; send a new activity")

    async def delete_activity(self, context: TurnContext, reference: Any) -> None:
        raise SpokenForGood("delete_activity: what was said on the phone cannot be taken back")

    async def _send(self, context: TurnContext, activity: Activity) -> str:
        if activity.type in (ActivityTypes.trace, ActivityTypes.invoke_response):
            return ""
        if activity.type == "delay":
            await asyncio.sleep(delay_s(activity.value))
            return ""
        conversation = activity.conversation.id
        turn = context.turn_state.get(_TURN)
        deliver = turn.deliver if turn is not None else self._routes.get(conversation)
        if deliver is None:
            raise NobodyThere(f"conversation {conversation} has no call")
        self._sent += 1
        activity.id = f"{conversation}|b{self._sent:07d}"
        await deliver(turn.number if turn is not None else 0, conversation, activity_to_json(activity))
        return str(activity.id)
