"""Against a real web server on this machine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import TCPConnector, web
from aiohttp.test_utils import TestServer

from voicebot.authoring import http
from voicebot.authoring.http import MAX_ANSWER, HttpClient, HttpFailed, HttpRequest
from voicebot.trace_context import current


class Service:
    """Answers with what it is told to; notes what it was asked."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, bytes]] = []
        self.asked: list[tuple[str, str, Any]] = []
        self.traces: list[str | None] = []
        self.url = ""

    async def handle(self, request: web.Request) -> web.Response:
        self.asked.append((request.method, request.path_qs, await request.read()))
        self.traces.append(request.headers.get("traceparent"))
        status, body = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return web.Response(status=status, body=body)


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    service = Service()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", service.handle)
    server = TestServer(app)
    await server.start_server()
    service.url = str(server.make_url("/x"))
    yield service
    await server.close()


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    client = HttpClient()
    yield client
    await client.close()


async def test_json_comes_back_as_values_and_anything_else_as_text(service: Service, client: HttpClient) -> None:
    service.answers = [(200, b'{"a": [1, 2]}'), (200, b"plain"), (204, b"")]
    assert await client.fetch(HttpRequest("get", service.url, query={"q": "a b"})) == {"a": [1, 2]}
    assert await client.fetch(HttpRequest("get", service.url)) == "plain"
    assert await client.fetch(HttpRequest("delete", service.url)) is None
    assert service.asked[0][:2] == ("GET", "/x?q=a+b")


async def test_what_may_pass_is_tried_again_where_that_is_safe(service: Service, client: HttpClient) -> None:
    service.answers = [(503, b""), (200, b"1")]
    assert await client.fetch(HttpRequest("get", service.url, retries=1)) == 1
    assert len(service.asked) == 2


@pytest.mark.parametrize(
    ("method", "status", "attempts"), [("post", 503, 1), ("get", 404, 1), ("get", 503, 2), ("put", 429, 2)]
)
async def test_what_fails_is_told_with_its_status(
    service: Service, client: HttpClient, method: str, status: int, attempts: int
) -> None:
    service.answers = [(status, b"")]
    with pytest.raises(HttpFailed) as raised:
        await client.fetch(HttpRequest(method, service.url, retries=1, body={"a": 1}))
    assert raised.value.status == status
    assert len(service.asked) == attempts


@pytest.mark.parametrize("url", ["not an address", "http://127.0.0.1:9/", "file:///etc/passwd", ""])
async def test_an_address_where_nobody_answers_fails_without_a_status(client: HttpClient, url: str) -> None:
    with pytest.raises(HttpFailed) as raised:
        await client.fetch(HttpRequest("get", url))
    assert raised.value.status == 0


async def test_an_endless_answer_is_refused(service: Service, client: HttpClient) -> None:
    service.answers = [(200, b"x" * (MAX_ANSWER + 1))]
    with pytest.raises(HttpFailed, match="more than"):
        await client.fetch(HttpRequest("get", service.url))


async def test_a_header_with_a_line_break_is_refused(service: Service, client: HttpClient) -> None:
    service.answers = [(200, b"1")]
    with pytest.raises(HttpFailed):
        await client.fetch(HttpRequest("get", service.url, headers={"X": "a\r\nEvil: 1"}))


TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.mark.parametrize(
    ("trace", "headers", "told"),
    [(TRACE, {}, TRACE), (TRACE, {"Traceparent": "the file's"}, "the file's"), ("", {}, None)],
)
async def test_a_service_is_told_the_trace_of_the_call_unless_the_file_says_another(
    service: Service, client: HttpClient, trace: str, headers: dict[str, str], told: str | None
) -> None:
    service.answers = [(200, b"1")]
    current.set(trace)
    await client.fetch(HttpRequest("get", service.url, headers=headers))
    assert service.traces == [told]


