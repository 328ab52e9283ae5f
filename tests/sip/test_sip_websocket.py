"""SIP over WebSocket, against a client that nobody can connect to, as a browser is: real sockets on loopback."""

from __future__ import annotations

import asyncio
import itertools
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import WSMsgType, web
from waiting import until

from voicebot.listening import Bounds
from voicebot.listening.http import HttpServer
from voicebot.sip import Access, AgentOptions, CallEnded, IncomingCall, Ladders, ListenAt, SipEndpoint, Strangers, Trunk
from voicebot.sip.connections import FIRST_MESSAGE_S, STRANGER_IDLE_S, Connections
from voicebot.sip.message import MAX_MESSAGE, SipRequest, SipResponse, parse_message
from voicebot.sip.offer_answer import offer
from voicebot.sip.websocket import PING_S

LOOPBACK = "127.0.0.1"
OFFER = offer(LOOPBACK, 40000)
DEADLINE_S = 20.0
WS, WSS = ListenAt("WS", port=0), ListenAt("WSS", port=0)
TICK_S = 6.0
"""Connections are looked at every five seconds."""


@asynccontextmanager
async def endpoint(
    *listen: ListenAt, trunks: Sequence[Trunk] = (), strangers: Strangers = "allow", bounds: Bounds | None = None
) -> AsyncIterator[SipEndpoint]:
    access = Access(strangers, connections=bounds or Bounds(total=20, of_source=20))
    made = SipEndpoint(
        *listen, trunks=trunks, access=access, options=AgentOptions(session_expires_s=0), on_invite=answer_at_once
    )
    await made.start()
    try:
        yield made
    finally:
        await made.close()
        assert not connections(made).flows and len(connections(made).admissions) == 0


def answer_at_once(call: IncomingCall) -> None:
    asyncio.ensure_future(call.answer(OFFER)).add_done_callback(lambda done: done.exception())


def connections(made: SipEndpoint) -> Connections:
    assert made._transports is not None
    return made._transports.connections


