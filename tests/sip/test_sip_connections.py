"""TCP, TLS and IPv6 between two endpoints, and names that lead to several servers: real sockets on loopback."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import dns.flags
import dns.message
import dns.rdatatype
import dns.rrset
import pytest
from free_port import free_ports
from waiting import until

from voicebot.address import Address
from voicebot.certificate import self_signed_pem
from voicebot.sip import (
    AgentOptions,
    CallClosed,
    IncomingCall,
    ListenAt,
    SipEndpoint,
    SipTimers,
    TlsOptions,
    offer_answer,
)
from voicebot.sip import resolver as resolver_module
from voicebot.sip.connections import MAX_QUEUED
from voicebot.sip.hop import Hop, hop_of
from voicebot.sip.resolver import Resolver, SrvRecord, in_order

LOOPBACK = "127.0.0.1"
OFFER = offer_answer.offer(LOOPBACK, 40000)
DEADLINE_S = 20.0
NOBODY, _ = free_ports(2, keep=True)
UDP, TCP, TLS = ListenAt("UDP", port=0), ListenAt("TCP", port=0), ListenAt("TLS", port=0)


class Reader(asyncio.Protocol):
    def __init__(self, receive: Callable[[bytes], None]) -> None:
        self.data_received = receive  # type: ignore[method-assign]


def answer_at_once(call: IncomingCall) -> None:
    asyncio.ensure_future(call.answer(OFFER)).add_done_callback(lambda done: done.exception())


@asynccontextmanager
async def endpoint(*listen: ListenAt, **options: object) -> AsyncIterator[SipEndpoint]:
    made = SipEndpoint(*listen, **{"on_invite": answer_at_once, **options})  # type: ignore[arg-type]
    await made.start()
    try:
        yield made
    finally:
        await made.close()


async def talk(caller: SipEndpoint, callee: SipEndpoint, uri: str) -> IncomingCall:
    """Make a call, which the callee ends with BYE. Returns the callee's side."""
    taken: list[IncomingCall] = []
    callee.on_invite = lambda call: (taken.append(call), answer_at_once(call))[0]  # type: ignore[func-returns-value]
    async with asyncio.timeout(DEADLINE_S):
        call = caller.invite(Address.parse(uri), OFFER)
        await call.established()
        ended = asyncio.get_running_loop().create_future()
        call.on_end = ended.set_result
        await until(lambda: taken[0].is_up)
        taken[0].bye()
        assert (await ended).cause == "bye"
        await until(lambda: not caller.active_calls and not callee.active_calls)
    return taken[0]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Makes PEM files that hold a certificate of a name, and its key."""
    folder = tmp_path_factory.mktemp("tls")

    def make(name: str) -> Path:
        file = folder / f"{name}.pem"
        file.write_bytes(self_signed_pem(name))
        return file

    return make


async def test_a_call_over_tcp_uses_one_connection_both_ways() -> None:
    async with endpoint(TCP) as caller, endpoint(UDP, TCP) as callee:
        call = await talk(caller, callee, f"sip:bot@{LOOPBACK}:{callee.listeners[1].port};transport=tcp")
        assert call.request.via[0].transport == "TCP" and call.remote_address.transport == "TCP"
        assert callee._transports is not None and len(callee._transports.connections.flows) == 1
        assert ";transport=tcp" in call.request.headers["Contact"]


async def test_a_client_behind_nat_is_reached_on_its_connection() -> None:
    """It listens at UDP only, so nobody could connect to it."""
    async with endpoint(UDP) as caller, endpoint(TCP) as callee:
        await talk(caller, callee, f"sip:bot@{LOOPBACK}:{callee.port};transport=tcp")


async def test_a_call_over_tls_with_a_certificate_that_is_checked(authority: Callable[[str], Path]) -> None:
    pem = authority(LOOPBACK)
    trusting = TlsOptions(ca_file=pem)
    async with endpoint(UDP, tls=trusting) as caller, endpoint(TLS, tls=TlsOptions(certificate=pem)) as callee:
        call = await talk(caller, callee, f"sips:bot@{LOOPBACK}:{callee.port}")
        assert call.request.via[0].transport == "TLS"


async def test_a_server_is_told_which_name_is_wanted(authority: Callable[[str], Path]) -> None:
    pem = authority("localhost")
    wanted: list[str | None] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    context.sni_callback = lambda _socket, name, _context: wanted.append(name)
    come = asyncio.Event()

    async def connected(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        come.set()
        writer.close()

    server = await asyncio.start_server(connected, LOOPBACK, 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    async with endpoint(UDP, tls=TlsOptions(ca_file=pem)) as caller, asyncio.timeout(DEADLINE_S):
        caller.invite(Address.parse(f"sips:bot@localhost:{port}"), OFFER)
        await come.wait()
    server.close()
    assert wanted == ["localhost"]


@pytest.mark.parametrize("case", ["self-signed", "other name", "no client certificate", "too old"])
async def test_tls_that_does_not_prove_enough_makes_no_call(authority: Callable[[str], Path], case: str) -> None:
    pem, other = authority(LOOPBACK), authority("sip.example.com")
    client = TlsOptions(ca_file=pem)
    server = {
        "self-signed": TlsOptions(),
        "other name": TlsOptions(certificate=other),
        "no client certificate": TlsOptions(certificate=pem, ca_file=other, verify_clients=True),
        "too old": TlsOptions(certificate=pem, minimum_version="1.3"),
    }[case]
    if case == "other name":
        client = TlsOptions(ca_file=other)
    async with endpoint(UDP, tls=client) as caller, endpoint(TLS, tls=server) as callee:
        if case == "too old":
            old = ssl.create_default_context(cafile=pem)
            old.maximum_version = ssl.TLSVersion.TLSv1_2
            with pytest.raises((ssl.SSLError, ConnectionResetError)):
                await asyncio.open_connection(LOOPBACK, callee.port, ssl=old)
            return
        with pytest.raises(CallClosed, match="timeout"):
            async with asyncio.timeout(DEADLINE_S):
                await caller.invite(Address.parse(f"sips:bot@{LOOPBACK}:{callee.port}"), OFFER).established()
        assert callee.counters.calls_in == 0


async def test_a_client_certificate_opens_the_door(authority: Callable[[str], Path]) -> None:
    pem = authority(LOOPBACK)
    both = TlsOptions(certificate=pem, ca_file=pem, verify_clients=True)
    async with endpoint(TLS, tls=both) as caller, endpoint(TLS, tls=both) as callee:
        await talk(caller, callee, f"sips:bot@{LOOPBACK}:{callee.port}")


async def test_a_call_over_ipv6() -> None:
    six = ListenAt("UDP", "::1", 0)
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("no IPv6 on this machine")
    async with endpoint(six) as caller, endpoint(UDP, six, ListenAt("TCP", "::1", 0)) as callee:
        call = await talk(caller, callee, f"sip:bot@[::1]:{callee.listeners[1].port}")
        assert ipaddress.ip_address(call.remote_address.host).version == 6
        await talk(caller, callee, f"sip:bot@[::1]:{callee.listeners[2].port};transport=tcp")


async def test_an_invite_too_large_for_udp_goes_over_tcp_and_back_to_udp_where_there_is_none() -> None:
    headers = {"X-Long": "x" * 1500}
    port, _ = free_ports(2)
    async with endpoint(UDP, TCP) as caller, endpoint(ListenAt("UDP", port=port)):
        async with asyncio.timeout(DEADLINE_S):
            call = caller.invite(Address.parse(f"sip:bot@{LOOPBACK}:{port}"), OFFER, headers=headers)
            await call.established()
            assert call.request.via[0].transport == "UDP"
        async with endpoint(ListenAt("TCP", port=port)):
            async with asyncio.timeout(DEADLINE_S):
                call = caller.invite(Address.parse(f"sip:bot@{LOOPBACK}:{port}"), OFFER, headers=headers)
                await call.established()
                assert call.request.via[0].transport == "TCP"


async def test_a_refused_connection_ends_the_call_at_once() -> None:
    with socket.create_server((LOOPBACK, 0)) as unused:
        port = unused.getsockname()[1]
    async with endpoint(TCP) as caller:
        with pytest.raises(CallClosed, match="timeout"):
            async with asyncio.timeout(DEADLINE_S):
                await caller.invite(Address.parse(f"sip:bot@{LOOPBACK}:{port};transport=tcp"), OFFER).established()


async def test_a_ping_gets_a_pong_and_garbage_costs_the_connection() -> None:
    async with endpoint(TCP) as callee, asyncio.timeout(DEADLINE_S):
        reader, writer = await asyncio.open_connection(LOOPBACK, callee.port)
        writer.write(b"\r\n\r\n")
        assert await reader.readexactly(2) == b"\r\n"
        writer.write(b"x" * 40_000)
        with suppress(ConnectionResetError):
            assert await reader.read() == b""
        writer.close()
        assert callee._transports is not None and callee._transports.connections.counters["framing"] == 1


class NameServer(asyncio.DatagramProtocol):
    """Answers questions out of ``records``: name to (priority, weight, port, target) of SRV, or to texts of NAPTR."""

    def __init__(self, records: Mapping[str, Sequence[tuple[int, int, int, str] | str]]) -> None:
        self.records = records
        self.asked: list[str] = []

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        name = query.question[0].name
        kind = dns.rdatatype.to_text(query.question[0].rdtype)
        self.asked.append(f"{kind} {name}")
        found = self.records.get(str(name).rstrip("."), ())
        texts = [one if isinstance(one, str) else "{} {} {} {}.".format(*one) for one in found]
        if texts and kind == ("NAPTR" if isinstance(found[0], str) else "SRV"):
            answer.answer.append(dns.rrset.from_text(name, 60, "IN", kind, *texts))
        self.transport.sendto(answer.to_wire(), addr)


async def test_the_second_server_of_srv_takes_the_call_that_the_first_does_not() -> None:
    loop = asyncio.get_running_loop()
    async with endpoint(UDP) as callee:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind((LOOPBACK, 0))
            dead = silent.getsockname()[1]
            records = {"_sip._udp.pbx.test": [(10, 0, dead, "localhost"), (20, 0, callee.port, "localhost")]}
            transport, _ = await loop.create_datagram_endpoint(lambda: NameServer(records), local_addr=(LOOPBACK, 0))
            dns_port = transport.get_extra_info("sockname")[1]
            caller = endpoint(
                UDP,
                options=AgentOptions(timers=SipTimers(t1=0.02, t2=0.1, t4=0.1)),
                resolver=lambda loop: Resolver(loop, nameservers=[LOOPBACK], port=dns_port, families=frozenset({4})),
            )
            async with caller as caller_endpoint, asyncio.timeout(DEADLINE_S):
                call = caller_endpoint.invite(Address.parse("sip:bot@pbx.test"), OFFER)
                await call.established()
                call.bye()
            transport.close()
        assert callee.counters.calls_in == 1


async def found_by(records: Mapping[str, Sequence[tuple[int, int, int, str] | str]], *uris: str) -> list[list[Hop]]:
    """What the resolver makes of each URI; ``localhost`` is looked up in the system."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: NameServer(records), local_addr=(LOOPBACK, 0))
    port = transport.get_extra_info("sockname")[1]
    resolver = Resolver(loop, nameservers=[LOOPBACK], port=port, families=frozenset({4}))
    answers: list[asyncio.Future[list[Hop]]] = []
    for uri in uris:
        hop, answer = hop_of(uri), loop.create_future()
        assert hop is not None and resolver.ask(hop, answer.set_result)
        answers.append(answer)
    async with asyncio.timeout(DEADLINE_S):
        hops = await asyncio.gather(*answers)
    await resolver.close()
    transport.close()
    return list(hops)


