"""Trials over the host's socket: they tell what would be said, and give way to turns."""

from __future__ import annotations

import asyncio
import textwrap
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from host_peer import START, Connect, Wire, activity

from voicebot.host.adapter import TelephonyAdapter
from voicebot.host.bot import DialogBot
from voicebot.host.loader import load_dialogs
from voicebot.host.server import HostServer
from voicebot.host.storage import SqliteStorage
from voicebot.host.trial import MAX_WAITING

MAIN = """
    steps:
      - {id: who, ask: Who is there?, text: {}, save: name}
      - {id: hello, say: "Hello, {name}."}
      - {id: slow, call: own.slow, with: {name: "{name}"}}
      - {id: again, ask: And who else?, text: {}, save: name, next: hello}
"""
OWN = """
    import asyncio

    PURE = ["slow"]

    async def slow(name):
        if name == "Slow":
            await asyncio.Event().wait()
        return name
"""


@pytest.fixture
async def wire(tmp_path: Path) -> AsyncIterator[Wire]:
    """A call process's connection to a host with YAML dialogs; the call has begun."""
    folder = tmp_path / "d"
    folder.mkdir()
    (folder / "main.yaml").write_text(textwrap.dedent(MAIN))
    (folder / "own.py").write_text(textwrap.dedent(OWN))
    storage = SqliteStorage(None)
    dialogs = load_dialogs(folder)
    server = HostServer(dialogs, DialogBot(dialogs.root, storage), TelephonyAdapter())
    await server.start(tmp_path / "host.sock")
    wire = Wire(*await asyncio.open_unix_connection(str(tmp_path / "host.sock"), limit=1 << 20))
    await wire.ask(**START)
    yield wire
    wire.writer.close()
    await server.close()
    await storage.close()


def attempt(wire: Wire, number: int, text: str, conversation: str = "c1", deadline_s: float = 5.0) -> None:
    wire.send(op="trial", id=number, deadline_s=deadline_s, activity=activity(conversation, text=text))


def said(message: dict[str, Any]) -> tuple[int, list[str]]:
    assert message["op"] == "trial"
    return message["id"], [one["text"] for one in message["activities"] if one["type"] == "message"]


async def test_a_trial_tells_what_would_be_said_and_the_turn_says_it(wire: Wire) -> None:
    for number, name in enumerate(("Ann", "Bob", "Ann")):
        attempt(wire, number, name)
        assert said(await wire.receive()) == (number, [f"Hello, {name}.", "And who else?"])
    assert (await wire.ask("Joe"))[0] == ["Hello, Joe.", "event", "And who else?"]


async def test_code_first_dialogs_are_not_tried(connect: Connect) -> None:
    wire = await connect()
    await wire.ask(**START)
    attempt(wire, 1, "a")
    assert said(await wire.receive()) == (1, [])
    assert (await wire.ask("b"))[0] == ["1: b"]


@pytest.mark.parametrize("begun", [True, False])
async def test_a_turn_does_not_wait_for_a_trial_of_its_conversation_or_of_another(wire: Wire, begun: bool) -> None:
    await wire.ask(conversation="c2", **START)
    attempt(wire, 1, "Slow")
    attempt(wire, 2, "Slow", "c2")
    if begun:  # until the host has read a question that came after the trials, and has run them as far as they go
        for _ in range(5):
            wire.send(op="ping", id=1)
            assert (await wire.receive())["op"] == "pong"
    wire.turn("Joe")
    came = []
    while not came or came[-1]["op"] != "done":
        came.append(await wire.receive())
    ended = [said(message) for message in came if message["op"] == "trial"]
    assert ended in ([], [(1, [])]), "that of c2 goes on until its time is over"
    assert [m["activity"].get("text") for m in came if m["op"] == "activity"] == ["Hello, Joe.", None, "And who else?"]


async def test_a_trial_tells_what_was_said_until_its_time_was_over(wire: Wire) -> None:
    attempt(wire, 1, "Slow", deadline_s=0.2)
    assert said(await wire.receive()) == (1, ["Hello, Slow."])


async def test_a_trial_takes_no_longer_than_the_host_lets_it(wire: Wire) -> None:
    attempt(wire, 1, "Slow", deadline_s=500.0)
    assert said(await wire.receive()) == (1, ["Hello, Slow."])


async def test_the_next_trial_of_a_conversation_replaces_the_one_before(wire: Wire) -> None:
    attempt(wire, 1, "Slow")
    attempt(wire, 2, "Joe")
    told = [said(await wire.receive())]
    if told == [(1, [])]:  # the first one had begun
        told = [said(await wire.receive())]
    assert told == [(2, ["Hello, Joe.", "And who else?"])]


async def test_no_more_trials_wait_than_there_is_room_for(wire: Wire) -> None:
    conversations = [f"c{number}" for number in range(2, MAX_WAITING + 4)]
    for name in conversations:
        await wire.ask(conversation=name, **START)
    for number, name in enumerate(conversations):
        attempt(wire, number, "Slow", name, deadline_s=0.3)
    answers = dict([said(await wire.receive()) for _ in conversations])
    assert set(answers) == set(range(len(conversations)))
    assert [answers[number] for number in range(MAX_WAITING, len(conversations))] == [[], []]


async def test_nothing_is_told_of_what_no_dialog_can_be_asked(wire: Wire) -> None:
    for number, wrong in enumerate((None, {}, {"type": "message"}, {"conversation": {"id": "c1"}})):
        wire.send(op="trial", id=number, deadline_s=1, activity=wrong)
        assert said(await wire.receive()) == (number, [])
    attempt(wire, 9, "hello", "nobody's")
    assert said(await wire.receive()) == (9, [])
