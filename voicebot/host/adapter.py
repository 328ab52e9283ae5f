"""The Bot Framework adapter of the phone channel: what a dialog sends leaves at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from voicebot.host.sdk import (
    Activity,
    ActivityTypes,
    BotAdapter,
    ResourceResponse,
    TurnContext,
    activity_to_json,
)

Deliver = Callable[[int, str, dict[str, Any]], Awaitable[None]]
"""``(turn, conversation, activity)``: hand one activity to the call; turn 0 is the bot's own initiative."""

MAX_DELAY_S = 10.0
_TURN = "voicebot.turn"


class SpokenForGood(Exception):
    """What was said on a phone cannot be changed or taken back."""


class NobodyThere(Exception):
    """The conversation's call is not connected (any more)."""


class _Turn:
    """One turn while it runs; afterwards what it still sends is the bot's own initiative."""

    __slots__ = ("deliver", "number")

    def __init__(self, number: int, deliver: Deliver) -> None:
        self.number = number
        self.deliver = deliver


class TelephonyAdapter(BotAdapter):  # type: ignore[misc]
    """Runs turns that come from calls. The caller holds the order; see :mod:`voicebot.host.server`."""

    def __init__(self) -> None:
        super().__init__()
        self._routes: dict[str, Deliver] = {}
        self._sent = 0

    async def process(
        self, activity: Activity, logic: Callable[[TurnContext], Awaitable[None]], turn: int, deliver: Deliver
    ) -> None:
        """Run one turn; whatever the dialog sends goes through ``deliver`` while the turn is still running."""
        self._routes[activity.conversation.id] = deliver
        running = _Turn(turn, deliver)
        context = TurnContext(self, activity)
        context.turn_state[_TURN] = running
        try:
            await self.run_pipeline(context, logic)
        finally:
            running.number = 0

    def forget(self, conversation: str) -> None:
        """The conversation is over: nothing can be sent to it on the bot's own initiative."""
        self._routes.pop(conversation, None)

    def forget_route(self, deliver: Deliver) -> None:
        """The connection behind ``deliver`` is gone, and with it the calls that it carried."""
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
            await asyncio.sleep(_delay_s(activity.value))
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


def _delay_s(value: Any) -> float:
    """A ``delay`` activity's milliseconds (1000 when it says nothing sensible) in seconds, within bounds."""
    milliseconds = value if isinstance(value, int | float) and not isinstance(value, bool) else 1000
    return min(max(milliseconds / 1000, 0.0), MAX_DELAY_S)
