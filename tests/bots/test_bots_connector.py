"""The Connector API as a bot finds it: each request, over HTTP, with what can be wrong about it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from bot_double import BotDouble
from callers import Caller
from identity_double import IdentityDouble
from waiting import until

from voicebot.address import Address
from voicebot.bots.bot_framework import BotFrameworkBot, BotFrameworkChannel
from voicebot.bots.channel import ChannelUnavailable
from voicebot.bots.connector import CallNotPlaced, route
from voicebot.bots.connector_server import ConnectorServer
from voicebot.events import BotFailed, BotMessage
from voicebot.own_trunks import LOOPBACK_TRUNK, PAGE_TRUNK

JSON = {"Content-Type": "application/json"}
MESSAGE = {"type": "message", "text": "Hello."}


class Line:
    """A caller on the line, and the bot's channel to them."""

    def __init__(
        self,
        caller: Caller,
        channel: BotFrameworkChannel,
        server: ConnectorServer,
        http: aiohttp.ClientSession,
        bot: BotDouble,
    ) -> None:
        self.caller, self.channel, self.server, self.http, self.bot = caller, channel, server, http, bot
        self.id = caller.conversation.id  # type: ignore[attr-defined]

    async def request(self, verb: str, path: str, **content: Any) -> tuple[int, Any]:
        url = f"{self.server.url}v3/conversations{path.replace('{c}', self.id)}"
        async with self.http.request(verb, url, headers=JSON if "data" in content else None, **content) as response:
            body = await response.read()
            return response.status, await response.json() if body else None


@asynccontextmanager
async def on_the_line(**facts: Any) -> AsyncIterator[Line]:
    bot, server = BotDouble(), ConnectorServer()
    await bot.start()
    channel = BotFrameworkBot(name="double", url=bot.url).channel(server)
    await channel.start()
    async with aiohttp.ClientSession() as http:
        yield Line(Caller(channel, facts=facts), channel, server, http, bot)
    await channel.close()
    await server.close()
    await bot.close()


async def test_what_is_sent_is_said_and_has_an_id() -> None:
    async with on_the_line() as line:
        for path in ("/{c}/activities", "/{c}/activities/some%7Cactivity"):
            status, answer = await line.request("POST", path, json=MESSAGE)
            assert (status, set(answer)) == (200, {"id"})
            message = await line.caller.next()
            assert isinstance(message, BotMessage) and message.speak == "Hello."


async def test_update_and_delete_are_taken_and_unsay_nothing() -> None:
    async with on_the_line() as line:
        _, answer = await line.request("POST", "/{c}/activities", json=MESSAGE)
        await line.caller.next()
        activity = f"/{{c}}/activities/{answer['id']}"
        assert await line.request("PUT", activity, json=MESSAGE | {"text": "Bye."}) == (200, answer)
        assert await line.request("DELETE", activity) == (200, None)
        assert (await line.request("PUT", "/{c}/activities/other", json=MESSAGE))[0] == 404
        assert line.caller.events.empty()


async def test_history_is_taken_and_not_said() -> None:
    async with on_the_line() as line:
        status, _ = await line.request("POST", "/{c}/activities/history", json={"activities": [MESSAGE]})
        assert status == 200
        assert line.caller.events.empty()


async def test_the_caller_is_the_member_of_the_conversation() -> None:
    caller = {"id": "+15550100", "role": "user"}
    async with on_the_line() as line:
        assert await line.request("GET", "/{c}/members") == (200, [caller])
        assert await line.request("GET", "/{c}/members/%2B15550100") == (200, caller)
        assert await line.request("GET", "/{c}/pagedmembers?pageSize=5") == (200, {"members": [caller]})
        assert await line.request("GET", "/{c}/activities/a/members") == (200, [caller])
        assert (await line.request("GET", "/{c}/members/+4930"))[0] == 404


async def test_a_conversation_with_a_caller_on_the_line_is_the_one_that_there_is() -> None:
    async with on_the_line(trunk="sbc") as line:
        wanted = {"members": [{"id": "+15550100"}], "activity": MESSAGE}
        status, answer = await line.request("POST", "", json=wanted)
        assert (status, answer["id"], answer["serviceUrl"]) == (201, line.id, line.server.url)
        assert isinstance(await line.caller.next(), BotMessage)
        status, answer = await line.request("POST", "", json={"members": [{"id": "+4930"}]})
        assert (status, answer["error"]["code"]) == (501, "NotSupported")


