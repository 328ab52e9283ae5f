"""Accepting on real sockets: bounds, handshakes that do not come, and no descriptors left."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
import uvloop
from no_descriptors import no_descriptors_left
from open_socket import is_open
from waiting import until

from voicebot.certificate import self_signed_pem
from voicebot.listening import HANDSHAKE_S, Admissions, Bounds, ConnectionListener, Place, Rate, listening_sockets

LOOPBACK = "127.0.0.1"


class Quiet(asyncio.Protocol):
    """Notes who is connected."""

    def __init__(self, place: Place, connected: list[Quiet]) -> None:
        self._place, self._connected = place, connected

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._connected.append(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._connected.remove(self)
        self._place.leave()


class Door:
    """A listener, who came in by it, and their sockets."""

    def __init__(self) -> None:
        self.connected: list[Quiet] = []
        self.callers: list[socket.socket] = []
        self.listener: ConnectionListener

    def knock(self, source: str = LOOPBACK) -> socket.socket:
        """Connect: the kernel does so whether we accept or not."""
        caller = socket.socket()
        self.callers.append(caller)
        caller.bind((source, 0))
        caller.connect((LOOPBACK, self.listener.port))
        caller.setblocking(False)
        return caller


@asynccontextmanager
async def door(bounds: Bounds, context: ssl.SSLContext | None = None) -> AsyncIterator[Door]:
    made = Door()
    made.listener = ConnectionListener(
        "test",
        await listening_sockets(LOOPBACK, 0),
        Admissions(bounds),
        lambda place: Quiet(place, made.connected),
        context=context,
    )
    try:
        yield made
    finally:
        await made.listener.close()
        for caller in made.callers:
            caller.close()
        await until(lambda: not made.connected)
        assert len(made.listener.admissions) == 0


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    pem = tmp_path_factory.mktemp("tls") / "self-signed.pem"
    pem.write_bytes(self_signed_pem(LOOPBACK))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


async def test_connections_of_one_source_are_bounded_and_others_come_in() -> None:
    async with door(Bounds(total=10, of_source=3)) as entered:
        callers = [entered.knock() for _ in range(5)]
        await until(lambda: [is_open(caller) for caller in callers] == [False, False, True, True, True])
        other = entered.knock("127.0.0.2")
        await until(lambda: len(entered.connected) == 4)
        assert is_open(other)


@pytest.mark.parametrize("total", [3, 10])
async def test_connections_before_their_tls_handshake_count_as_well(total: int, tls: ssl.SSLContext) -> None:
    async with door(Bounds(total=total, of_source=3), tls) as entered:
        silent = [entered.knock() for _ in range(5)]
        await until(lambda: sum(map(is_open, silent)) == 3)
        trusting = ssl.create_default_context()
        trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
        _, writer = await asyncio.open_connection(
            LOOPBACK, entered.listener.port, ssl=trusting, local_addr=("127.0.0.2", 0)
        )
        await until(lambda: entered.connected)
        assert sum(map(is_open, silent)) == min(3, total - 1)
        writer.close()
        with contextlib.suppress(ssl.SSLError, ConnectionError):
            await writer.wait_closed()


@pytest.mark.virtual_time
async def test_who_does_not_shake_hands_is_gone_after_some_seconds(tls: ssl.SSLContext) -> None:
    loop = asyncio.get_running_loop()
    async with door(Bounds(total=10, of_source=10), tls) as entered:
        began = loop.time()
        callers = [entered.knock() for _ in range(3)]
        callers[1].send(b"\x16\x03\x01")  # the beginning of a handshake
        await until(lambda: not any(map(is_open, callers)), 60)
        assert loop.time() - began < HANDSHAKE_S + 1
        await until(lambda: not len(entered.listener.admissions))


async def _pauses_and_goes_on(told: Callable[[], str]) -> None:
    async with door(Bounds(total=10, of_source=10)) as entered:
        first, *waiting = [socket.socket() for _ in range(3)]
        entered.callers += [first, *waiting]
        loop = asyncio.get_running_loop()
        for caller in (first, *waiting):
            caller.setblocking(False)
        await loop.sock_connect(first, (LOOPBACK, entered.listener.port))
        await until(lambda: len(entered.connected) == 1)
        with no_descriptors_left():
            for caller in waiting:
                await loop.sock_connect(caller, (LOOPBACK, entered.listener.port))
            await until(lambda: "no connection can be accepted now" in told())
            assert len(entered.connected) == 1 and all(map(is_open, [first, *waiting]))
        await until(lambda: len(entered.connected) == 3)
        assert told().count("no connection can be accepted now") == 1


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run])
def test_without_descriptors_accepting_is_paused_and_goes_on(
    run: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    """On each of our loops: who came meanwhile has waited, and is taken then."""
    caplog.set_level(logging.ERROR)
    run(_pauses_and_goes_on(lambda: caplog.text))


async def test_every_address_of_a_name_has_the_same_port() -> None:
    sockets = await listening_sockets("localhost", 0)
    assert len({sock.getsockname()[1] for sock in sockets}) == 1
    with pytest.raises(OSError):
        await listening_sockets(LOOPBACK, sockets[0].getsockname()[1])
    for sock in sockets:
        sock.close()


async def test_a_listener_that_is_stopped_keeps_its_connections() -> None:
    async with door(Bounds(total=10, of_source=10)) as entered:
        caller = entered.knock()
        await until(lambda: entered.connected)
        port = entered.listener.port
        entered.listener.stop()
        assert entered.listener.port == 0
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((LOOPBACK, port))
        assert is_open(caller)


@pytest.mark.virtual_time
async def test_who_comes_too_often_is_refused_before_a_handshake_and_nobody_else_is(
    tls: ssl.SSLContext, caplog: pytest.LogCaptureFixture
) -> None:
    """The handshake is what costs: it is counted by the handshakes that are waited for."""
    bounds = Bounds(total=100, of_source=100, arrivals_of_source=Rate(0.1, 3))
    async with door(bounds, tls) as entered:
        first = entered.knock()
        await until(lambda: len(entered.listener.admissions) == 1)
        flood = [entered.knock() for _ in range(20)]
        await until(lambda: not any(map(is_open, flood[2:])))
        assert len(entered.listener.admissions) == 3 and is_open(first), "what came before is left alone"
        other = entered.knock("127.0.0.2")
        await until(lambda: len(entered.listener.admissions) == 4)
        assert is_open(other)
        assert caplog.text.count("connections come too often") == 1
        await asyncio.sleep(10.5)
        again = entered.knock()
        await until(lambda: len(entered.listener.admissions) == 1)  # the handshakes before have timed out
        assert is_open(again)
