"""What is kept of callers beyond the call, and of a conversation as long as it lasts, used from dialogs in Python."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from host_peer import activity
from state_items import read, write

from voicebot.host import state
from voicebot.host.adapter import TelephonyAdapter
from voicebot.host.bot import DialogBot
from voicebot.host.codec import StateNotStorable, StateUnreadable
from voicebot.host.loader import load_dialogs
from voicebot.host.sdk import BotAdapter, ResourceResponse, TurnContext, activity_from_json
from voicebot.host.storage import KEEP_USERS_S, EtagConflict, SqliteStorage, Stored
from voicebot.host.warm import warm_up
from voicebot.telephony_channel import RESUME_EVENT

COUNTING = """
    import asyncio
    from botbuilder.core import MessageFactory
    from botbuilder.dialogs import ComponentDialog, Dialog, WaterfallDialog

    class Counting(ComponentDialog):
        def __init__(self, context):
            super().__init__("counting")
            self.reached, self.goes_on = asyncio.Event(), asyncio.Event()
            self.caller = context.user_property("calls")
            self.here = context.conversation_property("turns")
            self.add_dialog(WaterfallDialog("steps", [self.count] * 5))
            self.initial_dialog_id = "steps"

        async def count(self, step):
            text = step.context.activity.text or ""
            mine = await self.caller.get(step.context, dict)
            here = await self.here.get(step.context, list)
            mine["n"] = mine.get("n", 0) + 1
            here.append(text)
            if text == "slow":
                self.reached.set()
                await self.goes_on.wait()
            if text == "forget":
                await self.caller.delete(step.context)
            if text == "fail":
                raise ValueError("no")
            if text == "odd":
                here.append(object())
            await step.context.send_activity(MessageFactory.text(f"{mine['n']} {len(here)}"))
            if text in ("wait", "odd"):
                return Dialog.end_of_turn
            return await step.begin_dialog("steps") if text == "loop" else await step.end_dialog()

    def create_dialog(context):
        return Counting(context)
"""


def execute(storage: SqliteStorage, statement: str, values: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
    """On a connection of our own: the storage's belongs to its thread."""
    assert storage.path is not None
    with contextlib.closing(sqlite3.connect(storage.path, isolation_level=None)) as database:
        return database.execute(statement, values).fetchall()


class Lines:
    def __init__(self, folder: Path, storage: SqliteStorage) -> None:
        self.dialogs = load_dialogs(folder)
        self.storage = storage
        self.bot = DialogBot(self.dialogs.root, storage)
        self.adapter = TelephonyAdapter()

    async def says(self, text: str, caller: str = "+15550100", call: str = "c1", channel: str = "directline") -> str:
        said: list[str] = []

        async def deliver(turn: int, conversation: str, sent: dict[str, Any]) -> None:
            said.append(sent.get("text", ""))

        told = activity(text=text) | {"from": {"id": caller}, "conversation": {"id": call}, "channelId": channel}
        await self.adapter.process(activity_from_json(told), self.bot.on_turn, 1, deliver)
        return said[0]

    async def resumes(self, call: str = "c1") -> None:
        """The call is told to go on here."""

        async def drop(turn: int, conversation: str, sent: dict[str, Any]) -> None: ...

        told = activity(type="event", name=RESUME_EVENT) | {
            "from": {"id": "+15550100"}, "conversation": {"id": call}, "channelId": "telephony",
        }  # fmt: skip
        await self.adapter.process(activity_from_json(told), self.bot.on_turn, 1, drop)

    @property
    def keys(self) -> list[str]:
        return [key for (key,) in execute(self.storage, "SELECT key FROM state ORDER BY key")]


@pytest.fixture
async def lines(folder_of: Callable[..., Path], tmp_path: Path) -> AsyncIterator[Lines]:
    storage = SqliteStorage(tmp_path / "state.sqlite")
    await storage.open()
    yield Lines(folder_of(main=COUNTING), storage)
    await storage.close()


async def test_a_caller_is_known_again_and_a_conversation_is_not(lines: Lines) -> None:
    assert [await lines.says("a"), await lines.says("b")] == ["1 1", "2 2"]
    assert await lines.says("a", call="c2") == "3 1"
    assert await lines.says("a", caller="+15550111", call="c3") == "1 1"
    assert await lines.says("forget", call="c4") == "4 1"
    assert await lines.says("a", call="c5") == "1 1"


