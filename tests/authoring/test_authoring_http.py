"""Against a real web server on this machine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from voicebot.authoring.http import MAX_ANSWER, HttpClient, HttpFailed, HttpRequest


class Service:
    """Answers with what it is told to; notes what it was asked."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, bytes]] = []
        self.asked: list[tuple[str, str, Any]] = []
        self.url = ""

    async def handle(self, request: web.Request) -> web.Response:
        self.asked.append((request.method, request.path_qs, await request.read()))
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