class Client:
    """A SIP client at the other end of a websocket."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self._numbers = itertools.count(1)

    async def send(self, method: str, to_tag: str = "", body: bytes = b"", number: int = 0) -> None:
        number = number or next(self._numbers)
        tag = f";tag={to_tag}" if to_tag else ""
        kind = "Content-Type: application/sdp\r\n" if body else ""
        head = (
            f"{method} sip:bot@{LOOPBACK} SIP/2.0\r\nVia: SIP/2.0/WS df7jal23ls0d.invalid;branch=z9hG4bK{number}\r\n"
            f"Max-Forwards: 70\r\nFrom: <sip:ada@example.com>;tag=theirs\r\nTo: <sip:bot@{LOOPBACK}>{tag}\r\n"
            f"Call-ID: by-websocket\r\nCSeq: {number} {method}\r\n{kind}"
            "Contact: <sip:q76u5@df7jal23ls0d.invalid;transport=ws;ob>\r\n\r\n"
        )
        await self.socket.send_str(head + body.decode())

    async def next(self) -> SipRequest | SipResponse:
        async with asyncio.timeout(DEADLINE_S):
            while True:
                message = await self.socket.receive()
                assert message.type is WSMsgType.TEXT, message
                got = parse_message(message.data.encode())
                if not (isinstance(got, SipResponse) and got.status < 200):
                    return got

    async def call(self) -> str:
        """Call, and be answered. Returns the tag of the other side."""
        await self.send("INVITE", body=bytes(OFFER), number=100)
        answer = await self.next()
        assert isinstance(answer, SipResponse) and answer.status == 200
        assert ";transport=ws" in answer.headers["Contact"]
        await self.send("ACK", answer.recipient.tag, number=100)
        return answer.recipient.tag


@asynccontextmanager
async def client(url: str, **options: object) -> AsyncIterator[Client]:
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(url, **{"protocols": ["sip"], "autoclose": True, **options}) as socket,  # type: ignore[arg-type]
    ):
        yield Client(socket)


def url_of(made: SipEndpoint) -> str:
    return f"ws://{LOOPBACK}:{made.port}/"


async def test_who_cannot_be_connected_to_is_called_back_on_the_same_websocket() -> None:
    taken: list[IncomingCall] = []
    ended: list[CallEnded] = []
    async with endpoint(WS) as made, client(url_of(made)) as caller:
        made.on_invite = lambda call: (taken.append(call), answer_at_once(call))[0]  # type: ignore[func-returns-value]
        await caller.call()
        await until(lambda: taken[0].is_up)
        taken[0].on_end = ended.append
        taken[0].bye()
        bye = await caller.next()
        assert isinstance(bye, SipRequest) and bye.method == "BYE"
        assert bye.uri == "sip:q76u5@df7jal23ls0d.invalid;transport=ws;ob"
        assert bye.via[0].transport == "WS"
        assert len(connections(made).flows) == 1
        assert [end.cause for end in ended] == ["local"]


async def test_what_is_kept_of_a_call_says_who_is_at_the_other_end_of_the_websocket() -> None:
    async with endpoint(WS) as made, client(url_of(made)) as caller:
        made.ladders = Ladders()
        await caller.call()
        kept = list(made.ladders.of("by-websocket"))
        assert {message.sent for message in kept} == {True, False}
        assert len({message.peer for message in kept}) == 1


async def test_the_caller_hangs_up_and_nothing_is_left() -> None:
    async with endpoint(WS) as made:
        async with client(url_of(made)) as caller:
            tag = await caller.call()
            assert made.active_calls == 1
            await caller.send("BYE", tag, number=101)
            answer = await caller.next()
            assert isinstance(answer, SipResponse) and answer.status == 200
            assert not made.active_calls
        await until(lambda: not connections(made).flows)


async def test_with_a_certificate_it_is_wss() -> None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    taken: list[IncomingCall] = []
    async with endpoint(WSS) as made, client(f"wss://{LOOPBACK}:{made.port}/sip", ssl=context) as caller:
        made.on_invite = lambda call: (taken.append(call), answer_at_once(call))[0]  # type: ignore[func-returns-value]
        await caller.call()
        assert taken[0].remote_address.secure
        await until(lambda: taken[0].is_up)
        taken[0].bye()
        bye = await caller.next()
        assert bye.via[0].transport == "WSS"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Host": "rebound.example"}, 421),
        ({"Origin": "https://crm.example.com.evil.example"}, 403),
        ({"Origin": "https://crm.example.com"}, 101),
        ({"Origin": "HTTPS://CRM.example.com"}, 101),
        ({"Sec-WebSocket-Protocol": "chat"}, 400),
    ],
)
async def test_pages_of_other_sites_call_only_where_they_may(headers: dict[str, str], status: int) -> None:
    async with endpoint(ListenAt("WS", port=0, origins=("https://crm.example.com",))) as made:
        protocols = [headers.pop("Sec-WebSocket-Protocol", "sip")]
        try:
            async with client(url_of(made), headers=headers, protocols=protocols) as caller:
                await caller.send("OPTIONS")
                answer = await caller.next()
                assert isinstance(answer, SipResponse) and answer.status == 200
                got = 101
        except aiohttp.WSServerHandshakeError as refused:
            got = refused.status
        assert got == status


async def test_a_keep_alive_is_answered_and_what_is_no_sip_costs_nothing() -> None:
    async with endpoint(WS) as made, client(url_of(made)) as caller:
        await caller.socket.send_str("\r\n\r\n")
        async with asyncio.timeout(DEADLINE_S):
            assert (await caller.socket.receive()).data == "\r\n"
        await caller.socket.send_str("hello, is there anybody?")
        await caller.socket.send_bytes(b"\xff\x00" * 100)
        await caller.socket.send_str("")
        await caller.send("OPTIONS")
        answer = await caller.next()
        assert isinstance(answer, SipResponse) and answer.status == 200
        assert made.counters.malformed >= 1


async def test_a_message_that_is_too_long_ends_the_websocket() -> None:
    async with endpoint(WS) as made, client(url_of(made)) as caller:
        await caller.socket.send_str("x" * (MAX_MESSAGE + 1))
        async with asyncio.timeout(DEADLINE_S):
            assert (await caller.socket.receive()).type in (WSMsgType.CLOSE, WSMsgType.CLOSED)
        assert caller.socket.close_code == aiohttp.WSCloseCode.MESSAGE_TOO_BIG
        await until(lambda: not connections(made).flows)


async def test_when_the_websocket_is_gone_nobody_is_connected_to_instead() -> None:
    taken: list[IncomingCall] = []
    ended: list[CallEnded] = []
    async with endpoint(WS) as made:
        made.on_invite = lambda call: (taken.append(call), answer_at_once(call))[0]  # type: ignore[func-returns-value]
        async with client(url_of(made)) as caller:
            await caller.call()
            await until(lambda: taken[0].is_up)
            taken[0].on_end = ended.append
        await until(lambda: not connections(made).flows)
        taken[0].bye()
        await until(lambda: ended and not made.active_calls)
        assert not connections(made)._by_address


@pytest.mark.virtual_time
async def test_websockets_of_strangers_end_soon_and_a_callers_lives() -> None:
    loop = asyncio.get_running_loop()
    async with endpoint(WS) as made:
        url, began, ended = url_of(made), loop.time(), dict[str, float]()
        async with client(url) as silent, client(url) as asked, client(url) as caller:
            await asked.send("OPTIONS")
            await asked.next()
            await caller.call()

            async def wait(name: str, one: Client) -> None:
                await one.socket.receive()  # it answers pings as well
                ended[name] = loop.time() - began

            names = {"silent": silent, "asked": asked, "caller": caller}
            waiting = [asyncio.ensure_future(wait(*each)) for each in names.items()]
            while loop.time() - began < 3 * STRANGER_IDLE_S:
                await asyncio.sleep(1)
            assert FIRST_MESSAGE_S < ended["silent"] <= FIRST_MESSAGE_S + TICK_S
            assert STRANGER_IDLE_S < ended["asked"] <= STRANGER_IDLE_S + TICK_S
            assert made.active_calls == 1 and len(connections(made).flows) == 1
            waiting[2].cancel()
            await asyncio.wait(waiting)


@pytest.mark.virtual_time
async def test_a_client_that_is_gone_without_a_word_is_let_go() -> None:
    loop = asyncio.get_running_loop()
    async with endpoint(WS) as made, client(url_of(made), autoping=False) as gone:
        await gone.call()
        began = loop.time()
        while connections(made).flows:
            await asyncio.sleep(1)
        assert loop.time() - began < 3 * PING_S


async def test_more_strangers_than_there_is_room_for_make_room_for_each_other() -> None:
    async with endpoint(WS, bounds=Bounds(total=4, of_source=4)) as made, client(url_of(made)) as caller:
        await caller.call()
        for _ in range(8):
            async with client(url_of(made)) as other:
                await other.send("OPTIONS")
        assert len(connections(made).admissions) <= 4
        assert made.active_calls == 1
        await until(lambda: any(one.in_call for one in connections(made).flows.values()))
        assert not caller.socket.closed


async def test_a_websocket_that_was_opened_for_a_trunk_is_the_trunks_whatever_strangers_may() -> None:
    taken: list[IncomingCall] = []
    page = Trunk("page", max_calls=1)
    async with endpoint(ListenAt("UDP", port=0), trunks=[page], strangers="drop") as made:
        made.on_invite = lambda call: (taken.append(call), answer_at_once(call))[0]  # type: ignore[func-returns-value]

        async def phone(request: web.Request) -> web.StreamResponse:
            return await made.websocket(request, "page")

        application = web.Application()
        application.router.add_get("/phone", phone)
        server = HttpServer(application, names=())
        await server.listen(LOOPBACK, 0)
        try:
            async with client(f"ws://{LOOPBACK}:{server.port}/phone") as caller:
                await caller.call()
                assert [call.trunk for call in taken] == ["page"]
                async with client(f"ws://{LOOPBACK}:{server.port}/phone") as second:
                    await second.send("INVITE", body=bytes(OFFER), number=7)
                    refused = await second.next()
                    assert isinstance(refused, SipResponse) and refused.status == 503
            await until(lambda: not connections(made).flows)
        finally:
            await server.close()