@pytest.mark.parametrize("trunk", ["", LOOPBACK_TRUNK, PAGE_TRUNK])
@pytest.mark.parametrize("caller", ["+15550100", "", "anonymous"])
async def test_who_only_claims_a_number_does_not_hear_what_is_meant_for_its_owner(caller: str, trunk: str) -> None:
    async with on_the_line(caller=caller, trunk=trunk) as line:
        wanted = {"members": [{"id": caller or "anonymous"}], "activity": MESSAGE}
        status, answer = await line.request("POST", "", json=wanted)
        assert (status, answer["error"]["code"]) == (501, "NotSupported")
        dialler = Dialler(line)
        line.server.place = dialler.place
        status, answer = await line.request("POST", "", json=wanted)
        assert status == 201 and answer["id"] != line.id
        assert [to for _, to, _ in dialler.placed] == [caller or "anonymous"]
        assert line.caller.events.empty()


async def test_a_bot_with_a_token_is_not_taken_for_one_without() -> None:
    identity = IdentityDouble({"app-1": "s3cret"})
    await identity.start()
    async with on_the_line(trunk="sbc") as line:
        other = BotFrameworkBot(name="other", url=line.bot.url, **identity.registered("app-1")).channel(line.server)
        await other.start()
        headers = {"Authorization": f"Bearer {identity.bot_token('app-1')}"}
        wanted = {"members": [{"id": "+15550100"}], "activity": MESSAGE}
        async with line.http.post(f"{line.server.url}v3/conversations", json=wanted, headers=headers) as response:
            assert response.status == 501
        assert line.caller.events.empty()
        await other.close()
    await identity.close()