class Moved:
    """Two servers: the first sends on to where it is told; each notes what it was asked."""

    def __init__(self) -> None:
        self.status = 302
        self.location = ""
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        self.first = self.second = ""

    async def handle(self, request: web.Request) -> web.Response:
        self.asked.append((request.host, request.path_qs, dict(request.headers), await request.read()))
        if request.path == "/from":
            return web.Response(status=self.status, headers={"Location": self.location})
        return web.json_response(request.method)


@pytest.fixture
async def moved() -> AsyncIterator[Moved]:
    moved = Moved()
    servers = []
    for _ in range(2):
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", moved.handle)
        servers.append(TestServer(app))
        await servers[-1].start_server()
    moved.first, moved.second = (f"http://127.0.0.1:{server.port}" for server in servers)
    yield moved
    for server in servers:
        await server.close()


SECRET = {"Authorization": "Bearer s3cret", "X-Api-Key": "s3cret"}


async def test_a_redirection_on_the_same_server_keeps_what_was_asked(moved: Moved, client: HttpClient) -> None:
    moved.location = "/to?a=1"
    assert await client.fetch(HttpRequest("get", f"{moved.first}/from", SECRET, {"q": "x"})) == "GET"
    assert moved.asked[1][1] == "/to?a=1"
    assert moved.asked[1][2]["X-Api-Key"] == "s3cret"
    moved.status = 307
    assert await client.fetch(HttpRequest("post", f"{moved.first}/from", body={"a": 1})) == "POST"
    assert moved.asked[-1][3] == b'{"a": 1}'
    moved.status = 303
    assert await client.fetch(HttpRequest("post", f"{moved.first}/from", body={"a": 1})) == "GET"


async def test_a_redirection_never_leads_to_another_server_that_is_private(moved: Moved, client: HttpClient) -> None:
    moved.location = f"{moved.second}/to"
    with pytest.raises(HttpFailed):
        await client.fetch(HttpRequest("get", f"{moved.first}/from", SECRET))
    assert len(moved.asked) == 1


async def test_another_server_gets_no_header_of_the_first(
    moved: Moved, client: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "public_connector", TCPConnector)  # the second server is on this machine as well
    moved.location = f"{moved.second}/to"
    assert await client.fetch(HttpRequest("get", f"{moved.first}/from", SECRET, {"key": "s3cret"})) == "GET"
    host, path, headers, _ = moved.asked[1]
    assert (f"http://{host}", path) == (moved.second, "/to")
    assert "s3cret" not in str(headers)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize("method", ["put", "patch"])
async def test_another_server_gets_no_body_either(
    moved: Moved, client: HttpClient, status: int, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "public_connector", TCPConnector)
    moved.status, moved.location = status, f"{moved.second}/to"
    with pytest.raises(HttpFailed, match="another server"):
        await client.fetch(HttpRequest(method, f"{moved.first}/from", body={"pin": 1}))
    assert len(moved.asked) == 1


@pytest.mark.parametrize("location", ["file:///etc/passwd", "http://[::", "http://u:p@127.0.0.1/", "/from"])
async def test_a_redirection_to_nowhere_fails(moved: Moved, client: HttpClient, location: str) -> None:
    moved.location = location
    with pytest.raises(HttpFailed):
        await client.fetch(HttpRequest("get", f"{moved.first}/from", retries=0))


async def test_cookies_of_one_call_are_not_shown_for_another(client: HttpClient) -> None:
    shown: list[str] = []

    async def handle(request: web.Request) -> web.Response:
        shown.append(request.headers.get("Cookie", ""))
        return web.Response(text="1", headers={"Set-Cookie": "session=of-one-caller"})

    app = web.Application()
    app.router.add_get("/", handle)
    server = TestServer(app, host="localhost")
    await server.start_server()
    for _ in range(2):
        await client.fetch(HttpRequest("get", f"http://localhost:{server.port}/"))
    await server.close()
    assert shown == ["", ""]
