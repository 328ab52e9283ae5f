"""`/v1/assist` for who may: what is read, what is done, and the streams, which go on where a client was."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest
from aiohttp import WSMsgType
from assist_desk import OPERATOR, AssistDesk, EventReader, assist_desk
from waiting import until

from voicebot.assist.analysis import AnalysisUnavailable
from voicebot.assist.feed import PAGE
from voicebot.listening import Bounds
from voicebot.listening.descriptors import raise_limit
from voicebot.listening.rates import Rate
from voicebot.web.assist_streams import MAX_MESSAGE
from voicebot.web.assist_watch import MOST_CALLS


def words(events: list[dict[str, Any]]) -> list[str]:
    return [event["Content"] for event in events if event["EventType"] == "Utterance"]


async def test_a_call_is_listed_shown_and_read_page_by_page() -> None:
    async with assist_desk() as desk:
        call = desk.call()
        for n in range(PAGE + 1):
            call.say(str(n))
        _, shown = await desk.ask("GET", "/v1/assist/calls/c1", OPERATOR)
        assert shown == {
            "CallId": "c1",
            "BeganAt": "2026-11-28T12:00:00.000Z",
            "IsRunning": True,
            "Participants": [
                {
                    "ParticipantId": "p1",
                    "ParticipantRole": "CUSTOMER",
                    "DisplayName": "Ada Miller",
                    "Address": "+15550100",
                },
                {
                    "ParticipantId": "p2",
                    "ParticipantRole": "AGENT",
                    "DisplayName": "Sam",
                    "Address": "sip:7001@pbx.example",
                },
            ],
            "LastEventNumber": PAGE + 2,
        }
        assert (await desk.ask("GET", "/v1/assist/calls", OPERATOR))[1] == {"Calls": [shown]}
        _, first = await desk.ask("GET", "/v1/assist/calls/c1/entries", OPERATOR)
        _, second = await desk.ask("GET", f"/v1/assist/calls/c1/entries?after={first['Next']}", OPERATOR)
        assert words(first["Entries"] + second["Entries"]) == [str(n) for n in range(PAGE + 1)]
        assert (second["Next"], second["Dropped"]) == (None, 0)


async def test_a_call_that_has_ended_is_read_for_a_while() -> None:
    async with assist_desk() as desk:
        call = desk.call()
        call.say("goodbye")
        call.end()
        desk.roster.ended(call)
        assert (await desk.ask("GET", "/v1/assist/calls", OPERATOR))[1] == {"Calls": []}
        _, listed = await desk.ask("GET", "/v1/assist/calls?ended=1", OPERATOR)
        assert [(c["CallId"], c["IsRunning"]) for c in listed["Calls"]] == [("c1", False)]
        async with desk.stream("/v1/assist/calls/c1/events", OPERATOR) as stream:
            assert words(await stream.rest()) == ["goodbye"]
            last = stream.last
        headers = {"Last-Event-ID": last}
        assert (await desk.ask("GET", "/v1/assist/calls/c1/events", OPERATOR, headers=headers))[0] == 204


@pytest.mark.parametrize("after", ["x", "-1", "1" * 16, "c1:x", "٣"])
async def test_a_position_that_is_none_is_refused_with_the_mend(after: str) -> None:
    async with assist_desk() as desk:
        desk.call()
        for path in ("calls/c1/entries", "calls/c1/events", "agents/7001/events"):
            status, body = await desk.ask("GET", f"/v1/assist/{path}?after={after}", OPERATOR)
            assert status == 400
            assert "the id of the last event" in body["error"]["message"]


async def test_listening_is_paused_and_resumed_and_everybody_learns_who_did() -> None:
    async with assist_desk() as desk:
        call = desk.call()
        agent = desk.token(agent="7001")
        async with desk.stream("/v1/assist/calls/c1/events", agent) as stream:
            for path, token, on, why in (
                ("pause", agent, False, "agent"),
                ("resume", OPERATOR, True, "program"),
            ):
                for _ in range(2):
                    assert (await desk.ask("POST", f"/v1/assist/calls/c1/{path}", token))[0] == 204
                told = await stream.until("Listening")
                assert (told["IsListening"], told["Why"], call.listening) == (on, why, on)


async def test_an_item_is_ticked_if_there_is_one() -> None:
    async with assist_desk() as desk:
        desk.call()
        token = desk.token(call_id="c1")
        assert (await desk.ask("POST", "/v1/assist/calls/c1/checklist/identity", token))[0] == 204
        assert (await desk.ask("POST", "/v1/assist/calls/c1/checklist/none", token))[0] == 404
        async with desk.stream("/v1/assist/calls/c1/events", token) as stream:
            assert (await stream.until("ChecklistItem"))["DoneBy"] == "agent"


async def test_a_summary_is_made_when_it_is_asked_for_or_it_is_told_why_not() -> None:
    async with assist_desk() as desk:
        call = desk.call()
        path = "/v1/assist/calls/c1/summary"
        summary = {"Reason": "a late parcel", "Promised": ["a call tomorrow"], "OpenPoints": ["the refund"]}
        assert await desk.ask("POST", path, OPERATOR) == (200, summary)
        call.summed_up = AnalysisUnavailable("locallanguage: no answer within 5 s")
        status, body = await desk.ask("POST", path, OPERATOR)
        assert (status, "locallanguage: no answer" in body["error"]["message"]) == (503, True)


async def test_the_knowledge_is_searched() -> None:
    async with assist_desk() as desk:
        token = desk.token(agent="7001")
        _, found = await desk.ask("GET", "/v1/assist/knowledge?q=refund", token)
        assert [article["Source"] for article in found["Articles"]] == ["refunds.md: Refunds"]
        assert (await desk.ask("GET", "/v1/assist/knowledge?q=+", token))[1] == {"Articles": []}
        assert (await desk.ask("GET", f"/v1/assist/knowledge?q={'x' * 201}", token))[0] == 400


@pytest.mark.parametrize(
    ("body", "sees", "page"),
    [
        ({"Role": "call", "CallId": "c1"}, ["c1"], "/assist#call=c1&token="),
        ({"Role": "agent", "Agent": "7002"}, ["c2"], "/assist#token="),
        ({"Role": "agent", "Agent": "7002", "CallId": "c1"}, [], "/assist#call=c1&token="),
        ({"Role": "supervisor", "LifeSeconds": 5.0}, ["c1", "c2"], "/assist#token="),
    ],
)
async def test_the_operator_makes_tokens_and_links(body: dict[str, Any], sees: list[str], page: str) -> None:
    async with assist_desk() as desk:
        desk.call("c1", "7001")
        desk.call("c2", "7002")
        status, made = await desk.ask("POST", "/v1/assist/tokens", OPERATOR, body)
        assert (status, made["Page"]) == (201, page + made["Token"])
        _, listed = await desk.ask("GET", "/v1/assist/calls", made["Token"])
        assert [call["CallId"] for call in listed["Calls"]] == sees
        _, me = await desk.ask("GET", "/v1/assist/me", made["Token"])
        assert (me["ExpiresAt"], me["CallId"]) == (made["ExpiresAt"], body.get("CallId", ""))
        desk.now += body.get("LifeSeconds", 3600.0)
        assert (await desk.ask("GET", "/v1/assist/me", made["Token"]))[0] == 401


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"Role": "agent"}, "Agent: write a number"),
        ({"Role": "agent", "Agent": "<b>"}, "Agent: write a number"),
        ({"Role": "call"}, "CallId: the call"),
        ({"Role": "root"}, "Role: "),
        ({"Role": "supervisor", "LifeSeconds": 1e12}, "LifeSeconds: "),
        ({"Role": "supervisor", "More": 1}, "More: no such field"),
        ([], "the body: "),
    ],
)
async def test_a_token_that_cannot_be_is_not_made(body: Any, said: str) -> None:
    async with assist_desk() as desk:
        status, answer = await desk.ask("POST", "/v1/assist/tokens", OPERATOR, body)
        assert status == 400
        assert said in answer["error"]["message"]


async def test_lines_come_while_they_are_said_and_a_client_goes_on_where_it_was() -> None:
    async with assist_desk() as desk:
        call = desk.call()
        path, token = "/v1/assist/calls/c1/events", desk.token(call_id="c1")
        async with desk.stream(path, token) as stream:
            call.say("my number", partial=True)
            told = await stream.until("Utterance")
            assert (told["Content"], told["IsPartial"], told["ParticipantRole"]) == ("my number", True, "CUSTOMER")
            call.say("My number is 7.", name="u1")
            assert (await stream.until("Utterance"))["Content"] == "My number is 7."
            last = stream.last
        call.say("Thank you.", party="p2")
        async with desk.stream(path, token, last) as stream:
            assert (await stream.event())["Content"] == "Thank you."
        async with desk.stream(path, token) as stream:
            assert [(await stream.until("Utterance"))["Content"] for _ in range(2)] == ["My number is 7.", "Thank you."]
        async with desk.stream(path, token, "9999") as stream:  # of something else
            assert (await stream.until("Utterance"))["Content"] == "My number is 7."


async def test_an_agent_gets_all_his_calls_as_they_come_and_goes_on_in_each() -> None:
    async with assist_desk() as desk:
        path, token = "/v1/assist/agents/7001/events", desk.token(agent="7001")
        async with desk.stream(path, token) as stream:
            first = desk.call("c1")
            assert (await stream.until("Participants"))["CallId"] == "c1"
            desk.call("c9", "7002").say("of somebody else")
            first.say("one")
            assert (await stream.until("Utterance"))["Content"] == "one"
            second = desk.call("c2")
            second.say("two")
            assert (await stream.until("Utterance"))["CallId"] == "c2"
            last = stream.last
        assert last == "c1:2,c2:2"
        first.say("three")
        first.end()
        desk.roster.ended(first)
        second.say("four")
        async with desk.stream(path, token, last) as stream:
            told = [await stream.event() for _ in range(3)]
        assert {(e["CallId"], e["EventType"]) for e in told} == {
            ("c1", "Utterance"),
            ("c1", "Ended"),
            ("c2", "Utterance"),
        }


async def test_an_agent_with_very_many_calls_gets_the_next_when_one_has_ended() -> None:
    async with assist_desk() as desk:
        calls = [desk.call(f"c{n}") for n in range(MOST_CALLS + 1)]
        async with desk.stream("/v1/assist/agents/7001/events", OPERATOR) as stream:
            told = {(await stream.until("Participants"))["CallId"] for _ in range(MOST_CALLS)}
            (left,) = {call.feed.call_id for call in calls} - told
            over = next(call for call in calls if call.feed.call_id != left)
            over.end()
            desk.roster.ended(over)
            assert (await stream.until("Participants"))["CallId"] == left


async def test_who_comes_after_entries_were_dropped_is_told_that_they_are_missing() -> None:
    async with assist_desk() as desk:
        call = desk.call()
        call.feed._most = 3
        for n in range(5):
            call.say(str(n))
        async with desk.stream("/v1/assist/calls/c1/events", OPERATOR, "1") as stream:
            assert await stream.event() == {"CallId": "c1", "EventType": "Missed", "UpTo": 3}
            assert (await stream.event())["EventNumber"] == 4


async def test_a_websocket_tells_the_same_and_ends_with_the_call() -> None:
    async with assist_desk() as desk:
        call = desk.call()
        headers = {"Authorization": f"Bearer {desk.token(agent='7001')}"}
        async with desk.http.ws_connect(f"{desk.url}/v1/assist/calls/c1/events?after=1", headers=headers) as socket:
            call.say("hello")
            assert (await socket.receive_json(timeout=30))["Content"] == "hello"
            call.end()
            assert (await socket.receive_json(timeout=30))["EventType"] == "Ended"
            assert (await socket.receive(timeout=30)).type is WSMsgType.CLOSE
        await until(lambda: not len(desk.api.streams))


@pytest.mark.parametrize("sent", ["hello", "x" * (MAX_MESSAGE + 1)])
async def test_a_client_that_talks_is_let_go(sent: str) -> None:
    async with assist_desk() as desk:
        desk.call()
        headers = {"Authorization": f"Bearer {OPERATOR}"}
        async with desk.http.ws_connect(f"{desk.url}/v1/assist/calls/c1/events?after=1", headers=headers) as socket:
            await socket.send_str(sent)
            assert (await socket.receive(timeout=30)).type is WSMsgType.CLOSE
        await until(lambda: not len(desk.api.streams))


@pytest.mark.parametrize("path", ["calls/c1/events", "agents/7001/events"])
async def test_who_wants_a_head_alone_gets_no_stream(path: str) -> None:
    async with assist_desk() as desk:
        desk.call()
        assert (await desk.ask("HEAD", f"/v1/assist/{path}", OPERATOR))[0] == 405
        assert not len(desk.api.streams)


async def test_clients_that_go_leave_nothing() -> None:
    async with assist_desk() as desk:
        call = desk.call()
        for _ in range(3):
            async with desk.stream("/v1/assist/calls/c1/events", OPERATOR) as stream:
                await stream.event()
            async with desk.stream("/v1/assist/agents/7001/events", OPERATOR) as stream:
                await stream.event()
        assert len(desk.api.streams) == 6

        def one_more() -> bool:
            call.say("is anybody there?")
            return not len(desk.api.streams)

        await until(one_more)


async def test_at_the_end_of_the_service_streams_end_at_once() -> None:
    async with assist_desk() as desk:
        desk.call()
        headers = {"Authorization": f"Bearer {OPERATOR}"}
        async with (
            desk.http.ws_connect(f"{desk.url}/v1/assist/agents/7001/events", headers=headers) as socket,
            desk.stream("/v1/assist/calls/c1/events", OPERATOR) as stream,
        ):
            await stream.event()
            await socket.receive_json(timeout=30)
            await desk.server.close()
            assert await stream.rest() == []
            assert (await socket.receive(timeout=30)).data == aiohttp.WSCloseCode.GOING_AWAY


async def last_word(desk: AssistDesk, here: asyncio.Semaphore) -> str:
    """What is said last in the call c1, read as it comes."""
    async with desk.stream("/v1/assist/calls/c1/events", OPERATOR) as stream:
        event = await stream.until("Utterance")
        here.release()
        while event["IsPartial"]:
            event = await stream.until("Utterance")
        return str(event["Content"])


@pytest.mark.slow
async def test_a_thousand_viewers_of_one_call_lose_nothing_and_those_of_another_wait_for_none_of_them() -> None:
    if raise_limit() < 3_000:
        pytest.skip("this machine allows fewer open files")
    at_once = Rate(10_000, 10_000)
    bounds = Bounds(total=1_100, of_source=1_100, arrivals=at_once, arrivals_of_source=at_once)
    async with (
        assist_desk(bounds=bounds) as desk,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as crowd,
    ):
        desk.http, alone = crowd, desk.http
        call, other = desk.call("c1"), desk.call("c2")
        name = call.say("word", partial=True)
        here = asyncio.Semaphore(0)
        viewers = [asyncio.create_task(last_word(desk, here)) for _ in range(1_000)]
        for _ in viewers:
            await here.acquire()
        headers = {"Authorization": f"Bearer {OPERATOR}"}
        async with alone.get(f"{desk.url}/v1/assist/calls/c2/events", headers=headers) as response:
            stream = EventReader(response)
            for n in range(20):
                call.say("word " * n, partial=True, name=name)
                other.say(str(n))
                assert (await stream.until("Utterance"))["Content"] == str(n)
        call.say("That was all.", name=name)
        assert await asyncio.gather(*viewers) == ["That was all."] * 1_000
