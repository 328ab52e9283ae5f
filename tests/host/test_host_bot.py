"""Adapter and bot without a socket: state that cannot be continued, the bot's own initiative, errors handled inside."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from botbuilder.core import TurnContext
from botbuilder.dialogs import Dialog, DialogEvents, DialogTurnResult
from host_peer import START, activity

from voicebot.host.adapter import NobodyThere, TelephonyAdapter
from voicebot.host.bot import DialogBot, Locks
from voicebot.host.codec import StateUnreadable
from voicebot.host.loader import load_dialogs
from voicebot.host.sdk import activity_from_json
from voicebot.host.storage import SqliteStorage


class Line:
    """One conversation with a bot; gives what was sent in a turn."""

    def __init__(self, bot: DialogBot) -> None:
        self.bot = bot
        self.adapter = TelephonyAdapter()
        self.sent: list[tuple[int, str]] = []

    async def deliver(self, turn: int, conversation: str, sent: dict[str, Any]) -> None:
        self.sent.append((turn, sent.get("text") or sent["type"]))

    async def ask(self, **content: Any) -> list[str]:
        self.sent.clear()
        await self.adapter.process(activity_from_json(activity(**content)), self.bot.on_turn, 7, self.deliver)
        return [text for _, text in self.sent]


@pytest.fixture
async def storage(tmp_path: Path) -> AsyncIterator[SqliteStorage]:
    storage = SqliteStorage(None)
    yield storage
    await storage.close()


class Other(Dialog):  # type: ignore[misc]
    async def begin_dialog(self, dc: Any, options: object = None) -> DialogTurnResult:
        await dc.context.send_activity("I am new here.")
        return Dialog.end_of_turn


async def test_a_conversation_whose_dialog_is_gone_fails_once_and_begins_anew(
    echo_folder: Path, storage: SqliteStorage
) -> None:
    await Line(DialogBot(load_dialogs(echo_folder).root, storage)).ask(**START)
    line = Line(DialogBot(Other("other"), storage))
    with pytest.raises(Exception, match="wasn't found"):
        await line.ask(text="a")
    assert await line.ask(type="event", name="voicebot.resume") == ["I am new here."]


async def test_a_conversation_whose_state_is_damaged_fails_once_and_begins_anew(
    echo_folder: Path, storage: SqliteStorage
) -> None:
    line = Line(DialogBot(load_dialogs(echo_folder).root, storage))
    await line.ask(**START)
    await storage._run(lambda: storage._database.execute('UPDATE state SET value = \'{"$":"os.system"}\''))
    line = Line(DialogBot(load_dialogs(echo_folder).root, storage))  # a host that was started anew
    with pytest.raises(StateUnreadable):
        await line.ask(text="a")
    assert await line.ask(text="a") == ["Hello."]


async def test_dialogs_may_handle_their_own_errors(storage: SqliteStorage) -> None:
    class Careful(Other):
        failed = False

        async def begin_dialog(self, dc: Any, options: object = None) -> DialogTurnResult:
            if not self.failed:
                raise ValueError("first time")
            return await super().begin_dialog(dc, options)

        async def on_dialog_event(self, dc: Any, event: Any) -> bool:
            assert event.name == DialogEvents.error
            Careful.failed = True
            await dc.cancel_all_dialogs()
            return True

    assert await Line(DialogBot(Careful("careful"), storage)).ask(**START) == ["I am new here."]


async def test_a_call_can_be_spoken_to_between_turns_until_it_is_gone(
    echo_folder: Path, storage: SqliteStorage
) -> None:
    line = Line(DialogBot(load_dialogs(echo_folder).root, storage))
    await line.ask(**START)
    reference = TurnContext.get_conversation_reference(activity_from_json(activity()))

    async def speak_up(context: TurnContext) -> None:
        await context.send_activity("one more thing")

    line.sent.clear()
    await line.adapter.continue_conversation(reference, speak_up)
    assert line.sent == [(0, "one more thing")]
    line.adapter.forget_route(line.deliver)  # the connection that it came by has gone
    with pytest.raises(NobodyThere):
        await line.adapter.continue_conversation(reference, speak_up)


async def test_a_closed_conversation_cannot_be_spoken_to(echo_folder: Path, storage: SqliteStorage) -> None:
    line = Line(DialogBot(load_dialogs(echo_folder).root, storage))
    await line.ask(**START)
    line.adapter.forget("c1")
    reference = TurnContext.get_conversation_reference(activity_from_json(activity()))
    with pytest.raises(NobodyThere):
        await line.adapter.continue_conversation(reference, lambda context: context.send_activity("hello?"))


async def test_locks_are_gone_when_nobody_holds_them() -> None:
    locks = Locks()
    async with locks.hold("a"), locks.hold("b"):
        assert len(locks) == 2
    assert len(locks) == 0


async def test_prompts_of_the_sdk_work_and_their_state_is_stored(
    folder_of: Callable[..., Path], storage: SqliteStorage
) -> None:
    """A bot that was written for chat, with prompts, choices and their options in the state."""
    folder = folder_of(
        main="""
        from botbuilder.core import MessageFactory
        from botbuilder.dialogs import ComponentDialog, WaterfallDialog
        from botbuilder.dialogs.choices import Choice
        from botbuilder.dialogs.prompts import ChoicePrompt, PromptOptions, TextPrompt

        class Order(ComponentDialog):
            def __init__(self):
                super().__init__("order")
                self.add_dialog(WaterfallDialog("steps", [self.name, self.size, self.end]))
                self.add_dialog(TextPrompt("text"))
                self.add_dialog(ChoicePrompt("choice"))

            async def name(self, step):
                return await step.prompt("text", PromptOptions(prompt=MessageFactory.text("Your name?")))

            async def size(self, step):
                step.values["name"] = step.result
                sizes = [Choice("small", synonyms=["little"]), Choice("large")]
                return await step.prompt("choice", PromptOptions(MessageFactory.text("Which size?"), choices=sizes))

            async def end(self, step):
                await step.context.send_activity(f"{step.values['name']}: {step.result.value}")
                return await step.end_dialog()

        def create_dialog(context):
            return Order()
        """
    )
    line = Line(DialogBot(load_dialogs(folder).root, storage))
    assert await line.ask(**START) == ["Your name?"]
    assert "(1) small" in (await line.ask(text="Ada"))[0]
    assert "(1) small" in (await line.ask(text="purple"))[0]
    assert await line.ask(text="little") == ["Ada: small", "endOfConversation"]
