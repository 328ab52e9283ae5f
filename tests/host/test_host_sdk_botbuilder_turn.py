"""Our classes for what botbuilder makes in each turn behave as those of the SDK, and leave nothing to be collected."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botbuilder.core import BotAdapter, TurnContext
from botbuilder.dialogs import DialogContext, DialogInstance, DialogSet, DialogState
from botbuilder.dialogs.memory import DialogStateManager
from botbuilder.schema import Activity, ResourceResponse
from host_peer import activity

from voicebot.host.adapter import TelephonyAdapter
from voicebot.host.bot import DialogBot
from voicebot.host.loader import load_dialogs
from voicebot.host.sdk import activity_from_json
from voicebot.host.sdk_botbuilder import model_to_json
from voicebot.host.sdk_botbuilder_turn import CallContext, LeanDialogContext
from voicebot.host.state import StateProperty
from voicebot.host.storage import SqliteStorage


class Adapter(BotAdapter):  # type: ignore[misc]
    """``sent``: what came to be sent, in JSON."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[dict[str, Any]] = []

    async def send_activities(self, context: TurnContext, activities: list[Activity]) -> list[ResourceResponse]:
        self.sent += [model_to_json(one) for one in activities]
        return [ResourceResponse(id=str(number)) for number, _ in enumerate(activities)]

    async def update_activity(self, context: TurnContext, activity: Activity) -> None: ...

    async def delete_activity(self, context: TurnContext, reference: Any) -> None: ...


RECEIVED = {
    "message": activity(text="a"),
    "message of direct line": activity(text="a", channelId="directline"),
    "conversation update": activity(type="conversationUpdate"),
    "nobody": {name: value for name, value in activity(text="a").items() if name not in ("from", "recipient")},
    "replies expected": activity(text="a", deliveryMode="expectReplies"),
}
SENT: dict[str, list[dict[str, Any]]] = {
    "message": [{"type": "message", "text": "b", "inputHint": "ignoringInput"}],
    "no type": [{"text": "b"}],
    "an id and others' addresses": [{"type": "event", "id": "x", "from": {"id": "y"}, "replyToId": "z"}],
    "trace": [{"type": "trace", "name": "t"}],
    "several": [{"type": "message", "text": "b"}, {"type": "trace"}, {"type": "message", "text": "c"}],
    "none": [],
}


@pytest.mark.parametrize("received", RECEIVED)
@pytest.mark.parametrize("sent", SENT)
async def test_what_is_sent_is_what_the_sdk_sends(received: str, sent: str) -> None:
    outcomes = []
    for kind in (TurnContext, CallContext):
        adapter, shown = Adapter(), []
        context = kind(adapter, activity_from_json(RECEIVED[received]))

        async def show(_: TurnContext, activities: list[Activity], go_on: Any, shown: list[Any] = shown) -> None:
            shown.append([model_to_json(one) for one in activities])
            await go_on()
            shown.append("after")

        context.on_send_activities(show)
        context.on_send_activities(show)
        given = [Activity().deserialize(one) for one in SENT[sent]]
        before = [model_to_json(one) for one in given]
        responses = await context.send_activities(given)
        assert [model_to_json(one) for one in given] == before, "what is sent is a copy"
        buffered = [model_to_json(one) for one in context.buffered_reply_activities]
        outcomes.append((adapter.sent, shown, [one.id for one in responses], context.responded, buffered))
    assert outcomes[0] == outcomes[1]


async def test_what_is_addressed_is_nobody_elses() -> None:
    adapter = Adapter()
    context = CallContext(adapter, activity_from_json(RECEIVED["message"]))

    async def readdress(_: TurnContext, activities: list[Activity], go_on: Any) -> None:
        activities[0].conversation.id = activities[0].recipient.id = "elsewhere"
        await go_on()

    context.on_send_activities(readdress)
    await context.send_activity("a")
    assert adapter.sent[0]["conversation"]["id"] == "elsewhere"
    assert context.activity.conversation.id == "c1" and context.activity.from_property.id == "+15550100"


