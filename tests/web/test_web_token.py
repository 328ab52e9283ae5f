from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from voicebot.web.token import bearer


async def status(secret: Callable[[], str], path: str = "/v1/calls", authorization: str | None = None) -> int:
    """What is answered to a request; 200 when it is let through."""

    async def handler(_: web.Request) -> web.Response:
        return web.Response()

    headers = {} if authorization is None else {"Authorization": authorization}
    response = await bearer(secret)(make_mocked_request("GET", path, headers=headers), handler)
    assert isinstance(response, web.Response)
    if response.status == 401:
        assert response.headers["WWW-Authenticate"] == "Bearer"
    return response.status


@pytest.mark.parametrize(
    ("authorization", "expected"),
    [
        ("Bearer s3cret", 200),
        ("bearer  s3cret ", 200),
        ("Bearer s3cret2", 401),
        ("Bearer ", 401),
        ("Basic s3cret", 401),
        ("s3cret", 401),
        ("Bearer ßß", 401),
        (None, 401),
    ],
)
async def test_who_shows_the_token_is_let_through(authorization: str | None, expected: int) -> None:
    assert await status(lambda: "s3cret", authorization=authorization) == expected


async def test_a_token_whose_bytes_are_not_utf_8_is_refused() -> None:
    application = web.Application(middlewares=[bearer(lambda: "s3cret")])
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    reader, writer = await asyncio.open_connection(*runner.addresses[0][:2])
    writer.write(b"GET /v1/calls HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \xff\xfe\r\n\r\n")
    assert b" 401 " in await reader.readline()
    writer.close()
    await runner.cleanup()


async def test_without_a_secret_the_api_is_shut_and_the_rest_is_open() -> None:
    assert await status(lambda: "", authorization="Bearer ") == 403
    assert await status(lambda: "", "/healthz") == 200
    assert await status(lambda: "s3cret", "/metrics") == 200


async def test_a_token_file_that_cannot_be_read_is_the_operators_fault(tmp_path: Path) -> None:
    file = tmp_path / "token"
    assert await status(file.read_text, authorization="Bearer s3cret") == 503
    file.write_bytes(b"\xff\xfe\xff")
    assert await status(lambda: file.read_text("utf-8"), authorization="Bearer s3cret") == 503
    file.write_text("s3cret")
    assert await status(file.read_text, authorization="Bearer s3cret") == 200, "it is read each time"
    assert await status(lambda: "s3cret", "/healthz") == 200
