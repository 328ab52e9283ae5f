"""The host's Unix socket, spoken to by hand; the dialogs are real (conftest.py)."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from dataclasses import replace
from pathlib import Path

import pytest
from host_peer import START, Connect, Wire, activity

from voicebot.host.adapter import TelephonyAdapter
from voicebot.host.bot import DialogBot
from voicebot.host.loader import load_dialogs
from voicebot.host.server import MAX_PICTURE, MAX_WAITING, HostServer, SocketBusy
from voicebot.host.storage import SqliteStorage
from voicebot.log import configure_logging


async def test_a_call_begins_the_dialog_and_messages_continue_it(connect: Connect) -> None:
    wire = await connect()
    assert await wire.ask(**START) == (["Hello."], {"op": "done", "conversation": "c1", "request": 1})
    assert await wire.ask("a") == (["1: a"], {"op": "done", "conversation": "c1", "request": 2})
    assert await wire.ask("b") == (["2: b"], {"op": "done", "conversation": "c1", "request": 3})


async def test_dialogs_in_python_tell_no_place_and_have_no_picture(connect: Connect) -> None:
    wire = await connect()
    wire.send(op="picture", id=7)
    assert await wire.receive() == {"op": "picture", "id": 7, "svg": "", "why": ""}


@pytest.mark.parametrize(
    ("drawn", "svg", "why"),
    [
        ("<svg/>", "<svg/>", ""),
        ("x" * (MAX_PICTURE + 500_000), "", "too large to be shown here (1,200 kB, at most 700)"),
        (None, "", "cannot be drawn"),
    ],
)
async def test_the_picture_is_drawn_once_for_all_and_it_is_told_why_if_it_is_too_large_or_cannot_be_drawn(
    drawn: str | None, svg: str, why: str, echo_folder: Path, tmp_path: Path
) -> None:
    draws: list[str] = []

    def draw() -> str:
        draws.append("once")
        return drawn or str(1 / 0)

    dialogs = replace(load_dialogs(echo_folder), draw=draw)
    server = HostServer(dialogs, DialogBot(dialogs.root, SqliteStorage(None)), TelephonyAdapter())
    await server.start(tmp_path / "host.sock")
    wire = Wire(*await asyncio.open_unix_connection(str(tmp_path / "host.sock"), limit=1 << 20))
    for number in (1, 2):
        wire.send(op="picture", id=number)
        told = await wire.receive()
        assert (told["id"], told["svg"], why in told["why"], bool(told["why"])) == (number, svg, True, bool(why))
    assert draws == ["once"]
    wire.writer.close()
    await server.close()


async def test_the_bots_activities_are_addressed_to_the_caller(connect: Connect) -> None:
    wire = await connect()
    number = wire.turn(**START)
    message = await wire.receive()
    assert (message["request"], message["conversation"]) == (number, "c1")
    sent = message["activity"]
    assert sent["recipient"]["id"] == "+15550100"
    assert sent["conversation"]["id"] == "c1"
    assert sent["inputHint"] == "acceptingInput"
    assert sent["id"].startswith("c1|b")


async def test_nobody_but_the_bot_joining_begins_nothing(connect: Connect) -> None:
    wire = await connect()
    assert (await wire.ask(type="conversationUpdate", membersAdded=[{"id": "bot"}]))[0] == []


async def test_what_a_dialog_sends_leaves_while_its_turn_is_running(connect: Connect) -> None:
    wire = await connect()
    await wire.ask(**START)
    wire.turn("slow", deadline_s=500.0)
    assert (await wire.receive())["activity"]["text"] == "before"


async def test_one_conversation_is_in_order_and_others_need_not_wait_for_it(connect: Connect) -> None:
    wire = await connect()
    await wire.ask(**START)
    wire.turn("slow", deadline_s=1.0)
    for text in ("a", "b", "c"):
        wire.turn(text)
    wire.turn(conversation="c2", **START)
    order = []
    for _ in range(10):
        message = await wire.receive()
        order.append(
            message["activity"]["text"] if message["op"] == "activity" else f"{message['op']} {message['request']}"
        )
    assert order.index("done 6") < order.index("failed 2"), "c2 was answered while c1 was busy"
    assert [entry for entry in order if entry[0].isdigit()] == ["1: a", "2: b", "3: c"]


async def test_a_dialog_that_fails_costs_its_turn_and_names_its_line(
    connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    wire = await connect()
    await wire.ask(**START)
    with caplog.at_level(logging.ERROR):
        said, outcome = await wire.ask("boom")
    assert (said, outcome) == (
        [],
        {"op": "failed", "conversation": "c1", "request": 2, "error": "ValueError: the boom"},
    )
    assert "main.py:" in caplog.text
    assert "Traceback" in caplog.text
    assert (await wire.ask("a"))[0] == ["1: a"], "state is as it was before the failed turn"


async def test_what_is_logged_in_a_turn_has_the_ids_of_its_call_and_span(
    connect: Connect, capsys: pytest.CaptureFixture[str]
) -> None:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        configure_logging(json_lines=True)
        wire = await connect()
        await wire.ask(**START)
        trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        wire.send(op="turn", request=2, activity=activity("c1", text="boom"), traceparent=trace)
        assert (await wire.outcome())[1]["op"] == "failed"
        wire.send(op="turn", request=3, activity=activity("c1", text="boom"), traceparent="whatever")
        assert (await wire.outcome())[1]["op"] == "failed"
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
    traced, untraced = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert traced["call"] == untraced["call"] == "c1"
    assert (traced["trace_id"], traced["span_id"]) == (trace[3:35], trace[36:52])
    assert "trace_id" not in untraced


async def test_a_turn_that_takes_too_long_is_ended(connect: Connect) -> None:
    wire = await connect()
    await wire.ask(**START)
    said, outcome = await wire.ask("slow", deadline_s=0.5)
    assert said == ["before"]
    assert outcome["op"] == "failed"
    assert "longer than 0.5 s" in outcome["error"]
    assert (await wire.ask("a"))[0] == ["1: a"]


async def test_state_that_cannot_be_stored_fails_the_turn_and_names_the_path(connect: Connect) -> None:
    wire = await connect()
    await wire.ask(**START)
    _, outcome = await wire.ask("object")
    assert "StateNotStorable" in outcome["error"]
    assert "thing" in outcome["error"]
    assert (await wire.ask("a"))[0] == ["1: a"]


async def test_several_activities_with_a_delay_come_in_order(connect: Connect) -> None:
    wire = await connect()
    await wire.ask(**START)
    assert (await wire.ask("two"))[0] == ["one", "two"]


async def test_traces_stay_inside_and_typing_goes_out(connect: Connect) -> None:
    wire = await connect()
    await wire.ask(**START)
    assert (await wire.ask("trace"))[0] == ["typing", "1: trace"]


async def test_what_was_said_cannot_be_taken_back(connect: Connect) -> None:
    wire = await connect()
    await wire.ask(**START)
    said, outcome = await wire.ask("edit")
    assert said == ["first"]
    assert "SpokenForGood" in outcome["error"]


async def test_events_reach_the_active_dialog_and_begin_none(connect: Connect) -> None:
    wire = await connect()
    assert (await wire.ask(type="event", name="noUserInput", value=1))[0] == []
    await wire.ask(**START)
    assert (await wire.ask(type="event", name="noUserInput", value=1))[0] == ["1: noUserInput"]


async def test_resuming_asks_again_or_begins(connect: Connect) -> None:
    wire = await connect()
    assert (await wire.ask(type="event", name="voicebot.resume"))[0] == ["Hello."]
    await wire.ask("a")
    assert (await wire.ask(type="event", name="voicebot.resume"))[0] == ["again 1"]


@pytest.mark.parametrize("text", ["end", "bye"])
async def test_when_the_root_dialog_ends_the_call_ends_once(connect: Connect, text: str) -> None:
    wire = await connect()
    await wire.ask(**START)
    assert (await wire.ask(text))[0] == ["endOfConversation"]
    assert (await wire.ask("a"))[0] == ["Hello."], "nothing is left of the conversation that ended"


async def test_on_another_channel_the_end_of_the_root_dialog_is_no_hang_up(connect: Connect) -> None:
    wire = await connect()
    await wire.ask(channelId="emulator", **START)
    assert (await wire.ask("end", channelId="emulator"))[0] == []


async def test_the_callers_hang_up_forgets_the_conversation(connect: Connect) -> None:
    wire = await connect()
    await wire.ask(**START)
    await wire.ask("a")
    assert await wire.ask(type="endOfConversation") == ([], {"op": "done", "conversation": "c1", "request": 3})
    assert (await wire.ask("a"))[0] == ["Hello."]


async def test_what_comes_after_the_turn_is_the_bots_own_initiative(connect: Connect) -> None:
    wire = await connect()
    await wire.ask(**START)
    await wire.ask("later")
    late = await wire.receive()
    assert (late["request"], late["activity"]["text"]) == (0, "late")


async def test_ping_and_prompts(connect: Connect) -> None:
    wire = await connect()
    wire.send(op="ping", id=7)
    assert await wire.receive() == {"op": "pong", "id": 7, "texts": 0, "trouble": ""}
    wire.send(op="prompts", id=8)
    prompts = (await wire.receive())["prompts"]
    assert prompts[1] == {"text": "Guten Tag.", "locale": "de-DE"}


async def test_an_activity_that_is_none_fails_its_turn(connect: Connect) -> None:
    wire = await connect()
    for bad in (None, [], {"type": "message"}, {"conversation": {"id": 3}}, {"conversation": {"id": "c1"}}):
        wire.send(op="turn", request=1, activity=bad)
        assert (await wire.receive())["op"] == "failed"
    wire.send(op="turn", request=1, activity=activity(entities="x"))
    assert (await wire.receive())["op"] == "failed"
    assert (await wire.ask(**START))[0] == ["Hello."]


@pytest.mark.parametrize(
    "line", [b"not json\n", b"[]\n", b'{"op":"dance"}\n', b'{"op":"turn"}\n', b"x" * (1 << 20) + b"\n"]
)
async def test_who_does_not_speak_the_protocol_is_cut_off_alone(connect: Connect, line: bytes) -> None:
    good, bad = await connect(), await connect()
    bad.writer.write(line)
    with contextlib.suppress(ConnectionResetError):
        assert await asyncio.wait_for(bad.reader.read(), 20) == b""
    assert (await good.ask(**START))[0] == ["Hello."]


async def test_too_many_waiting_activities_are_refused(connect: Connect) -> None:
    wire = await connect()
    await wire.ask(**START)
    wire.turn("slow", deadline_s=1.0)
    assert (await wire.receive())["activity"]["text"] == "before"
    for _ in range(MAX_WAITING + 1):
        wire.turn("a")
    message = await wire.receive()
    assert message["op"] == "failed"
    assert "waiting" in message["error"]


async def test_a_second_host_does_not_take_a_socket_that_is_served(connect: Connect, tmp_path: Path) -> None:
    await connect()
    dialogs = load_dialogs(tmp_path / "dialogs_under_test")
    storage = SqliteStorage(None)
    second = HostServer(dialogs, DialogBot(dialogs.root, storage), TelephonyAdapter())
    with pytest.raises(SocketBusy):
        await second.start(tmp_path / "host.sock")
    await storage.close()


async def test_a_call_process_that_goes_away_in_mid_turn_leaves_no_trace(
    connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    wire, other = await connect(), await connect()
    await wire.ask(**START)
    wire.turn("two")
    wire.writer.close()
    await wire.writer.wait_closed()
    for _ in range(5):
        other.send(op="ping", id=1)
        await other.receive()
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
