"""The console over HTTP: health, readiness, metrics, and the API that places calls and ends them."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from call_world import Line, World
from prometheus_client.parser import text_string_to_metric_families
from waiting import until

from voicebot import sip
from voicebot.address import Address
from voicebot.calls import Calls, Outbound
from voicebot.certificate import self_signed_pem
from voicebot.events import CallNotAnswered, NotReached
from voicebot.legs import Leg
from voicebot.web import Access, CallsApi, ConsoleServer, ConsoleUnavailable, Figure, Metrics, Role, Token

TOKEN = "let me in"


class Desk:
    """A console with real calls over the session's doubles, and an HTTP client of it."""

    def __init__(self, token: str | None, **options: Any) -> None:
        self.token = token
        self.unreadable: Exception | None = None
        self.why: list[str] = []
        self.legs: list[Line] = []
        self.world = World()
        self.calls = Calls(self.world.services)
        refused = Figure("calls_refused", "refused", {"limit": 3}, "reason")
        self.metrics = Metrics(self.calls.running, lambda: [refused])
        self.calls.on_record(self.metrics.call_ended)
        tokens = [Token("console", Role.ADMIN, self._secret)] if token is not None else []
        pbx = sip.Line.to("sip:pbx.example", "pbx", "7000")
        outbound = Outbound(self._dial, self.calls.accept, lines={"pbx": pbx}, allow=["+4930*"], ring_timeout_s=60)
        self.server = ConsoleServer(
            "127.0.0.1",
            0,
            api=CallsApi(self.calls, outbound),
            metrics=self.metrics,
            unready=lambda: self.why,
            access=Access(tokens, private=False),
            **options,
        )
        self.http: aiohttp.ClientSession

    def _secret(self) -> str:
        assert self.token is not None
        if self.unreadable is not None:
            raise self.unreadable
        return self.token

    async def _dial(
        self,
        to: Address,
        *,
        line: str,
        sender: Address | None,
        headers: Mapping[str, str],
        ring_timeout_s: float,
        within_call: bool = False,
    ) -> Leg:
        self.legs.append(Line("outbound", call_id=f"call/{len(self.legs) + 1}@pbx"))
        return self.legs[-1]

    async def ask(
        self, method: str, path: str, body: Any = None, token: str | None = TOKEN, **options: Any
    ) -> tuple[int, Any]:
        if token is not None:
            options["headers"] = {"Authorization": f"Bearer {token}"} | options.get("headers", {})
        url = f"http://127.0.0.1:{self.server.port}{path}"
        async with self.http.request(method, url, json=body, **options) as response:
            is_json = response.content_type == "application/json"
            return response.status, await (response.json() if is_json else response.text())

    async def figures(self) -> dict[tuple[str, str], float]:
        """Samples by name and the values of their labels."""
        _, text = await self.ask("GET", "/metrics", token=None)
        return {
            (sample.name, ",".join(sample.labels.values())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }


@asynccontextmanager
async def desk(token: str | None = TOKEN, **options: Any) -> AsyncIterator[Desk]:
    desk = Desk(token, **options)
    await desk.server.start()
    async with aiohttp.ClientSession() as desk.http:
        try:
            yield desk
        finally:
            await desk.server.close()
            await desk.calls.drain(0)
            await desk.world.line.hang_up()
            await desk.world.over()


async def test_health_and_readiness_need_no_token_and_tell_why_not() -> None:
    async with desk() as console:
        assert await console.ask("GET", "/healthz", token=None) == (200, {"ok": True})
        assert await console.ask("GET", "/readyz", token=None) == (
            200,
            {"ready": True, "why": [], "notes": []},
        )
        console.why = ["dialog host is not running"]
        assert await console.ask("GET", "/readyz", token=None) == (
            503,
            {"ready": False, "why": ["dialog host is not running"], "notes": []},
        )


async def test_with_a_certificate_it_is_reached_by_tls_only(tmp_path: Path) -> None:
    (pem := tmp_path / "console.pem").write_bytes(self_signed_pem("127.0.0.1"))
    async with desk(certificate=pem, key=pem) as console:
        assert console.server.url == f"https://127.0.0.1:{console.server.port}/"
        trusted = ssl.create_default_context(cafile=str(pem))
        async with console.http.get(f"{console.server.url}healthz", ssl=trusted) as response:
            assert response.status == 200
        with pytest.raises(aiohttp.ClientError):
            await console.ask("GET", "/healthz")


async def test_a_certificate_that_cannot_be_used_stops_the_start_and_says_so(tmp_path: Path) -> None:
    (bad := tmp_path / "console.pem").write_text("no certificate")
    with pytest.raises(ConsoleUnavailable, match="console: certificate and key cannot be used"):
        async with desk(certificate=bad, key=bad):
            pass


@pytest.mark.parametrize(
    ("public_url", "url"), [("https://bot.example/x", "https://bot.example/x/"), ("https://a.b/", "https://a.b/")]
)
async def test_behind_a_proxy_its_url_is_the_proxys(public_url: str, url: str) -> None:
    async with desk(public_url=public_url) as console:
        assert console.server.url == url


@pytest.mark.parametrize("shown", [None, "", "let me", "let me in!", "ßß"])
async def test_only_the_token_opens_the_api(shown: str | None) -> None:
    async with desk() as console:
        status, body = await console.ask("POST", "/v1/calls", {"to": "+4930123"}, token=shown)
        assert (status, body["error"]["code"]) == (401, "Unauthorized")
        assert (await console.ask("GET", "/v1/nothing", token=shown))[0] == 401
        assert console.legs == []


async def test_without_a_token_the_api_is_shut_and_says_how_it_is_opened() -> None:
    async with desk(token=None) as console:
        status, body = await console.ask("GET", "/v1/calls", token="")
        assert status == 403
        assert "VOICEBOT_CONSOLE__TOKEN" in body["error"]["message"]


@pytest.mark.parametrize("why", [PermissionError("no"), UnicodeDecodeError("utf-8", b"\xff", 0, 1, "no text")])
async def test_a_token_that_cannot_be_read_opens_the_api_to_nobody(why: Exception) -> None:
    async with desk() as console:
        console.unreadable = why
        for shown in (TOKEN, ""):
            status, body = await console.ask("POST", "/v1/calls", {"to": "+4930123"}, token=shown)
            assert (status, body["error"]["code"]) == (503, "ServiceUnavailable")
            assert "token_file" in body["error"]["message"]
        assert console.legs == []


async def test_a_call_is_placed_watched_and_ended() -> None:
    async with desk() as console:
        status, placed = await console.ask("POST", "/v1/calls", {"to": "+4930123", "context": {"order": 7}})
        assert (status, placed["state"], placed["direction"]) == (202, "calling", "outbound")
        path = f"/v1/calls/{placed['id']}"
        console.legs[0].rings.set()
        await until(lambda: console.calls.running()[0].phase == "up")
        assert (await console.ask("GET", path))[1]["state"] == "up"
        _, listed = await console.ask("GET", "/v1/calls")
        assert [call["id"] for call in listed["calls"]] == [placed["id"]]
        assert (await console.figures())["voicebot_calls_up", "outbound,up"] == 1
        assert (await console.ask("DELETE", path))[0] == 204
        await until(lambda: not len(console.calls))
        _, ended = await console.ask("GET", path)
        assert (ended["state"], ended["end"]) == ("ended", "bot")
        assert (await console.ask("DELETE", path))[0] == 204
        assert (await console.ask("GET", "/v1/calls"))[1] == {"calls": []}
        assert len((await console.ask("GET", "/v1/calls?ended=1"))[1]["calls"]) == 1
        figures = await console.figures()
        assert figures["voicebot_calls_total", "outbound,bot"] == 1
        assert figures["voicebot_call_setup_seconds_count", "outbound"] == 1
        assert figures["voicebot_calls_refused_total", "limit"] == 3


async def test_a_call_that_is_not_answered_says_why() -> None:
    async with desk() as console:
        _, placed = await console.ask("POST", "/v1/calls", {"to": "+4930123"})
        await until(lambda: console.legs[0].sink is not None)
        console.legs[0].refuse(CallNotAnswered(0.0, NotReached.BUSY, 486, "Busy Here"))
        await until(lambda: not len(console.calls))
        _, ended = await console.ask("GET", f"/v1/calls/{placed['id']}")
        assert ended["not_answered"] == {"outcome": "busy", "status": 486, "reason": "Busy Here"}
        assert (await console.figures())["voicebot_calls_total", "outbound,busy"] == 1


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"to": "+1900555"}, 403, "calls.outbound_allow"),
        ({"to": "Anna"}, 400, "neither a number nor a SIP URI"),
        ({}, 400, "to: Field required"),
        ({"to": 4930}, 400, "to: Input should be a valid string"),
        ({"to": "+4930", "ring": 5}, 400, "ring: no such field"),
        ({"to": "+4930", "bot": "x"}, 400, "there is no bot 'x'"),
        ([], 400, "the body"),
    ],
)
async def test_a_wish_that_cannot_be_met_is_told_why(body: Any, status: int, said: str) -> None:
    async with desk() as console:
        got, answer = await console.ask("POST", "/v1/calls", body)
        assert got == status
        assert said in answer["error"]["message"]
        assert console.legs == []


