"""Conversations that bots have with people whose telephone is still ringing.

A bot asks for a conversation and speaks in it at once (``POST /v3/conversations``). What it says is held until somebody
answers: then the call takes the conversation over, and hears it. When nobody does, the bot is told of the end.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable

from voicebot.bots.connector_conversation import ConnectorConversation
from voicebot.bots.conversation import CallFacts, OnEvent
from voicebot.events import Event
from voicebot.tasks import BackgroundTasks

MAX_HELD = 128
"""Of what a bot says to somebody who is not there yet, the oldest is forgotten beyond this."""


class Ringing:
    """One bot's. ``make`` begins a conversation of its channel, ``forget`` removes one that came to nothing."""

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
        """Have ``to`` called by ``place(over)``, an awaitable of the call's id; raises what it raises."""
        held: deque[Event] = deque(maxlen=MAX_HELD)
        conversation = self._make(CallFacts("", "", to, direction="outbound"), held.append)
        name, ended = "", ""

        def over(reason: str) -> None:
            nonlocal ended
            ended = reason or "ended"
            if self._calls.pop(name, None) is not None:
                self._ends.spawn(conversation.close(ended), "ending a conversation with nobody")

        try:
            name = await place(over)
        except BaseException:
            self._forget(conversation)
            raise
        self._calls[name] = (conversation, held)
        if ended:  # as soon as it began
            over(ended)
        return conversation

    def answered(self, call: CallFacts, on_event: OnEvent) -> ConnectorConversation | None:
        """The conversation that was begun ahead of ``call``; None when there is none."""
        conversation, held = self._calls.pop(call.id, (None, ()))
        if conversation is not None:
            conversation.answered(call, on_event, held)
        return conversation