async def test_naptr_chooses_the_transport_before_srv_and_only_where_the_uri_leaves_it_open() -> None:
    records = {
        "pbx.test": [
            '20 50 "s" "SIP+D2U" "" _sip._udp.edge.test.',
            '10 90 "s" "SIP+D2T" "" _sip._tcp.edge.test.',
            '10 50 "s" "SIPS+D2T" "" _sips._tcp.edge.test.',
            '5 10 "s" "SIP+D2S" "" _sip._sctp.edge.test.',
            '1 10 "u" "E2U+sip" "!^.*$!sip:evil@elsewhere.test!" .',
        ],
        "_sip._tcp.edge.test": [(1, 0, 5070, "localhost")],
        "_sip._udp.edge.test": [(1, 0, 5080, "localhost")],
        "_sip._udp.pbx.test": [(1, 0, 5090, "localhost")],
        "_sips._tcp.pbx.test": [(1, 0, 5091, "localhost")],
        "_sip._udp.plain.test": [(1, 0, 5092, "localhost")],
        "tls-only.test": ['1 1 "s" "SIP+D2U" "" _sip._udp.plain.test.'],
        "_sips._tcp.tls-only.test": [(1, 0, 5093, "localhost")],
    }
    cases = {
        "sip:pbx.test": ("TCP", 5070),  # TLS comes first, but has no servers
        "sip:pbx.test;transport=udp": ("UDP", 5090),
        "sip:pbx.test;transport=tls": ("TLS", 5091),
        "sip:plain.test": ("UDP", 5092),
        "sips:tls-only.test": ("TLS", 5093),
        "sip:localhost:5099": ("UDP", 5099),
    }
    for uri, hops in zip(cases, await found_by(records, *cases), strict=True):
        assert [(hop.transport, hop.port) for hop in hops] == [cases[uri]], uri
        assert hops[0].host == LOOPBACK and hops[0].name == uri.split(":")[1].partition(";")[0]


