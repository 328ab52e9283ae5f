"""The call process's end of the host's socket, spoken by hand, and a dialog to talk to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

ECHO = """
    import asyncio
    from botbuilder.core import MessageFactory
    from botbuilder.dialogs import Dialog
    from botbuilder.schema import Activity, ActivityTypes, InputHints

    PROMPTS = ["Hello.", ("Guten Tag.", "de-DE"), {"text": "<speak>Hi</speak>", "locale": "en-GB"}]

    class Echo(Dialog):
        async def begin_dialog(self, dc, options=None):
            dc.active_dialog.state["count"] = 0
            await dc.context.send_activity("Hello.")
            return Dialog.end_of_turn

        async def reprompt_dialog(self, context, instance):
            await context.send_activity(f"again {instance.state['count']}")

        async def continue_dialog(self, dc):
            activity, context, state = dc.context.activity, dc.context, dc.active_dialog.state
            text = activity.text or ""
            state["count"] += 1
            if text == "boom":
                raise ValueError("the boom")
            if text == "slow":
                await context.send_activity("before")
                await asyncio.Event().wait()
            if text == "object":
                state["thing"] = Echo("thing")
            if text == "two":
                await context.send_activities([MessageFactory.text("one"), Activity(type="delay", value=1),
                                               MessageFactory.text("two")])
                return Dialog.end_of_turn
            if text == "trace":
                await context.send_trace_activity("a trace")
                await context.send_activity(Activity(type=ActivityTypes.typing))
            if text == "edit":
                sent = await context.send_activity("first")
                await context.delete_activity(sent.id)
            if text == "end":
                return await dc.end_dialog()
            if text == "bye":
                await context.send_activity(Activity(type=ActivityTypes.end_of_conversation))
                return await dc.end_dialog()
            if text == "later":
                def speak_up(_):
                    asyncio.ensure_future(context.send_activity("late"))
                asyncio.current_task().add_done_callback(speak_up)  # the turn is over then, however long it took
            await context.send_activity(f"{state['count']}: {activity.name or text}")
            return Dialog.end_of_turn

    def create_dialog(context):
        return Echo("echo")
"""


def activity(conversation: str = "c1", **content: Any) -> dict[str, Any]:
    envelope = {
        "type": "message",
        "id": f"{conversation}|0000001",
        "channelId": "telephony",
        "serviceUrl": "urn:test",
        "locale": "en-US",
        "from": {"id": "+15550100", "role": "user"},
        "recipient": {"id": "bot", "role": "bot"},
        "conversation": {"id": conversation},
    }
    return envelope | content


class Wire:
    """The call process's end of the socket, by hand."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.turns = 0

    def send(self, **message: Any) -> None:
        self.writer.write(json.dumps(message).encode() + b"\n")

    def turn(self, text: str = "", conversation: str = "c1", deadline_s: float = 5.0, **content: Any) -> int:
        self.turns += 1
        if text:
            content["text"] = text
        self.send(op="turn", request=self.turns, deadline_s=deadline_s, activity=activity(conversation, **content))
        return self.turns

    async def receive(self) -> dict[str, Any]:
        line = await asyncio.wait_for(self.reader.readline(), 20)
        assert line, "the host closed the connection"
        message: dict[str, Any] = json.loads(line)
        return message

    async def outcome(self) -> tuple[list[str], dict[str, Any]]:
        """What is said until a turn ends (texts, or types of what is no message), and how it ends."""
        said: list[str] = []
        while True:
            message = await self.receive()
            if message["op"] != "activity":
                return said, message
            sent = message["activity"]
            said.append(sent.get("text") or sent["type"])

    async def ask(self, text: str = "", **content: Any) -> tuple[list[str], dict[str, Any]]:
        self.turn(text, **content)
        return await self.outcome()


START: dict[str, Any] = {"type": "conversationUpdate", "membersAdded": [{"id": "+15550100"}]}

Connect = Callable[[], Awaitable[Wire]]