async def test_what_the_last_turn_of_a_call_changes_is_kept_of_the_caller_alone(
    lines: Lines,
) -> None:
    assert await lines.says("a", channel="telephony") == "1 1"  # the root dialog ends, and with it the call
    assert lines.keys == ["telephony/users/+15550100"]
    assert await lines.says("a", call="c2", channel="telephony") == "2 1"


async def test_who_withholds_the_number_shares_nothing_and_leaves_nothing(lines: Lines) -> None:
    assert await lines.says("a", caller="anonymous") == "1 1"
    assert await lines.says("a", caller="anonymous", call="c2") == "1 1"
    assert await lines.says("b", caller="anonymous") == "2 2"
    assert await lines.says("a", caller="anonymous", call="c3", channel="telephony") == "1 1"
    assert not [key for key in lines.keys if key.startswith("telephony")]


async def test_a_turn_that_fails_leaves_both_as_they_were(lines: Lines) -> None:
    await lines.says("a")
    with pytest.raises(ValueError, match="no"):
        await lines.says("fail")
    assert await lines.says("b") == "2 2"


async def test_of_two_calls_of_one_caller_that_change_the_same_one_fails(lines: Lines) -> None:
    await lines.says("a")
    slow = asyncio.create_task(lines.says("slow", call="c2"))
    await lines.dialogs.root.reached.wait()
    assert await lines.says("b", call="c3") == "2 1"
    lines.dialogs.root.goes_on.set()
    with pytest.raises(EtagConflict):
        await slow
    assert await lines.says("slow", call="c2") == "3 1"


async def test_what_cannot_be_read_of_a_caller_is_begun_anew(lines: Lines) -> None:
    await lines.says("a")
    execute(lines.storage, "UPDATE state SET value = '{\"$\":\"os.system\"}' WHERE key LIKE '%users%'")
    assert await lines.says("b") == "1 2"


async def test_what_cannot_be_read_of_a_conversation_is_told_with_its_key_and_begun_anew(lines: Lines) -> None:
    await lines.says("a")
    execute(lines.storage, "UPDATE state SET value = '{\"$\":\"os.system\"}' WHERE key LIKE '%conversations%'")
    with pytest.raises(StateUnreadable, match="directline/conversations/c1: "):
        await lines.says("b")
    assert await lines.says("b") == "2 1"


@pytest.mark.parametrize("channel", ["telephony", "directline"])
async def test_what_cannot_be_stored_fails_the_turn_and_leaves_all_as_it_was(lines: Lines, channel: str) -> None:
    assert await lines.says("wait", channel=channel) == "1 1"
    with pytest.raises(StateNotStorable, match="object"):
        await lines.says("odd", channel=channel)
    assert await lines.says("b", channel=channel) == "2 2"


async def test_the_rehearsal_leaves_nothing(lines: Lines) -> None:
    await warm_up(lines.dialogs, lines.bot, "en-US")
    assert lines.keys == []


