"""The table of who may ask for what: against every route of the server, and with every role."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from archive_run import archive
from call_world import World

from voicebot.archive.client import ArchiveClient
from voicebot.assist.access import AccessTokens
from voicebot.assist.roster import Roster
from voicebot.calls import Calls
from voicebot.web import (
    Access,
    AssistApi,
    CallsApi,
    ConsoleServer,
    Gate,
    LiveApi,
    Metrics,
    OperationsApi,
    PhoneApi,
    RecordsApi,
    Role,
    Token,
)
from voicebot.web.permissions import PERMISSIONS, Proof, permission


async def carried(_: web.Request) -> web.StreamResponse:
    return web.Response(text="carried")


async def no_findings() -> list[dict[str, Any]]:
    return []


def whole_server(archive: ArchiveClient | None = None) -> ConsoleServer:
    """A console with all that it can have. The token of a role is its name."""
    access = Access([Token(f"the {role}", role, lambda role=role: str(role)) for role in Role], private=True)  # type: ignore[misc]
    calls = Calls(World().services)
    return ConsoleServer(
        "127.0.0.1",
        0,
        api=CallsApi(calls, None),  # type: ignore[arg-type]
        metrics=Metrics(),
        unready=list,
        access=access,
        assist=AssistApi(Roster(), Gate(AccessTokens("0" * 32), access), lambda _: ()),
        phone=PhoneApi(carried, access, calls=1),
        live=LiveApi(calls, words=True),
        records=RecordsApi(archive or ArchiveClient(Path("nowhere")), Path("nowhere"), access),
        operations=OperationsApi(list, lambda _: (), lambda: None, no_findings, access.audit),
    )


def routes(server: ConsoleServer) -> list[tuple[str, str]]:
    """Method and path of each."""
    resources = server.application().router.resources()
    found = {(route.method, resource.canonical) for resource in resources for route in resource}
    return sorted((method, path) for method, path in found if method != "HEAD")


def asked(path: str) -> str:
    return path.replace("{", "").replace("}", "")


@asynccontextmanager
async def running() -> AsyncIterator[tuple[aiohttp.ClientSession, str, ConsoleServer]]:
    with tempfile.TemporaryDirectory() as place:
        async with archive(Path(place) / "records") as client:
            server = whole_server(client)
            await server.start()
            try:
                async with aiohttp.ClientSession() as http:
                    yield http, server.url.rstrip("/"), server
            finally:
                await server.close()


async def test_every_route_of_the_server_has_a_line_and_every_line_a_route() -> None:
    there = routes(whole_server())
    assert len(there) > 40
    lacking = [(method, path) for method, path in there if permission(method, path) is None]
    assert not lacking, "a new route needs a line in voicebot/web/permissions.py"
    folders = {f"{method} /{path.split('/')[1]}/*" for method, path in there}
    assert set(PERMISSIONS) <= {f"{method} {path}" for method, path in there} | folders


async def test_what_changes_something_is_noted() -> None:
    unseen = {"/v1/phone/tickets", "/v1/assist/calls/{id}/summary"}  # they change nothing that others see
    for method, path in routes(whole_server()):
        needed = permission(method, path)
        if method != "GET":
            assert needed is not None and needed.needs is not Proof.NONE, path
            assert bool(needed.action) == (path not in unseen), path


@pytest.mark.parametrize("path", ["/v1/me", "/v1/calls", "/v1/live/calls/events", "/v1/assist/me"])
def test_what_tells_of_calls_is_open_to_nobody_without_proof(path: str) -> None:
    needed = permission("GET", path)
    assert needed is not None and needed.needs is not Proof.NONE


async def test_each_role_may_do_what_the_table_says_and_nothing_else() -> None:
    """Who may is answered by the handler: never by 401 or 403. Streams are not read."""
    async with running() as (http, at, server):

        async def status(method: str, path: str, token: str) -> int:
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            async with http.request(
                method, at + asked(path), headers=headers, json={} if method == "POST" else None
            ) as got:
                return got.status

        for method, path in routes(server):
            needed = permission(method, path)
            assert needed is not None
            if needed.needs is Proof.NONE:
                assert await status(method, path, "") == 200
            if not isinstance(needed.needs, Role):
                continue
            assert await status(method, path, "") == 401 == await status(method, path, "nobody"), path
            for role in Role:
                got = await status(method, path, str(role))
                assert (got == 403) == (role < needed.needs), (method, path, role, got)
                assert got != 401 and got < 500, (method, path, role, got)


async def test_what_is_not_there_is_not_told_to_who_may_not_ask() -> None:
    async with running() as (http, at, _):
        for path, token, status in (("/v1/none", "", 401), ("/v1/none", "viewer", 404), ("/none", "", 404)):
            headers: dict[str, Any] = {"Authorization": f"Bearer {token}"} if token else {}
            async with http.get(at + path, headers=headers) as got:
                assert got.status == status


async def test_a_page_asks_who_it_is_for() -> None:
    agent = {"Authorization": "Bearer agent"}
    async with running() as (http, at, _), http.get(f"{at}/v1/me", headers=agent) as got:
        assert await got.json() == {"name": "the agent", "role": "agent"}