async def test_a_connection_that_is_closed_is_no_send_error_but_one_that_cannot_be_made_is() -> None:
    async with endpoint(UDP, TCP) as callee:
        async with endpoint(TCP) as caller:
            await talk(caller, callee, f"sip:bot@{LOOPBACK}:{callee.listeners[1].port};transport=tcp")
        assert callee._transports is not None
        connections = callee._transports.connections
        await until(lambda: not connections.flows)
        assert callee.counters.send_errors == 0
    async with endpoint(TCP) as caller, asyncio.timeout(DEADLINE_S):
        with pytest.raises(CallClosed):
            await caller.invite(Address.parse(f"sip:bot@{LOOPBACK}:{NOBODY};transport=tcp"), OFFER).established()
        assert caller.counters.send_errors == 1


async def test_messages_beyond_the_queue_of_a_connection_being_opened_are_counted_and_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    received = 0

    def receive(data: bytes) -> None:
        nonlocal received
        received += data.count(b"OPTIONS")

    server = await asyncio.get_running_loop().create_server(lambda: Reader(receive), LOOPBACK, 0)
    port = server.sockets[0].getsockname()[1]
    async with endpoint(TCP) as ours:
        assert ours._transports is not None
        connections = ours._transports.connections
        for _ in range(MAX_QUEUED + 5):
            connections.send(b"OPTIONS", Hop(LOOPBACK, port, "TCP"))
        assert ours.counters.send_errors == 5
        assert caplog.text.count("are dropped") == 1
        await until(lambda: received == MAX_QUEUED)
        connections.send(b"OPTIONS", Hop(LOOPBACK, port, "TCP"))
        await until(lambda: received == MAX_QUEUED + 1)
        assert ours.counters.send_errors == 5
    server.close()


