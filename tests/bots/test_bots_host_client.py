"""The client on a real Unix socket; the host's end is scripted here (the real host: test_bots_host_end_to_end.py)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from callers import Numbered
from waiting import until

from voicebot.bots import CallFacts, DialogHostClient, HostUnavailable, activities
from voicebot.events import BotDone, BotFailed, BotMessage, BotRecovered, Event, StepReached
from voicebot.host_wire import FixedPrompt


class ScriptedHost:
    """Reads what the client sends; says what the test tells it to."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.received: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._server: asyncio.Server | None = None
        self._writers: list[asyncio.StreamWriter] = []

    async def start(self) -> None:
        self.path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._connected, str(self.path))

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        while line := await reader.readline():
            self.received.put_nowait(json.loads(line))

    def say(self, **message: Any) -> None:
        self._writers[-1].write(json.dumps(message).encode() + b"\n")

    def write(self, data: bytes) -> None:
        self._writers[-1].write(data)

    async def receive(self) -> dict[str, Any]:
        return await asyncio.wait_for(self.received.get(), 20)

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for writer in self._writers:
            writer.close()
        self._writers.clear()


class Heard:
    def __init__(self) -> None:
        self._events: asyncio.Queue[Event] = asyncio.Queue()

    def __call__(self, event: Event) -> None:
        self._events.put_nowait(event)

    async def next(self) -> Event:
        return await asyncio.wait_for(self._events.get(), 20)

    @property
    def nothing(self) -> bool:
        return self._events.empty()


@pytest.fixture
async def host(tmp_path: Path) -> AsyncIterator[ScriptedHost]:
    host = ScriptedHost(tmp_path / "h.sock")
    await host.start()
    yield host
    await host.stop()


@pytest.fixture
async def client(host: ScriptedHost) -> AsyncIterator[DialogHostClient]:
    client = DialogHostClient(host.path, turn_timeout_s=5.0)
    await client.start()
    yield client
    await client.close()


CALL = CallFacts("call-1", "+15550100", "+15550199")


async def test_events_come_in_order_for_their_request(host: ScriptedHost, client: DialogHostClient) -> None:
    heard = Heard()
    conversation = Numbered(client.conversation(CALL, heard))
    assert conversation.begin() == 1
    assert conversation.send(activities.user_message("billing")) == 2
    first, second = await host.receive(), await host.receive()
    assert first["activity"]["type"] == "conversationUpdate"
    assert (second["activity"]["text"], second["deadline_s"]) == ("billing", 5.0)
    for request, text in ((first["request"], "hello"), (second["request"], "your bill")):
        activity = {"type": "message", "text": text}
        host.say(op="activity", request=request, conversation="call-1", activity=activity)
        host.say(op="done", request=request, conversation="call-1")
    told = [await heard.next() for _ in range(4)]
    assert [type(event) for event in told] == [BotMessage, BotDone, BotMessage, BotDone]
    assert [event.request for event in told] == [1, 1, 2, 2]  # type: ignore[attr-defined]


async def test_where_a_call_is_in_the_dialogs_is_told_before_the_end_of_its_turn(
    host: ScriptedHost, client: DialogHostClient
) -> None:
    heard = Heard()
    client.version = "3f2a"
    conversation = Numbered(client.conversation(CALL, heard))
    conversation.begin()
    await host.receive()
    place = {"step": "main.pin", "path": ["main.hi"], "took": "digits", "value": None, "variables": {"pin": None}}
    host.say(op="done", request=1, conversation="call-1", place=place)
    reached = await heard.next()
    assert isinstance(reached, StepReached)
    told = (reached.request, reached.step, reached.path, reached.took, reached.value, reached.variables)
    assert told == (1, "main.pin", ("main.hi",), "digits", None, {"pin": None})
    assert reached.dialogs == "3f2a"
    assert isinstance(await heard.next(), BotDone)


async def test_the_picture_of_the_dialogs_is_asked_for_once(host: ScriptedHost, client: DialogHostClient) -> None:
    client.conversation(CALL, Heard())
    assert (client.has("call-1"), client.has("call-2")) == (True, False)
    asking = asyncio.create_task(client.picture())
    asked = await host.receive()
    assert asked["op"] == "picture"
    host.say(op="picture", id=asked["id"], svg="<svg/>", why="")
    assert ((await asking).svg, (await client.picture()).svg) == ("<svg/>", "<svg/>")
    assert host.received.empty()