async def test_what_is_no_json_too_long_or_not_there_gets_an_answer_in_the_same_shape() -> None:
    async with desk() as console:
        authorized = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        assert (await console.ask("POST", "/v1/calls", data=b"{", headers=authorized))[0] == 400
        assert (await console.ask("POST", "/v1/calls", data=b"[" * 60_000, headers=authorized))[0] == 400
        status, body = await console.ask("POST", "/v1/calls", data=b"x" * 100_000, headers=authorized)
        assert (status, body["error"]["code"]) == (413, "ContentTooLarge")
        assert (await console.ask("GET", "/v1/calls/none"))[1]["error"]["code"] == "NotFound"
        assert (await console.ask("DELETE", "/v1/calls/none"))[0] == 404
        assert (await console.ask("GET", "/nothing"))[0] == 404
        assert (await console.ask("PUT", "/v1/calls"))[0] == 405


@pytest.mark.parametrize(
    ("host", "told"),
    [
        ("127.0.0.1", r"console\.port: .* Address already in use; .*change console\.port"),
        ("203.0.113.9", r"console\.host: .* no such address: set console\.host to .*console\.public_url"),
    ],
)
async def test_a_taken_port_and_an_address_that_is_not_ours_are_told_with_the_mend(host: str, told: str) -> None:
    async with desk() as console:
        other = ConsoleServer(
            *(host, console.server.port),
            api=CallsApi(console.calls, None),  # type: ignore[arg-type]
            metrics=console.metrics,
            unready=list,
            access=Access((), private=False),
        )
        with pytest.raises(ConsoleUnavailable, match=told):
            await other.start()