async def test_a_name_that_is_not_found_is_soon_looked_up_again(monkeypatch: pytest.MonkeyPatch) -> None:
    assert resolver_module._FAILED_KEPT_S <= 5.0 < resolver_module._KEPT_S
    monkeypatch.setattr(resolver_module, "_FAILED_KEPT_S", 0.0)
    loop = asyncio.get_running_loop()
    records: dict[str, list[tuple[int, int, int, str] | str]] = {}
    transport, _ = await loop.create_datagram_endpoint(lambda: NameServer(records), local_addr=(LOOPBACK, 0))
    port = transport.get_extra_info("sockname")[1]
    resolver = Resolver(loop, nameservers=[LOOPBACK], port=port, families=frozenset({4}))
    hop = hop_of("sip:late.invalid")
    assert hop is not None

    async def ask() -> list[Hop]:
        answer: asyncio.Future[list[Hop]] = loop.create_future()
        assert resolver.ask(hop, answer.set_result)
        async with asyncio.timeout(DEADLINE_S):
            return await answer

    assert await ask() == []
    records["_sip._udp.late.invalid"] = [(1, 0, 5070, "localhost")]
    assert [found.port for found in await ask()] == [5070]
    await resolver.close()
    transport.close()


def test_srv_records_are_tried_by_priority_and_by_weight_within_one() -> None:
    light, heavy, later = SrvRecord(1, 1, 1, "light"), SrvRecord(1, 9, 1, "heavy"), SrvRecord(2, 0, 1, "later")
    assert in_order([later, heavy, light], lambda: 0.0)[-1] == later
    assert in_order([later, light, heavy], lambda: 0.5) == [heavy, light, later]
    assert in_order([later, light, heavy], lambda: 0.05) == [light, heavy, later]
