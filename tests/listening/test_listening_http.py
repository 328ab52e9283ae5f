"""HTTP behind a listener: how long clients are waited for, and that nothing of web pages comes through."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web
from aiohttp.compression_utils import ZLibDecompressor
from waiting import until

from voicebot.listening import Bounds
from voicebot.listening.http import BODY_S, HEAD_S, KEEP_ALIVE_S, UNREAD_S, HttpServer, read_body
from voicebot.listening.http_origin import own_names

LOOPBACK = "127.0.0.1"
GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n"
JSON = {"Content-Type": "application/json"}


class Site:
    """A server that answers with what it was sent, or much, or when it is let."""

    def __init__(self, bounds: Bounds) -> None:
        application = web.Application()
        application.router.add_route("*", "/", self._echo)
        application.router.add_get("/much", self._much)
        application.router.add_get("/held", self._held)
        application.router.add_get("/socket", self._socket)
        self.server = HttpServer(application, names=own_names(LOOPBACK), bounds=bounds)
        self.let = asyncio.Event()
        self.held = 0

    async def _echo(self, request: web.Request) -> web.Response:
        return web.Response(body=await read_body(request))

    async def _much(self, _request: web.Request) -> web.Response:
        return web.Response(body=bytes(16 << 20))

    async def _held(self, _request: web.Request) -> web.Response:
        self.held += 1
        await self.let.wait()
        return web.Response(text="at last")

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            await socket.send_str(message.data)
        return socket


@asynccontextmanager
async def site(bounds: Bounds | None = None) -> AsyncIterator[Site]:
    made = Site(bounds or Bounds(total=10, of_source=10))
    await made.server.listen(LOOPBACK, 0)
    try:
        yield made
    finally:
        await made.server.close()
        await until(lambda: not len(made.server.admissions))


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def answer(self) -> tuple[int, bytes]:
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
        return int(head.split()[1]), await self.reader.readexactly(length)

    async def gone(self) -> float:
        """When the server ended the connection."""
        with contextlib.suppress(ConnectionError):
            while await self.reader.read(1 << 16):
                pass
        self.writer.close()
        return asyncio.get_running_loop().time()


async def client(site: Site, *sent: bytes) -> Client:
    made = Client(*await asyncio.open_connection(LOOPBACK, site.server.port, limit=1 << 20))
    for data in sent:
        made.writer.write(data)
    return made


@pytest.mark.virtual_time
@pytest.mark.parametrize("sent", [b"", b"\r\n", b"GE", GET[:-2]])
async def test_a_head_that_does_not_come_ends_the_connection(sent: bytes) -> None:
    async with site() as served:
        began = asyncio.get_running_loop().time()
        waiting = await client(served, sent)
        assert await waiting.gone() - began == pytest.approx(HEAD_S, abs=0.5)


@pytest.mark.virtual_time
@pytest.mark.parametrize("first", [b"", GET])
async def test_a_head_that_comes_a_byte_at_a_time_prolongs_nothing(first: bytes) -> None:
    async with site() as served:
        began = asyncio.get_running_loop().time()
        slow = await client(served, first, b"GET / HTTP/1.1\r\nX: ")

        async def trickle() -> None:
            while True:
                await asyncio.sleep(2)
                slow.writer.write(b"x")

        trickling = asyncio.create_task(trickle())
        took = await slow.gone() - began
        trickling.cancel()
        assert took == pytest.approx(KEEP_ALIVE_S if first else HEAD_S, abs=0.5)


@pytest.mark.virtual_time
async def test_a_connection_may_be_idle_between_two_requests_for_a_while() -> None:
    async with site() as served:
        kept = await client(served, GET)
        for _ in range(3):
            assert await kept.answer() == (200, b"")
            await asyncio.sleep(KEEP_ALIVE_S - 2)
            kept.writer.write(GET)
        assert await kept.answer() == (200, b"")
        began = asyncio.get_running_loop().time()
        assert await kept.gone() - began == pytest.approx(KEEP_ALIVE_S, abs=0.5)


@pytest.mark.virtual_time
async def test_a_body_that_does_not_come_is_answered_408() -> None:
    async with site() as served:
        began = asyncio.get_running_loop().time()
        slow = await client(served, POST, b"{")
        assert (await slow.answer())[0] == 408
        assert asyncio.get_running_loop().time() - began == pytest.approx(BODY_S, abs=0.5)
        await slow.gone()


@pytest.mark.virtual_time
async def test_who_does_not_read_the_answer_is_cut_off() -> None:
    async with site() as served:
        deaf = await client(served)
        deaf.writer.transport.pause_reading()  # type: ignore[attr-defined]
        deaf.writer.write(GET.replace(b"/ ", b"/much ") * 2)
        await until(lambda: len(served.server.admissions) == 1)
        began = asyncio.get_running_loop().time()
        await until(lambda: not len(served.server.admissions), 600)
        assert asyncio.get_running_loop().time() - began < UNREAD_S + KEEP_ALIVE_S
        deaf.writer.transport.abort()


@pytest.mark.virtual_time
async def test_a_request_that_is_being_answered_and_a_websocket_have_no_deadline_here() -> None:
    async with site() as served, aiohttp.ClientSession() as http:
        held = await client(served, GET.replace(b"/ ", b"/held "))
        async with http.ws_connect(f"http://{LOOPBACK}:{served.server.port}/socket") as socket:
            await until(lambda: served.held)
            await asyncio.sleep(2 * KEEP_ALIVE_S)
            served.let.set()
            assert await held.answer() == (200, b"at last")
            await socket.send_str("still here")
            assert await socket.receive_str() == "still here"
        await held.gone()


async def test_idle_connections_make_room_for_new_ones_and_busy_ones_do_not() -> None:
    async with site(Bounds(total=2, of_source=2)) as served:
        busy = await client(served, GET.replace(b"/ ", b"/held "))
        await until(lambda: served.held)
        idle = await client(served)
        asking = await client(served, GET)
        assert await asking.answer() == (200, b"")
        await idle.gone()
        served.let.set()
        assert await busy.answer() == (200, b"at last")
        for one in (busy, asking):
            one.writer.close()


async def test_a_body_that_does_not_come_holds_no_place_that_others_need() -> None:
    async with site(Bounds(total=2, of_source=2)) as served:
        slow = [await client(served, POST, b"{") for _ in range(2)]
        await until(lambda: len(served.server.admissions) == 2)
        asking = await client(served, GET)
        assert await asking.answer() == (200, b"")
        await slow[0].gone()
        for one in (slow[1], asking):
            one.writer.close()


async def test_a_body_that_breaks_off_is_no_fault_of_ours(caplog: pytest.LogCaptureFixture) -> None:
    async with site() as served:
        gone = await client(served, POST, b"{")
        await until(lambda: len(served.server.admissions) == 1)
        gone.writer.transport.abort()
        await until(lambda: not len(served.server.admissions))
        broken = await client(served, POST.replace(b"Content-Length: 9", b"Transfer-Encoding: chunked"), b"x\r\n")
        assert (await broken.answer())[0] == 400
        broken.writer.close()
    assert caplog.text == ""


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"Host": "evil.example.com"} | JSON, 421, "MisdirectedRequest"),
        ({"Origin": "http://evil.example.com"} | JSON, 403, "Forbidden"),
        ({"Content-Type": "text/plain"}, 415, "UnsupportedMediaType"),
        (JSON, 200, ""),
    ],
)
async def test_what_pages_have_browsers_send_is_refused(headers: dict[str, str], status: int, code: str) -> None:
    async with site() as served, aiohttp.ClientSession() as http:
        url = f"http://{LOOPBACK}:{served.server.port}/"
        async with http.post(url, data=b'{"error": {"code": ""}}', headers=headers) as response:
            assert response.status == status
            assert json.loads(await response.read())["error"]["code"] == code


async def test_a_page_opens_no_websocket() -> None:
    async with site() as served, aiohttp.ClientSession() as http:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await http.ws_connect(f"http://{LOOPBACK}:{served.server.port}/socket", origin="http://evil.example.com")
        assert refused.value.status == 403


async def test_a_name_in_the_request_line_is_looked_at() -> None:
    async with site() as served:
        asking = await client(served, b"GET http://evil.example.com/ HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert (await asking.answer())[0] == 421
        asking.writer.close()


@pytest.mark.parametrize("path", ["/", "/held"])
async def test_a_compressed_body_is_refused_and_never_unpacked(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    unpacked = []
    monkeypatch.setattr(ZLibDecompressor, "decompress_sync", lambda *_, **__: unpacked.append(1) or b"")
    bomb = gzip.compress(bytes(20 << 20))
    async with site() as here, aiohttp.ClientSession() as http:
        url = f"http://127.0.0.1:{here.server.port}"
        for coding in ("gzip", "x-gzip", "deflate", "GZIP"):
            headers = JSON | {"Content-Encoding": coding}
            async with http.request("GET", url + path, data=bomb, headers=headers) as response:
                assert response.status == 415
        async with http.post(url, json=1, headers={"Content-Encoding": "identity"}) as response:
            assert await response.read() == b"1"
    assert not unpacked and not here.held
