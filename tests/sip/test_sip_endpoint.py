"""The UDP driver: real sockets on loopback, on asyncio's loop and on uvloop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import uvloop
from waiting import until

from voicebot.address import Address
from voicebot.sip import Account, AgentOptions, CallClosed, IncomingCall, ListenAt, SipEndpoint, SipTimers, offer_answer

LOOPBACK = "127.0.0.1"
OFFER = offer_answer.offer(LOOPBACK, 40000)
QUICK = AgentOptions(timers=SipTimers(t1=0.01, t2=0.04, t4=0.05))
DEADLINE_S = 20.0


def answer_at_once(call: IncomingCall) -> None:
    call.ring()
    task = asyncio.ensure_future(call.answer(OFFER))
    task.add_done_callback(lambda done: done.exception())


async def pair(on_invite: Callable[[IncomingCall], None] | None = answer_at_once) -> tuple[SipEndpoint, SipEndpoint]:
    caller = SipEndpoint(ListenAt(port=0))
    callee = SipEndpoint(ListenAt(port=0), on_invite=on_invite, options=QUICK)
    await caller.start()
    await callee.start()
    return caller, callee


async def a_call_is_set_up_and_ended() -> None:
    caller, callee = await pair()
    call = caller.invite(Address.parse(f"sip:bot@{LOOPBACK}:{callee.port}"), OFFER, sender=Address("+49"))
    async with asyncio.timeout(DEADLINE_S):
        session = await call.established()
        assert session.media[0].port == 40000 and call.is_up
        ended = asyncio.get_running_loop().create_future()
        call.on_end = ended.set_result
        call.bye()
        assert (await ended).cause == "local"
        await until(lambda: not callee.active_calls)
    assert set(callee.counters.requests_by_method) == {"INVITE", "ACK", "BYE"}
    await caller.close()
    await callee.close()
    await callee.close()


async def names_are_resolved_and_bad_ones_counted() -> None:
    caller, callee = await pair()
    async with asyncio.timeout(DEADLINE_S):
        await caller.invite(Address.parse(f"sip:bot@localhost:{callee.port}"), OFFER).established()
        caller.invite(Address.parse("sip:bot@no-such-host.invalid"), OFFER)
        await until(lambda: caller.counters.unresolved)
    await caller.close()
    await callee.close()


async def closing_ends_calls_and_leaves_no_task() -> None:
    caller, callee = await pair()
    call = caller.invite(Address.parse(f"sip:bot@{LOOPBACK}:{callee.port}"), OFFER)
    other = caller.invite(Address.parse("sip:bot@no-such-host.invalid"), OFFER)
    async with asyncio.timeout(DEADLINE_S):
        await call.established()
    await caller.close()
    assert call.ended is not None and call.ended.cause == "local"
    with pytest.raises(CallClosed):
        await other.established()
    await until(lambda: not callee.active_calls)
    await callee.close()
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def an_unanswered_200_is_repeated_by_the_timer() -> None:
    callee = SipEndpoint(ListenAt(port=0), on_invite=answer_at_once, options=QUICK)
    await callee.start()
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, remote_addr=(LOOPBACK, callee.port))
    port = transport.get_extra_info("sockname")[1]
    body = bytes(OFFER)
    transport.sendto(
        f"INVITE sip:bot@{LOOPBACK} SIP/2.0\r\nVia: SIP/2.0/UDP {LOOPBACK}:{port};branch=z9hG4bKx;rport\r\n"
        f"From: <sip:a@b>;tag=1\r\nTo: <sip:bot@b>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n"
        f"Contact: <sip:a@{LOOPBACK}:{port}>\r\nContent-Type: application/sdp\r\n"
        f"Content-Length: {len(body)}\r\n\r\n".encode()
        + body
    )
    await until(lambda: callee.counters.calls_in and not callee.active_calls)  # 64*T1 without an ACK
    assert callee.counters.retransmitted >= 10
    transport.close()
    await callee.close()


async def a_timer_that_is_overdue_may_be_looked_at() -> None:
    """uvloop makes a plain handle of it, which has no ``when``."""
    caller, callee = await pair(None)
    callee.invite(Address.parse(f"sip:nobody@{LOOPBACK}:{caller.port}"), OFFER)
    assert callee._timer is not None
    while callee.loop.time() <= callee._timer_due:
        pass  # the loop does not run meanwhile
    callee._timer.cancel()
    callee._timer = None
    callee.flush()
    callee.flush()
    await caller.close()
    await callee.close()


async def nothing_that_is_due_is_sent_while_calls_may_be_anothers() -> None:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, local_addr=(LOOPBACK, 0))
    caller = SipEndpoint(ListenAt(port=0), options=QUICK)
    await caller.start()
    caller.silenced = lambda: True
    caller.invite(Address.parse(f"sip:nobody@{LOOPBACK}:{transport.get_extra_info('sockname')[1]}"), OFFER)
    await asyncio.sleep(10 * QUICK.timers.t1)
    assert not caller.counters.retransmitted
    caller.silenced = lambda: False
    await until(lambda: caller.counters.retransmitted)
    transport.close()
    await caller.close()


async def a_port_where_nobody_listens_is_told_at_once() -> None:
    """ICMP ends the transaction (RFC 3261 18.4); without it, timer B would after 32 s."""
    for host, literal in ((LOOPBACK, LOOPBACK), ("::1", "[::1]")):
        caller = SipEndpoint(ListenAt(host=host, port=0))
        await caller.start()
        with pytest.raises(CallClosed, match="Request Timeout"):
            await caller.invite(Address.parse(f"sip:bot@{literal}:9"), OFFER).established(timeout_s=10.0)
        assert caller.active_calls == 0
        await caller.close()


SCENES = [
    a_port_where_nobody_listens_is_told_at_once,
    a_call_is_set_up_and_ended,
    names_are_resolved_and_bad_ones_counted,
    closing_ends_calls_and_leaves_no_task,
    an_unanswered_200_is_repeated_by_the_timer,
    a_timer_that_is_overdue_may_be_looked_at,
    nothing_that_is_due_is_sent_while_calls_may_be_anothers,
]


@pytest.mark.parametrize("loop_factory", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_on_both_loops(
    scene: Callable[[], Awaitable[None]], loop_factory: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(scene())  # type: ignore[arg-type]


async def test_without_a_taker_calls_are_refused_with_480() -> None:
    caller, callee = await pair(None)
    with pytest.raises(CallClosed, match="480"):
        await caller.invite(Address.parse(f"sip:bot@{LOOPBACK}:{callee.port}"), OFFER).established()
    await caller.close()
    await callee.close()


async def test_a_taker_that_fails_is_logged_and_the_call_refused_with_500(caplog: pytest.LogCaptureFixture) -> None:
    def broken(_call: IncomingCall) -> None:
        raise RuntimeError("a defect")

    caller, callee = await pair(broken)
    with caplog.at_level(logging.CRITICAL + 1, "voicebot.sip.endpoint"), pytest.raises(CallClosed, match="500"):
        await caller.invite(Address.parse(f"sip:bot@{LOOPBACK}:{callee.port}"), OFFER).established()
    await caller.close()
    await callee.close()


async def test_the_advertised_address_is_in_via_and_contact() -> None:
    endpoint = SipEndpoint(ListenAt(host="0.0.0.0", port=0, advertised_host="192.0.2.77"))
    await endpoint.start()
    call = endpoint.invite(Address.parse("sip:x@127.0.0.1:9"), OFFER)
    assert call.request.via[0].host == "192.0.2.77"
    assert f"192.0.2.77:{endpoint.port}" in call.request.headers["Contact"]
    await endpoint.close()


async def test_a_port_that_is_taken_is_an_os_error() -> None:
    first = SipEndpoint(ListenAt(port=0))
    await first.start()
    with pytest.raises(OSError):
        await SipEndpoint(ListenAt(port=first.port)).start()
    await first.close()


async def test_the_callee_sees_the_address_of_the_line_or_the_given_sender() -> None:
    pbx = Account("pbx", "sip:pbx.example.com:5070", "7000", domain="Example.com", register=False)
    endpoint = SipEndpoint(ListenAt(port=0), accounts=[pbx])
    await endpoint.start()
    ada = Address.parse(f"sip:ada@{LOOPBACK}:9")

    def seen(**wish: Any) -> str:
        return endpoint.invite(ada, OFFER, **wish).request.sender.uri

    assert seen(line="pbx") == "sip:7000@example.com"
    assert seen(line="pbx", sender=Address("4711")) == "sip:4711@example.com"
    assert seen(line="pbx", sender=Address("*31#")) == "sip:*31%23@example.com"
    assert seen(line="pbx", sender=Address.parse("sip:me@elsewhere.example")) == "sip:me@elsewhere.example"
    assert seen() == f"sip:voicebot@{LOOPBACK}:{endpoint.port}"
    assert seen(sender=Address("4711")) == f"sip:4711@{LOOPBACK}:{endpoint.port}"
    with pytest.raises(ValueError, match="there is no account or trunk 'nope'"):
        seen(line="nope")
    with pytest.raises(ValueError, match="7001 has no domain"):
        endpoint.invite(Address("7001"), OFFER)
    await endpoint.close()