async def test_callers_are_remembered_for_longer_than_conversations(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    storage = SqliteStorage(path)
    await write(storage, {"t/conversations/a": {"n": 1}, "t/users/a": {"n": 1}, "t/users/b": {"n": 1}})
    age = "UPDATE state SET written = written - ?"
    execute(storage, age, (30 * 24 * 3600.0,))
    execute(storage, f"{age} WHERE key = 't/users/b'", (KEEP_USERS_S,))
    await storage.close()
    storage = SqliteStorage(path)
    assert set(await read(storage, ["t/conversations/a", "t/users/a", "t/users/b"])) == {"t/users/a"}
    await storage.close()


# --- what is posted, and calls


async def posted(lines: Lines, text: str, caller: str, conversation: str, channel: str) -> str:
    """A turn that comes another way than by a call, as from ``/api/messages``."""
    said: list[str] = []

    class Posted(BotAdapter):  # type: ignore[misc]
        async def send_activities(self, context: TurnContext, activities: list[Any]) -> list[ResourceResponse]:
            said.extend(one.text for one in activities if one.text)
            return [ResourceResponse(id="1") for _ in activities]

        async def update_activity(self, context: TurnContext, activity: Any) -> None: ...

        async def delete_activity(self, context: TurnContext, reference: Any) -> None: ...

    told = activity(text=text) | {
        "from": {"id": caller}, "conversation": {"id": conversation}, "channelId": channel,
    }  # fmt: skip
    await lines.bot.on_turn(TurnContext(Posted(), activity_from_json(told)))
    return said[0]


@pytest.mark.parametrize("channel", ["telephony", "Telephony", "telephony%", "telephony/conversations"])
@pytest.mark.parametrize("conversation", ["c1", "conversations/c1", "../c1"])
async def test_what_is_posted_reaches_no_call_whatever_it_names(lines: Lines, channel: str, conversation: str) -> None:
    assert await lines.says("wait", channel="telephony") == "1 1"
    before = set(lines.keys)
    assert await posted(lines, "a", "+15550100", conversation, channel) == "1 1", "a conversation and a user of its own"
    assert before <= set(lines.keys)
    assert await lines.says("b", channel="telephony") == "2 2", "as it was"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("a/conversations/b", "c", "u"), ("a", "b/conversations/c", "u")),
        (("a", "x/users/y", "anonymous"), ("a/conversations/x", "c", "y/users/anonymous")),
        (("a/b", "c", "u"), ("a%2Fb", "c", "u")),
    ],
)
async def test_no_two_names_make_one_key(lines: Lines, one: tuple[str, str, str], other: tuple[str, str, str]) -> None:
    for channel, conversation, caller in (one, other):
        assert await posted(lines, "a", caller, conversation, channel) == "1 1"


# --- what the last turn of a call has left


class Asked(SqliteStorage):
    """``asked``: the keys that were read."""

    asked: tuple[str, ...] = ()

    async def read(self, keys: Sequence[str]) -> dict[str, Stored]:
        self.asked += (*keys,)
        return await super().read(keys)


async def test_the_state_of_a_call_is_read_once(folder_of: Callable[..., Path]) -> None:
    storage = Asked(None)
    lines = Lines(folder_of(main=COUNTING), storage)
    assert [await lines.says("wait", channel="telephony") for _ in range(3)] == ["1 1", "2 2", "3 3"]
    assert [key for key in storage.asked if "users" not in key] == ["telephony/conversations/c1"]
    await storage.close()


async def test_what_a_turn_does_with_its_state_when_it_is_over_is_nobody_elses(lines: Lines) -> None:
    assert await lines.says("wait", channel="telephony") == "1 1"
    with pytest.raises(ValueError, match="no"):
        await lines.says("fail", channel="telephony")
    assert await lines.says("b", channel="telephony") == "2 2"


async def test_a_call_that_was_with_another_host_goes_on_from_there(lines: Lines) -> None:
    other = Lines(lines.dialogs.path, lines.storage)
    assert [await one.says("wait", channel="telephony") for one in (lines, other, other)] == ["1 1", "2 2", "3 3"]
    await lines.resumes()
    assert await lines.says("wait", channel="telephony") == "4 4"


async def test_a_turn_on_state_that_another_host_has_replaced_fails_once(lines: Lines) -> None:
    other = Lines(lines.dialogs.path, lines.storage)
    assert [await one.says("wait", channel="telephony") for one in (lines, other)] == ["1 1", "2 2"]
    with pytest.raises(EtagConflict):
        await lines.says("wait", channel="telephony")
    assert await lines.says("wait", channel="telephony") == "3 3"


async def test_the_state_of_few_calls_is_kept_and_that_of_others_read_again(
    folder_of: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state, "MOST_LATEST", 2)
    storage = Asked(None)
    lines = Lines(folder_of(main=COUNTING), storage)
    calls = ("c1", "c2", "c3", "c3", "c1", "c3")
    turns = [(await lines.says("wait", call=call, channel="telephony")).split()[1] for call in calls]
    assert turns == ["1", "1", "1", "2", "2", "3"]
    asked = [key.rpartition("/")[2] for key in storage.asked if "users" not in key]
    assert asked == ["c1", "c2", "c3", "c1"]
    await storage.close()