class Dialler:
    """Calls people; ``answer`` begins the conversation with the bot, as a session does when somebody answers."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.placed: list[tuple[str, str, dict[str, Any]]] = []
        self.over: Callable[[str], None] = lambda reason: None

    async def place(self, bot: str, to: Address, context: Mapping[str, Any], over: Callable[[str], None]) -> str:
        if str(to) == "+900":
            raise CallNotPlaced("forbidden", "+900 may not be called")
        if str(to) == "busy":
            raise CallNotPlaced("full", "no room")
        self.placed.append((bot, str(to), dict(context)))
        self.over = over
        await asyncio.sleep(0)
        return f"out-{len(self.placed)}"

    def answer(self) -> Caller:
        facts = {"callee": self.placed[-1][1], "direction": "outbound"}
        return Caller(self.line.channel, call_id=f"out-{len(self.placed)}", facts=facts)


NOTICE = {"members": [{"id": "+4930"}], "activity": MESSAGE | {"id": "a1"}, "channelData": {"order": 7}}


async def test_a_bot_has_somebody_called_once_however_often_it_asks_and_is_heard_when_somebody_answers() -> None:
    async with on_the_line() as line:
        dialler = Dialler(line)
        line.server.place = dialler.place
        answers = await asyncio.gather(*(line.request("POST", "", json=NOTICE) for _ in range(3)))
        assert dialler.placed == [("double", "+4930", {"order": 7})]
        (identity,) = {body["id"] for status, body in answers if status == 201}
        asks = MESSAGE | {"text": "Are you there?"}
        assert (await line.request("POST", f"/{identity}/activities", json=asks))[0] == 200
        callee = dialler.answer()
        assert callee.conversation.id == identity  # type: ignore[attr-defined]
        heard = [await callee.next(), await callee.next()]
        assert [event.speak for event in heard if isinstance(event, BotMessage)] == ["Hello.", "Are you there?"]
        assert await callee.hear("yes") == ["You said yes."]
        assert callee.events.empty()
        dialler.over("ended")  # which the call has told already
        assert await line.request("GET", f"/{identity}/members") == (200, [{"id": "+4930", "role": "user"}])


async def test_a_bot_is_told_when_nobody_answers() -> None:
    async with on_the_line() as line:
        dialler = Dialler(line)
        line.server.place = dialler.place
        _, created = await line.request("POST", "", json=NOTICE)
        dialler.over("no-answer")
        await until(lambda: line.bot.received)
        (end,) = line.bot.received
        assert (end["type"], end["text"], end["conversation"]["id"]) == (
            "endOfConversation",
            "no-answer",
            created["id"],
        )


async def test_who_may_not_be_called_is_not_and_the_bot_is_told_why() -> None:
    async with on_the_line() as line:
        line.server.place = Dialler(line).place
        for to, status, code in (("+900", 403, "Forbidden"), ("busy", 503, "ServiceUnavailable")):
            answered, body = await line.request("POST", "", json={"members": [{"id": to}]})
            assert (answered, body["error"]["code"]) == (status, code)
        for bad in (
            {},
            [],
            {"members": []},
            {"members": [{"id": "a"}, {"id": "b"}]},
            {"members": [{"id": 5}]},
            {"members": [{"id": "http://a/"}]},
        ):
            answered, body = await line.request("POST", "", json=bad)
            assert (answered, body["error"]["code"]) == (400, "BadArgument")


@pytest.mark.parametrize(
    ("verb", "path", "content", "status", "code"),
    [
        ("POST", "", {"data": b"{"}, 400, "BadSyntax"),
        ("POST", "", {"data": b" " * 1_100_000}, 413, "MessageSizeTooBig"),
        ("POST", "/unknown/activities", {"json": MESSAGE}, 404, "ConversationNotFound"),
        ("POST", "/{c}/nothing", {"json": MESSAGE}, 404, "NotFound"),
        ("PATCH", "/{c}/activities", {"json": MESSAGE}, 405, "MethodNotAllowed"),
        ("GET", "", {}, 405, "MethodNotAllowed"),
        ("POST", "/{c}/activities", {"json": [MESSAGE]}, 400, "BadSyntax"),
        ("POST", "/{c}/activities", {"json": {"text": "no type"}}, 400, "BadSyntax"),
        ("POST", "/{c}/activities", {"json": MESSAGE | {"conversation": {"id": "other"}}}, 400, "BadArgument"),
        ("POST", "/{c}/activities", {"json": MESSAGE | {"serviceUrl": "https://other"}}, 403, "ServiceUrlMismatch"),
    ],
)
async def test_what_is_wrong_is_told_and_not_said(
    verb: str, path: str, content: dict[str, Any], status: int, code: str
) -> None:
    async with on_the_line() as line:
        answered, body = await line.request(verb, path, **content)
        assert (answered, body["error"]["code"]) == (status, code)
        assert body["error"]["message"]
        assert line.caller.events.empty()


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "BadSyntax"),
        (b"\xff\xfe", 400, "BadSyntax"),
        (b"[" * 100_000, 400, "BadSyntax"),
        (b'{"type": "message", "value": [' + b"0," * 20_000 + b"0]}", 400, "BadSyntax"),
        (b'{"type": "message", "text": "' + b"a " * 150_000 + b'"}', 413, "MessageSizeTooBig"),
    ],
)
async def test_what_cannot_be_read_is_no_silence_to_the_caller(body: bytes, status: int, code: str) -> None:
    async with on_the_line() as line:
        answered, answer = await line.request("POST", "/{c}/activities", data=body)
        assert (answered, answer["error"]["code"]) == (status, code)
        failed = await line.caller.next()
        assert isinstance(failed, BotFailed) and answer["error"]["message"] in failed.reason
        assert (await line.request("POST", "/{c}/activities", json=MESSAGE))[0] == 200
        assert isinstance(await line.caller.next(), BotMessage)


async def test_numbers_of_400_digits_do_nothing_and_the_call_goes_on() -> None:
    big = b"9" * 400
    async with on_the_line() as line:
        for activity in (
            b'{"type":"event","name":"config","channelData":{"sessionParams":{"userNoInputTimeoutMS":%b}}}' % big,
            b'{"type":"delay","value":%b}' % big,
            b'{"type":"delay","value":1e999}',
            b'{"type":"delay","value":NaN}',
            b'{"type":"message","text":"Hello."}',
        ):
            assert (await line.request("POST", "/{c}/activities", data=activity))[0] == 200
        message = await line.caller.next()
        assert isinstance(message, BotMessage) and message.speak == "Hello."


async def test_a_call_that_is_over_is_no_longer_there() -> None:
    async with on_the_line() as line:
        await line.caller.conversation.close("caller")
        await line.caller.conversation.over()  # type: ignore[attr-defined]
        assert (await line.request("POST", "/{c}/activities", json=MESSAGE))[0] == 404


async def test_a_port_that_is_taken_is_named() -> None:
    first = ConnectorServer()
    await first.start()
    with pytest.raises(ChannelUnavailable, match=str(first.port)):
        await ConnectorServer(port=first.port).start()
    await first.close()


def test_only_paths_of_the_api_are_taken_apart() -> None:
    assert route("/v3/conversations/a%2Fb/activities/c%7C1?x=1") == ("a/b", ("activities", "c|1"))
    assert route("/v3/conversations") == ("", ())
    assert route("/phone/v3/conversations/c/members") == ("c", ("members",))
    assert route("//[") is None
    assert route("/v3/botstate") is None
    assert route("/") is None