async def test_calls_do_not_hear_each_other(host: ScriptedHost, client: DialogHostClient) -> None:
    one, two = Heard(), Heard()
    first, second = (
        Numbered(client.conversation(CALL, one)),
        Numbered(client.conversation(CallFacts("call-2", "", ""), two)),
    )
    first.send(activities.resume()), second.send(activities.resume())
    assert [(await host.receive())["request"] for _ in range(2)] == [1, 1]
    host.say(op="activity", request=1, conversation="call-2", activity={"type": "message", "text": "second"})
    host.say(op="activity", request=0, conversation="call-1", activity={"type": "message", "text": "by myself"})
    assert (await two.next()).text == "second"  # type: ignore[attr-defined]
    unasked = await one.next()
    assert isinstance(unasked, BotMessage)
    assert (unasked.request, unasked.text) == (0, "by myself")


async def test_what_is_outstanding_fails_when_the_host_goes_and_recovers_when_it_is_back(
    host: ScriptedHost, client: DialogHostClient
) -> None:
    heard, idle = Heard(), Heard()
    conversation = Numbered(client.conversation(CALL, heard))
    client.conversation(CallFacts("call-2", "", ""), idle)
    conversation.send(activities.user_message("billing"))
    await host.receive()
    await host.stop()
    failed = await heard.next()
    assert isinstance(failed, BotFailed)
    assert (failed.request, failed.reason) == (1, "the dialog host went away")
    conversation.send(activities.user_message("hello?"))
    refused = await heard.next()
    assert isinstance(refused, BotFailed)
    assert refused.request == 2
    assert not await client.ping(0.1)

    await host.start()
    assert isinstance(await heard.next(), BotRecovered)
    assert idle.nothing, "who lost nothing is not told"
    assert conversation.send(activities.resume()) == 3
    message = await host.receive()
    host.say(op="done", request=message["request"], conversation="call-1")
    assert await heard.next() == BotDone((pytest.approx(0, abs=1e12)), 3)


async def test_a_host_that_says_nothing_fails_the_request_and_recovers_when_it_speaks(tmp_path: Path) -> None:
    host = ScriptedHost(tmp_path / "mute.sock")
    await host.start()
    client = DialogHostClient(host.path, turn_timeout_s=0.01)
    await client.start()
    heard = Heard()
    client.conversation(CALL, heard).send(1, activities.user_message("billing"))
    request = (await host.receive())["request"]
    failed = await heard.next()
    assert isinstance(failed, BotFailed)
    assert "no answer" in failed.reason
    host.say(op="failed", request=request, conversation="call-1", error="too long")
    assert isinstance(await heard.next(), BotRecovered)
    assert not await client.ping(0.01), "pings are not answered either"
    await client.close()
    await host.stop()


async def test_each_message_of_the_host_counts_as_it_shows_that_the_host_lives(
    host: ScriptedHost, client: DialogHostClient
) -> None:
    asked = asyncio.create_task(client.ping())
    number = (await host.receive())["id"]
    host.say(op="failed", request=7, conversation="of another call", error="too long")
    await until(lambda: client.received_messages == 1)
    host.say(op="pong", id=number, texts=0)
    assert await asked
    assert client.received_messages == 2


async def test_what_keeps_the_host_from_turns_is_known_by_its_last_pong(
    host: ScriptedHost, client: DialogHostClient
) -> None:
    for trouble in ("redis://127.0.0.1:6379 does not answer", ""):
        asked = asyncio.create_task(client.ping())
        host.say(op="pong", id=(await host.receive())["id"], texts=0, trouble=trouble)
        assert await asked and client.trouble == trouble


async def test_closing_tells_the_bot_and_nothing_is_heard_afterwards(
    host: ScriptedHost, client: DialogHostClient
) -> None:
    heard = Heard()
    conversation = Numbered(client.conversation(CALL, heard))
    conversation.send(activities.user_message("billing"))
    request = (await host.receive())["request"]
    await conversation.close("caller")
    await conversation.close("caller")
    goodbye = await host.receive()
    assert (goodbye["activity"]["type"], goodbye["activity"]["text"]) == ("endOfConversation", "caller")
    assert await host.receive() == {"op": "close", "conversation": "call-1"}
    host.say(op="activity", request=request, conversation="call-1", activity={"type": "message", "text": "late"})
    host.say(op="done", request=request, conversation="call-1")
    asked = asyncio.create_task(client.ping())
    host.say(op="pong", id=(await host.receive())["id"], texts=0)
    assert await asked
    assert heard.nothing
    assert client.conversations == 0


