"""Who is let in by which token, and who where there is none."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from voicebot.web import Access, Role, Token
from voicebot.web.roles import HOLDER


async def status(access: Access, path: str = "/v1/me", **headers: str) -> int:
    """What is answered to a request; 200 when it is let through."""

    async def handler(_: web.Request) -> web.Response:
        return web.Response()

    application = web.Application()
    for route in ("/v1/me", "/v1/calls", "/healthz"):
        application.router.add_get(route, handler)
    request = make_mocked_request("GET", path, headers=headers)
    request._match_info = await application.router.resolve(request)
    try:
        return (await access.guard(request, handler)).status
    except web.HTTPException as refused:
        if refused.status == 401:
            assert refused.headers["WWW-Authenticate"] == "Bearer"
        return refused.status


def one(read: Callable[[], str]) -> Access:
    return Access([Token("console", Role.ADMIN, read)], private=True)


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
    ],
)
async def test_who_shows_the_token_is_let_through(authorization: str, expected: int) -> None:
    assert await status(one(lambda: "s3cret"), Authorization=authorization) == expected


async def test_a_token_whose_bytes_are_not_utf_8_is_refused() -> None:
    application = web.Application(middlewares=[one(lambda: "s3cret").guard])
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    reader, writer = await asyncio.open_connection(*runner.addresses[0][:2])
    writer.write(b"GET /v1/calls HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \xff\xfe\r\n\r\n")
    assert b" 401 " in await reader.readline()
    writer.close()
    await runner.cleanup()


async def test_without_a_token_who_sits_at_this_machine_may_do_all_and_nobody_else_anything() -> None:
    at_home, public = Access((), private=True), Access((), private=False)
    assert await status(at_home) == await status(at_home, Authorization="Bearer x") == 200
    assert await status(public) == await status(public, Authorization="Bearer ") == 403
    assert await status(public, "/healthz") == 200


@pytest.mark.parametrize("header", ["Forwarded", "X-Forwarded-For", "Via"])
async def test_who_comes_by_a_proxy_does_not_sit_at_this_machine(header: str) -> None:
    assert await status(Access((), private=True), **{header: "for=192.0.2.1"}) == 403


async def test_a_token_that_is_empty_lets_nobody_in_not_even_at_this_machine() -> None:
    assert await status(one(str)) == await status(one(str), Authorization="Bearer ") == 401


async def test_a_token_file_that_cannot_be_read_is_the_operators_fault(tmp_path: Path) -> None:
    file, shown = tmp_path / "token", "Bearer s3cret"
    assert await status(one(file.read_text), Authorization=shown) == 503
    file.write_bytes(b"\xff\xfe\xff")
    assert await status(one(lambda: file.read_text("utf-8")), Authorization=shown) == 503
    file.write_text("s3cret")
    assert await status(one(file.read_text), Authorization=shown) == 200, "it is read each time"
    assert await status(one((tmp_path / "none").read_text), "/healthz") == 200


async def test_the_other_tokens_open_though_one_cannot_be_read(tmp_path: Path) -> None:
    lost = Token("lost", Role.ADMIN, (tmp_path / "none").read_text)
    access = Access([lost, Token("wall", Role.VIEWER, lambda: "w4ll")], private=True)
    assert await status(access, Authorization="Bearer w4ll") == 200
    assert await status(access, "/v1/calls", Authorization="Bearer w4ll") == 403
    assert await status(access, Authorization="Bearer other") == 503


async def test_what_has_no_line_in_the_table_is_for_nobody(caplog: pytest.LogCaptureFixture) -> None:
    async def forgotten(_: web.Request) -> web.Response:
        return web.Response()

    application = web.Application()
    application.router.add_get("/v1/forgotten", forgotten)
    request = make_mocked_request("GET", "/v1/forgotten")
    request._match_info = await application.router.resolve(request)
    with pytest.raises(web.HTTPForbidden):
        await Access((), private=True).guard(request, forgotten)
    assert "GET /v1/forgotten has no line in the table" in caplog.text
    assert HOLDER not in request