@pytest.mark.parametrize("kind", [TurnContext, CallContext])
async def test_a_handler_that_does_not_go_on_ends_the_showing_and_not_the_sending(kind: type[TurnContext]) -> None:
    adapter, shown = Adapter(), []
    context = kind(adapter, activity_from_json(RECEIVED["message"]))

    async def first(_: TurnContext, activities: list[Activity], go_on: Any) -> None:
        shown.append("first")
        activities[:] = activities[:1]

    async def second(_: TurnContext, activities: list[Activity], go_on: Any) -> None:
        shown.append("second")

    context.on_send_activities(first)
    context.on_send_activities(second)
    await context.send_activities([Activity(text="a"), Activity(text="b")])
    assert shown == ["first"] and [one["text"] for one in adapter.sent] == ["a"]


async def test_what_is_said_in_another_language_keeps_it() -> None:
    adapter = Adapter()
    context = CallContext(adapter, activity_from_json(RECEIVED["message"]))
    await context.send_activities([Activity(text="a", locale="es-MX"), Activity(text="b")])
    assert [one["locale"] for one in adapter.sent] == ["es-MX", "en-US"]


# --- dialog contexts


def contexts() -> tuple[DialogContext, DialogContext]:
    dialogs, state = DialogSet(StateProperty("DialogState")), DialogState([DialogInstance("a", {"n": 1})])
    turn = TurnContext(Adapter(), activity_from_json(RECEIVED["message"]))
    return DialogContext(dialogs, turn, state), LeanDialogContext(dialogs, turn, state)


def test_a_dialog_context_has_what_that_of_the_sdk_has() -> None:
    theirs, ours = contexts()
    expected = {name: value for name, value in vars(theirs).items() if name != "state"}
    assert {name: value for name, value in vars(ours).items() if name != "_state"} == expected
    assert isinstance(ours, DialogContext) and ours.active_dialog is theirs.active_dialog


def test_the_memory_of_a_dialog_context_is_made_for_who_asks() -> None:
    theirs, ours = contexts()
    made = ours.state
    assert type(made) is DialogStateManager and made is ours.state
    assert made.keys == theirs.state.keys and made.get_memory_scope("this").get_memory(ours) == {"n": 1}
    other = ours.state = DialogStateManager(ours)
    assert ours.state is other


async def test_errors_tell_the_stack_as_the_sdk_does() -> None:
    noted = []
    for context in contexts():
        with pytest.raises(Exception, match="wasn't found") as told:
            await context.begin_dialog("nowhere")
        noted.append(told.value.data)  # type: ignore[attr-defined]
    assert noted[0] == noted[1] and list(noted[0]) == ["DialogContext"]


# --- what a turn leaves


@pytest.fixture
def kept() -> Iterator[list[Any]]:
    """What only the collector would free, once ``gc.DEBUG_SAVEALL`` is set."""
    gc.disable()
    yield gc.garbage
    gc.set_debug(0)
    gc.garbage.clear()
    gc.enable()


async def test_a_turn_of_dialog_files_leaves_no_circles(kept: list[Any]) -> None:
    dialogs, storage, adapter = load_dialogs(Path("dialogs")), SqliteStorage(None), TelephonyAdapter()
    bot = DialogBot(dialogs.root, storage)
    said: list[str] = []

    async def deliver(turn: int, conversation: str, sent: dict[str, Any]) -> None:
        said.append(sent.get("text", ""))

    async def turn(**content: Any) -> None:
        await adapter.process(activity_from_json(activity(**content)), bot.on_turn, 1, deliver)

    await turn(type="conversationUpdate", membersAdded=[{"id": "caller"}])
    await turn(text="Billing, please.")
    gc.collect()  # the beginning of a call leaves some
    gc.set_debug(gc.DEBUG_SAVEALL)
    said.clear()
    for text in ("what", "Outage.", "12345"):
        await turn(text=text)
    gc.collect()
    ours = [one for one in kept if type(one).__module__.partition(".")[0] in ("botbuilder", "voicebot")]
    assert any(said) and ours == []
    await storage.close()
