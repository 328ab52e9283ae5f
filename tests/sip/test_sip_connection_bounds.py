"""Connections to a SIP endpoint by trunks, strangers and callers: who finds a place, and how long it is kept."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from open_socket import is_open
from waiting import until

from voicebot.listening import HANDSHAKE_S, Bounds
from voicebot.sip import Access, AgentOptions, IncomingCall, ListenAt, SipEndpoint, Strangers, Trunk
from voicebot.sip.connections import FIRST_MESSAGE_S, HALF_READ_S, STRANGER_IDLE_S, Connections
from voicebot.sip.offer_answer import offer

LOOPBACK, TRUNK, STRANGER = "127.0.0.1", "127.0.0.200", "127.0.4.1"
OFFER = offer(LOOPBACK, 40000)
TCP, TLS = ListenAt("TCP", port=0), ListenAt("TLS", port=0)
SBC = Trunk("sbc", (ipaddress.ip_network(TRUNK),))
TICK_S = 6.0
"""Connections are looked at every five seconds."""


@asynccontextmanager
async def endpoint(
    listen: ListenAt = TCP, bounds: Bounds | None = None, strangers: Strangers = "refuse"
) -> AsyncIterator[SipEndpoint]:
    access = Access(strangers, connections=bounds or Bounds(total=20, of_source=10, reserve=5))
    made = SipEndpoint(listen, trunks=[SBC], access=access, options=AgentOptions(session_expires_s=0))
    await made.start()
    try:
        yield made
    finally:
        await made.close()
        assert len(connections(made).admissions) == 0


def connections(made: SipEndpoint) -> Connections:
    assert made._transports is not None
    return made._transports.connections


def request(method: str, source: tuple[str, int], number: int = 1, body: bytes = b"") -> bytes:
    """The request of this number that comes from ``source``."""
    host, port = source
    head = (
        f"{method} sip:bot@{LOOPBACK} SIP/2.0\r\nVia: SIP/2.0/TCP {host}:{port};branch=z9hG4bK{number};rport\r\n"
        f"Max-Forwards: 70\r\nFrom: <sip:eve@{host}>;tag={port}\r\nTo: <sip:bot@{LOOPBACK}>\r\n"
        f"Call-ID: {host}-{port}\r\nCSeq: {number} {method}\r\nContact: <sip:eve@{host}:{port};transport=tcp>\r\n"
        f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Caller:
    """Somebody at the other end of a connection."""

    def __init__(self, source: str, port: int) -> None:
        self.sock = socket.socket()
        self.sock.bind((source, 0))
        self.sock.connect((LOOPBACK, port))
        self.sock.setblocking(False)
        self._sent = 0

    @property
    def is_open(self) -> bool:
        """What came is lost."""
        return is_open(self.sock)

    def send(self, method: str, body: bytes = b"") -> None:
        self._sent += 1
        self.sock.send(request(method, self.sock.getsockname(), self._sent, body))

    async def answer(self) -> int:
        """The status of the next final response."""
        loop, received = asyncio.get_running_loop(), b""
        async with asyncio.timeout(10):
            while True:
                received += await loop.sock_recv(self.sock, 65536)
                for line in received.split(b"\r\n"):
                    if line.startswith(b"SIP/2.0 ") and int(line[8:11]) >= 200:
                        return int(line[8:11])


@asynccontextmanager
async def callers(made: SipEndpoint, *sources: str) -> AsyncIterator[list[Caller]]:
    with contextlib.ExitStack() as stack:
        come = [Caller(source, made.port) for source in sources]
        for caller in come:
            stack.callback(caller.sock.close)
        yield come
    await until(lambda: not connections(made).flows)


@pytest.mark.parametrize("listen", [TCP, TLS])
async def test_a_trunk_comes_in_whatever_strangers_hold(listen: ListenAt) -> None:
    """Each of which has sent something, over TCP; or has not even begun its handshake, over TLS."""
    sources = [f"127.0.4.{n % 10}" for n in range(60)]
    context = None
    if listen is TLS:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    async with endpoint(listen) as made, callers(made, *sources) as strangers:
        await until(lambda: sum(caller.is_open for caller in strangers) == 15)
        for caller in strangers if context is None else ():
            with contextlib.suppress(OSError):
                caller.sock.send(request("OPTIONS", caller.sock.getsockname()))
        async with asyncio.timeout(10):
            reader, writer = await asyncio.open_connection(LOOPBACK, made.port, ssl=context, local_addr=(TRUNK, 0))
            writer.write(request("OPTIONS", writer.get_extra_info("sockname")))
            assert (await reader.readline()).startswith(b"SIP/2.0 200")
        writer.close()


async def test_one_address_has_no_more_than_its_bound() -> None:
    async with endpoint() as made, callers(made, *[STRANGER] * 30) as strangers:
        await until(lambda: sum(caller.is_open for caller in strangers) == 10)
        assert connections(made).admissions.given_up == 20


@pytest.mark.virtual_time
async def test_connections_of_strangers_end_soon_and_a_trunks_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    idle_s = 10 * STRANGER_IDLE_S
    monkeypatch.setattr("voicebot.sip.connections.IDLE_S", idle_s)  # an hour has 3600 ticks
    loop = asyncio.get_running_loop()
    async with endpoint() as made, callers(made, STRANGER, STRANGER, STRANGER, TRUNK) as come:
        silent, half, asked, trunk = come
        half.sock.send(b"OPTIONS sip:bot")
        asked.send("OPTIONS")
        assert await asked.answer() == 403
        began, ended = loop.time(), dict[str, float]()
        names = {"silent": silent, "half": half, "asked": asked}
        while len(ended) < 3:
            await asyncio.sleep(1)
            ended |= {n: loop.time() - began for n, c in names.items() if n not in ended and not c.is_open}
        assert FIRST_MESSAGE_S < ended["silent"] <= FIRST_MESSAGE_S + TICK_S
        assert HALF_READ_S < ended["half"] <= HALF_READ_S + TICK_S
        assert STRANGER_IDLE_S < ended["asked"] <= STRANGER_IDLE_S + TICK_S
        await asyncio.sleep(idle_s - 100)
        assert trunk.is_open
        trunk.send("OPTIONS")
        assert await trunk.answer() == 200
        await asyncio.sleep(idle_s + TICK_S)
        assert not trunk.is_open


@pytest.mark.virtual_time
async def test_a_callers_connection_lives_as_long_as_the_call_and_makes_room_for_nobody() -> None:
    taken: list[IncomingCall] = []
    async with (
        endpoint(bounds=Bounds(total=3, of_source=3), strangers="allow") as made,
        callers(made, STRANGER) as (caller,),
    ):
        made.on_invite = lambda call: (taken.append(call), call.ring())[0]  # type: ignore[func-returns-value]
        caller.send("INVITE", bytes(OFFER))
        await until(lambda: taken)
        async with callers_gone(made, *(f"127.0.5.{n}" for n in range(1, 10))):
            assert caller.is_open
        await asyncio.sleep(3 * STRANGER_IDLE_S)
        assert caller.is_open
        taken[0].reject(486)
        await asyncio.sleep(3 * STRANGER_IDLE_S)
        assert not caller.is_open


@asynccontextmanager
async def callers_gone(made: SipEndpoint, *sources: str) -> AsyncIterator[list[Caller]]:
    """More strangers than there is room for."""
    come = [Caller(source, made.port) for source in sources]
    await until(lambda: sum(caller.is_open for caller in come) <= 2)
    yield come
    for caller in come:
        caller.sock.close()


@pytest.mark.virtual_time
async def test_handshakes_that_do_not_come_hold_no_place_for_long() -> None:
    async with endpoint(TLS) as made, callers(made, *[STRANGER] * 8) as strangers:
        await until(lambda: len(connections(made).admissions) == 8)
        await asyncio.sleep(HANDSHAKE_S + 1)
        assert not any(caller.is_open for caller in strangers)
        assert len(connections(made).admissions) == 0