async def test_what_was_asked_in_a_call_is_not_answered_in_the_next_of_the_same_id(
    host: ScriptedHost, client: DialogHostClient
) -> None:
    """Callers choose the id of a call, and may use it again."""
    before, after = Numbered(client.conversation(CALL, Heard())), Heard()
    before.send(activities.user_message("billing"))
    await before.close("caller")
    Numbered(client.conversation(CALL, after)).begin()
    asked, goodbye, _, _ = [await host.receive() for _ in range(4)]
    for turn, text in ((asked, "Your bill."), (goodbye, "Goodbye.")):
        activity = {"type": "message", "text": text}
        host.say(op="activity", request=turn["request"], conversation="call-1", activity=activity)
        host.say(op="done", request=turn["request"], conversation="call-1")
    host.say(op="activity", request=1, conversation="call-1", activity={"type": "message", "text": "Hello."})
    said = await after.next()
    assert isinstance(said, BotMessage) and said.text == "Hello."


async def test_nonsense_from_the_host_is_counted_and_dropped(host: ScriptedHost, client: DialogHostClient) -> None:
    host_lines = [
        b"not json\n",
        b"[]\n",
        b'"x"\n',
        b"{}\n",
        b'{"op":"done","conversation":"call-1","request":"x"}\n',
        b'{"op":"dance","conversation":"call-1","request":1}\n',
        b'{"op":"pong","id":"x","texts":0}\n',
    ]
    asked = asyncio.create_task(client.ping())
    number = (await host.receive())["id"]
    for line in host_lines:
        host.write(line)
    host.say(op="done", conversation="call-1", request=99)
    host.say(op="pong", id=number, texts=0)
    assert await asked
    assert client.malformed == len(host_lines)


async def test_what_cannot_be_sent_fails_alone(host: ScriptedHost, client: DialogHostClient) -> None:
    heard = Heard()
    conversation = Numbered(client.conversation(CALL, heard))
    conversation.send({"type": "event", "name": "big", "value": "x" * (1 << 20)})
    conversation.send({"type": "event", "name": "odd", "value": {1, 2}})
    conversation.send({"type": "event", "name": "surrogate", "value": "\ud800"})
    for request in (1, 2, 3):
        failed = await heard.next()
        assert isinstance(failed, BotFailed)
        assert failed.request == request
    conversation.send(activities.resume())
    assert (await host.receive())["activity"]["name"] == "voicebot.resume"


async def test_a_call_that_breaks_on_an_event_does_not_break_the_others(
    host: ScriptedHost, client: DialogHostClient
) -> None:
    def broken(event: Event) -> None:
        raise RuntimeError("this call is broken")

    heard = Heard()
    client.conversation(CALL, broken).send(1, activities.resume())
    client.conversation(CallFacts("call-2", "", ""), heard).send(1, activities.resume())
    for _ in range(2):
        turn = await host.receive()
        host.say(op="done", conversation=turn["activity"]["conversation"]["id"], request=turn["request"])
    assert isinstance(await heard.next(), BotDone)


async def test_without_a_host_the_start_says_so(tmp_path: Path) -> None:
    client = DialogHostClient(tmp_path / "nobody.sock")
    with pytest.raises(HostUnavailable, match=r"nobody\.sock"):
        await client.start(timeout_s=0.01)
    await client.close()


async def test_prompts_are_asked_for(host: ScriptedHost, client: DialogHostClient) -> None:
    asked = asyncio.create_task(client.prompts())
    number = (await host.receive())["id"]
    host.say(op="prompts", id=number, prompts=[{"text": "Hello.", "locale": "en-GB"}, {"text": 3}, "x",
                                             {"text": "Hi", "audio": "file:///hi.wav"}])  # fmt: skip
    assert await asked == (FixedPrompt("Hello.", "en-GB"), FixedPrompt("Hi", audio="file:///hi.wav"))


async def test_closing_the_client_leaves_no_task_behind(host: ScriptedHost) -> None:
    before = asyncio.all_tasks()
    client = DialogHostClient(host.path)
    await client.start()
    await client.close()
    await client.close()
    left = {task for task in asyncio.all_tasks() - before if "ScriptedHost" not in repr(task)}
    assert not left


