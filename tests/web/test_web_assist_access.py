"""Who gets nothing of `/v1/assist`: without a token, with the wrong one, of another's call, too late."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import aiohttp
import pytest
from assist_desk import OPERATOR, AssistDesk, assist_desk
from waiting import until

from voicebot.web import access

CALL_PATHS = [
    ("GET", "/v1/assist/calls/c1"),
    ("GET", "/v1/assist/calls/c1/entries"),
    ("GET", "/v1/assist/calls/c1/events"),
    ("POST", "/v1/assist/calls/c1/pause"),
    ("POST", "/v1/assist/calls/c1/resume"),
    ("POST", "/v1/assist/calls/c1/summary"),
    ("POST", "/v1/assist/calls/c1/checklist/identity"),
]
PATHS = [
    *CALL_PATHS,
    ("GET", "/v1/assist/me"),
    ("GET", "/v1/assist/calls"),
    ("GET", "/v1/assist/agents/7001/events"),
    ("GET", "/v1/assist/knowledge?q=refund"),
    ("POST", "/v1/assist/tokens"),
]


async def test_every_route_is_among_those_that_are_tried_here() -> None:
    async with assist_desk() as desk:
        tried = {path.partition("?")[0].replace("/c1", "/{id}").replace("/7001", "/{agent}") for _, path in PATHS}
        assert {route.path for route in desk.api.routes} == {p.replace("/identity", "/{item}") for p in tried}


@pytest.mark.parametrize(("method", "path"), PATHS)
async def test_without_a_token_there_is_nothing(method: str, path: str) -> None:
    async with assist_desk() as desk:
        desk.call().say("a secret")
        told = [await desk.ask(method, path, token) for token in (None, "", "let me", "a.b.c", "ß")]
        assert {status for status, _ in told} == {401}
        assert "secret" not in str(told)


@pytest.mark.parametrize("authorization", ["Basic bGV0IG1lIGlu", "Bearer", "bearer.", f"Token {OPERATOR}", OPERATOR])
async def test_a_token_counts_in_its_place_only(authorization: str) -> None:
    async with assist_desk() as desk:
        offered = {"Authorization": authorization, "Sec-WebSocket-Protocol": f"bearer.{desk.token(supervisor=True)}"}
        async with desk.http.get(f"{desk.url}/v1/assist/calls", headers=offered) as response:
            assert (response.status, response.headers["WWW-Authenticate"]) == (401, "Bearer")


async def test_a_token_in_the_address_counts_for_nothing() -> None:
    async with assist_desk() as desk:
        token = desk.token(supervisor=True)
        for name in ("token", "access_token", "bearer"):
            assert (await desk.ask("GET", f"/v1/assist/calls?{name}={token}"))[0] == 401


@pytest.mark.parametrize(("method", "path"), CALL_PATHS)
async def test_a_call_of_another_is_one_that_does_not_exist(method: str, path: str) -> None:
    async with assist_desk() as desk:
        call = desk.call("c1", "7001")
        call.say("a secret")
        for token in (
            desk.token(agent="7002"),
            desk.token(agent="+15550100"),  # the caller's number
            desk.token(agent="sip:7001@elsewhere.example"),
            desk.token(call_id="c2"),
            desk.token(agent="7001", call_id="c2"),
            desk.token(supervisor=True, call_id="c2"),
        ):
            status, body = await desk.ask(method, path, token)
            assert status == 404
            assert body == (await desk.ask(method, path.replace("c1", "c9"), token))[1]
        assert call.listening
        assert len(call.feed.since(0).entries) == 2


async def test_a_list_has_what_one_may_see() -> None:
    async with assist_desk() as desk:
        desk.call("c1", "7001")
        desk.call("c2", "7002")

        async def listed(token: str, query: str = "") -> list[str]:
            status, body = await desk.ask("GET", f"/v1/assist/calls{query}", token)
            assert status == 200
            return [call["CallId"] for call in body["Calls"]]

        assert await listed(desk.token(agent="7001")) == ["c1"]
        assert await listed(desk.token(agent="7001"), "?agent=7002") == []
        assert await listed(desk.token(call_id="c2")) == ["c2"]
        assert await listed(desk.token(supervisor=True)) == ["c1", "c2"] == await listed(OPERATOR)
        assert await listed(OPERATOR, "?agent=7002") == ["c2"]
        assert await listed(OPERATOR, "?agent=%3Cscript%3E") == []


@pytest.mark.parametrize("path", ["7002", "%3Cb%3E", "sip:7001@pbx.example"])
async def test_an_agent_follows_his_own_calls_only(path: str) -> None:
    async with assist_desk() as desk:
        for token in (desk.token(agent="7001"), desk.token(call_id="c1")):
            assert (await desk.ask("GET", f"/v1/assist/agents/{path}/events", token))[0] == 403


@pytest.mark.parametrize("kind", ["agent", "supervisor", "call"])
async def test_nobody_but_the_operator_makes_tokens(kind: str) -> None:
    async with assist_desk() as desk:
        mine = {"agent": {"agent": "7001"}, "supervisor": {"supervisor": True}, "call": {"call_id": "c1"}}[kind]
        wish = {"Role": "supervisor"}
        assert (await desk.ask("POST", "/v1/assist/tokens", desk.token(**mine), wish))[0] == 401  # type: ignore[arg-type]
        status, made = await desk.ask("POST", "/v1/assist/tokens", OPERATOR, wish)
        assert status == 201
        assert (await desk.ask("GET", "/v1/assist/me", made["Token"]))[1]["IsSupervisor"] is True
        desk.operator = ""
        assert (await desk.ask("POST", "/v1/assist/tokens", "", wish))[0] == 401


async def test_a_token_for_calls_opens_nothing_else() -> None:
    async with assist_desk() as desk:
        token = desk.token(supervisor=True)
        for path in ("/v1/calls", "/v1/nothing", "/v1/assist", "/v1/assist/", "/v1/assist/../calls", "/v1/assist/none"):
            url = aiohttp.client.URL(f"{desk.url}{path}", encoded=True)
            async with desk.http.get(url, headers={"Authorization": f"Bearer {token}"}) as response:
                assert response.status == 401, path


async def test_what_has_expired_opens_nothing_and_what_was_open_ends() -> None:
    async with assist_desk() as desk:
        call = desk.call()
        token = desk.token(call_id="c1", life_s=60)
        async with desk.stream("/v1/assist/calls/c1/events", token) as stream:
            await stream.until("Participants")
            desk.now += 60
            call.say("a secret")
            assert await stream.rest() == [{"CallId": "c1", "EventType": "AccessEnded", "Why": "expired"}]
        status, body = await desk.ask("GET", "/v1/assist/calls/c1", token)
        assert (status, "expired" in body["error"]["message"]) == (401, True)
        await until(lambda: not len(desk.api.streams))


async def test_a_token_of_the_console_that_is_withdrawn_ends_what_is_open_by_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(access, "LOOK_S", 0.05)
    async with assist_desk() as desk:
        desk.call()
        async with desk.stream("/v1/assist/calls/c1/events", OPERATOR) as stream:
            await stream.until("Participants")
            desk.operator = "another one"
            await until(lambda: not len(desk.api.streams))


async def test_who_is_not_the_agent_any_more_sees_no_more() -> None:
    async with assist_desk() as desk:
        call = desk.call("c1", "7001")
        token = desk.token(agent="7001")
        async with (
            desk.stream("/v1/assist/calls/c1/events", token) as one,
            desk.stream("/v1/assist/agents/7001/events", token) as all_of_mine,
        ):
            await one.until("Participants")
            await all_of_mine.until("Participants")
            call.taken_by("7002")
            call.say("a secret")
            left = {"CallId": "c1", "EventType": "AccessEnded", "Why": "left"}
            assert await one.rest() == [left]
            assert await all_of_mine.event() == left
            call.taken_by("7001")
            assert (await all_of_mine.until("Utterance"))["Content"] == "a secret"


async def test_another_sites_page_opens_no_websocket() -> None:
    async with assist_desk() as desk:
        desk.call()
        offered = ("voicebot.assist", f"bearer.{desk.token(call_id='c1')}")
        url = f"{desk.url}/v1/assist/calls/c1/events"
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await desk.http.ws_connect(url, protocols=offered, origin="https://evil.example")
        assert refused.value.status == 403
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await desk.http.ws_connect(url, protocols=offered, headers={"Host": "evil.example"})
        assert refused.value.status == 421
        async with desk.http.ws_connect(url, protocols=offered, origin=desk.url) as socket:
            assert (await socket.receive_json())["EventType"] == "Participants"
            assert socket.protocol == "voicebot.assist"


async def test_the_page_is_reached_by_the_name_of_a_proxy_and_by_no_other() -> None:
    async with assist_desk("https://assist.example.com/calls/") as desk:
        call = desk.call()
        authorized = {"Authorization": f"Bearer {desk.token(agent='7001')}"}
        for host, origin, status in (
            ("assist.example.com", "https://assist.example.com", 204),
            ("assist.example.com", "https://evil.example", 403),
            ("evil.example", "https://evil.example", 421),
        ):
            headers = authorized | {"Host": host, "Origin": origin}
            async with desk.http.post(f"{desk.url}/v1/assist/calls/c1/pause", headers=headers) as response:
                assert (response.status, call.listening) == (status, False)
        _, made = await desk.ask("POST", "/v1/assist/tokens", OPERATOR, {"Role": "call", "CallId": "c1"})
        assert made["Page"].startswith("https://assist.example.com/calls/assist#call=c1&token=")


async def test_a_position_tells_nothing_of_calls_of_others() -> None:
    async with assist_desk() as desk:
        desk.call("c1", "7001")
        desk.call("c2", "7002")
        async with desk.stream("/v1/assist/agents/7001/events", desk.token(agent="7001"), "c2:1,c9:1") as stream:
            await stream.until("Participants")
            assert stream.last == "c1:1"


async def test_no_token_and_no_word_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        async with assist_desk() as desk:
            call = desk.call()
            call.say("a secret")
            token = desk.token(agent="7001")
            for method, path in PATHS:
                if "events" not in path:
                    await desk.ask(method, path, token)
            async with desk.stream("/v1/assist/calls/c1/events", token) as stream:
                await stream.until("Utterance")
            status, made = await desk.ask("POST", "/v1/assist/tokens", OPERATOR, {"Role": "agent", "Agent": "7001"})
            assert status == 201
    said = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("voicebot"))
    assert "listening to call c1" in said
    for secret in (token, made["Token"], OPERATOR, "a secret"):
        assert secret not in said


async def many(desk: AssistDesk, method: str, path: str, token: str) -> list[tuple[int, Any]]:
    return await asyncio.gather(*(desk.ask(method, path, token) for _ in range(20)))


async def test_many_wrong_tokens_leave_nothing_and_the_right_one_opens_all_the_same() -> None:
    async with assist_desk() as desk:
        desk.call()
        assert {status for status, _ in await many(desk, "GET", "/v1/assist/calls/c1/events", "x" * 5_000)} == {401}
        assert (await desk.ask("GET", "/v1/assist/calls/c1", desk.token(call_id="c1")))[0] == 200
        assert not len(desk.api.streams)
