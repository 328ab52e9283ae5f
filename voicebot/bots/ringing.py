"""Conversations with people whose telephone is still ringing.

A bot that opens a conversation (``POST /v3/conversations``) may send activities at once. They are kept until somebody
answers; then the call takes the conversation over and gets them. If nobody answers, the bot is told of the end.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable

from voicebot.bots.connector_conversation import ConnectorConversation
from voicebot.bots.conversation import CallFacts, OnEvent
from voicebot.events import Event
from voicebot.tasks import BackgroundTasks

MAX_HELD = 128
"""Events that are kept until somebody answers; beyond this number the oldest are dropped."""


class Ringing:
    """Such conversations of one bot. ``make`` begins one on its channel, ``forget`` removes one that has failed."""

    def __init__(
        self,
        make: Callable[[CallFacts, OnEvent], ConnectorConversation],
        forget: Callable[[ConnectorConversation], None],
    ) -> None:
        self._make = make
        self._forget = forget
        self._calls: dict[str, tuple[ConnectorConversation, deque[Event]]] = {}
        self._ends = BackgroundTasks()

    async def begin(self, to: str, place: Callable[[Callable[[str], None]], Awaitable[str]]) -> ConnectorConversation:
        """Begin a conversation with ``to``. ``place(over)`` places the call and returns its id; it has ``over(reason)``
        called when the call has ended. Raises what ``place`` raises."""
        held: deque[Event] = deque(maxlen=MAX_HELD)
        conversation = self._make(CallFacts("", "", to, direction="outbound"), held.append)
        name, ended = "", ""

        def over(reason: str) -> None:
            nonlocal ended
            ended = reason or "ended"
            if self._calls.pop(name, None) is not None:
                self._ends.spawn(conversation.close(ended), "ending a conversation that nobody answered")

        try:
            name = await place(over)
        except BaseException:
            self._forget(conversation)
            raise
        self._calls[name] = (conversation, held)
        if ended:  # before its id was known
            over(ended)
        return conversation

    def answered(self, call: CallFacts, on_event: OnEvent) -> ConnectorConversation | None:
        """``call`` was answered: the conversation that a bot has begun for it, None if there is none."""
        conversation, held = self._calls.pop(call.id, (None, ()))
        if conversation is not None:
            conversation.answered(call, on_event, held)
        return conversation