async def test_what_begins_the_dialogs_after_a_start_that_failed_brings_the_facts_of_the_call(
    host: ScriptedHost, client: DialogHostClient
) -> None:
    heard = Heard()
    facts = CallFacts("call-9", "+15550100", "+15550199", direction="outbound", context={"order": 7})
    call = Numbered(client.conversation(facts, heard))

    async def sent(activity: dict[str, Any]) -> dict[str, Any]:
        call.send(activity)
        return dict((await host.receive())["activity"])

    told = (await sent(activities.conversation_update()))["channelData"]
    host.say(op="failed", conversation="call-9", request=1, error="boom")
    while not isinstance(await heard.next(), BotRecovered):
        pass
    for activity in (activities.resume(), activities.user_message("hello"), activities.key_message("1")):
        began = await sent(activity)
        assert began["channelData"].items() >= {"direction": "outbound", "context": {"order": 7}}.items()
    for request in (2, 3, 4):
        host.say(op="failed", conversation="call-9", request=request, error="boom")
    for _ in range(3):
        while not isinstance(await heard.next(), BotFailed):
            pass
    for activity in (activities.no_input(1), activities.interrupted("", 0.0)):
        began = await sent(activity)
        assert (began["name"], began["channelData"]) == ("voicebot.resume", told)
        host.say(op="failed", conversation="call-9", request=call.last, error="boom")
        while not isinstance(await heard.next(), BotFailed):
            pass
    await sent(activities.user_message("hello"))
    host.say(op="done", conversation="call-9", request=call.last)
    while not isinstance(await heard.next(), BotDone):
        pass
    assert "channelData" not in await sent(activities.no_input(1))


async def begun(host: ScriptedHost, client: DialogHostClient, heard: Heard) -> Numbered:
    conversation = Numbered(client.conversation(CALL, heard))
    asked = conversation.begin()
    await host.receive()
    host.say(op="done", request=asked, conversation="call-1")
    assert isinstance(await heard.next(), BotDone)
    return conversation


async def test_a_trial_tells_what_the_bot_would_say_and_is_no_event(
    host: ScriptedHost, client: DialogHostClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("voicebot.bots.host_client.TRIAL_S", 30.0)
    heard = Heard()
    conversation = await begun(host, client, heard)
    trial = asyncio.create_task(conversation.trial(activities.user_message("yes", prompt_heard=0.5)))
    asked = await host.receive()
    assert (asked["op"], asked["activity"]["text"], asked["activity"]["conversation"]["id"]) == (
        "trial", "yes", "call-1",
    )  # fmt: skip
    assert asked["activity"]["channelData"]["promptHeard"] == 0.5
    parameters = {"sessionParams": {"language": "de-DE"}}
    host.say(
        op="trial",
        id=asked["id"],
        activities=[
            {"type": "message", "text": "Good.", "speak": "<speak>Good.</speak>", "locale": "en-GB"},
            {"type": "event", "name": "config", "channelData": parameters},
            {"type": "message", "text": "Sehr gut."},
        ],
    )
    first, setting, second = await trial
    assert (first.speak, first.locale, first.request) == ("<speak>Good.</speak>", "en-GB", 0)
    assert (setting.language, second.speak) == ("de-DE", "Sehr gut.")
    assert heard.nothing


async def test_a_trial_before_the_dialogs_have_begun_is_not_asked_for(
    host: ScriptedHost, client: DialogHostClient
) -> None:
    conversation = Numbered(client.conversation(CALL, Heard()))
    assert await conversation.trial(activities.user_message("yes")) == []
    conversation.begin()
    assert (await host.receive())["op"] == "turn"


@pytest.mark.parametrize("answer", ["none", "nonsense", "away"])
async def test_a_trial_that_is_not_answered_tells_nothing(
    host: ScriptedHost, client: DialogHostClient, answer: str
) -> None:
    heard = Heard()
    conversation = await begun(host, client, heard)
    trial = asyncio.create_task(conversation.trial(activities.user_message("yes")))
    asked = await host.receive()
    if answer == "nonsense":
        host.say(op="trial", id=asked["id"], activities=[7, None, {"type": "message", "text": {}}, []])
    elif answer == "away":
        await host.stop()
    events = await trial
    assert [event for event in events if getattr(event, "speak", "")] == []
    assert heard.nothing
