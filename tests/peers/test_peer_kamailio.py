"""Kamailio as the registrar of our account, and as the proxy between a caller and us."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from registrar import KAMAILIO, LOOPBACK, NO_KAMAILIO, registrar_running

from voicebot.address import Address
from voicebot.sip import Access, Account, CallClosed, IncomingCall, ListenAt, SipEndpoint, offer_answer

OFFER = offer_answer.offer(LOOPBACK, 40000)
DEADLINE_S = 20.0

pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(KAMAILIO is None, reason=NO_KAMAILIO),
]


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[int]:
    """A Kamailio for each test: one that remembers a TCP connection which is gone waits for it."""
    with registrar_running(tmp_path) as port:
        yield port


def account(port: int, user: str, transport: str = "udp", password: str = "secret") -> Account:
    return Account("pbx", f"sip:{LOOPBACK}:{port};transport={transport}", user, password, expires_s=60)


async def registered(endpoint: SipEndpoint) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not endpoint.registrations["pbx"].registered(endpoint.loop.time()):
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_call_by_way_of_the_registrar_and_our_bye_along_its_route(proxy: int, transport: str) -> None:
    calls: list[IncomingCall] = []

    def take(call: IncomingCall) -> None:
        calls.append(call)
        call.ring()
        asyncio.ensure_future(call.answer(OFFER)).add_done_callback(lambda done: done.exception())

    listen = [ListenAt("UDP", port=0), ListenAt("TCP", port=0)]
    bot = SipEndpoint(*listen, accounts=[account(proxy, "7000", transport)], access=Access("drop"), on_invite=take)
    caller = SipEndpoint(ListenAt(port=0), accounts=[account(proxy, "7001")])
    await bot.start()
    await caller.start()
    try:
        await registered(bot)
        await registered(caller)
        async with asyncio.timeout(DEADLINE_S):
            call = caller.invite(Address.parse(f"sip:7000@{LOOPBACK}:{proxy}"), OFFER, line="pbx")
            await call.established()
            ended = asyncio.get_running_loop().create_future()
            call.on_end = ended.set_result
            taken = calls[0]
            assert taken.request.headers.get("Record-Route") and taken.trunk == "pbx"
            assert taken.remote_address.transport == transport.upper()
            while not taken.is_up:
                await asyncio.sleep(0.005)
            taken.bye()
            assert (await ended).cause == "bye"
    finally:
        await caller.close()
        await bot.close()


async def test_a_wrong_password_is_not_registered_and_nobody_is_reached(proxy: int) -> None:
    bot = SipEndpoint(ListenAt(port=0), accounts=[account(proxy, "7000", password="guess")], access=Access("drop"))
    caller = SipEndpoint(ListenAt(port=0), accounts=[account(proxy, "7001")])
    await bot.start()
    await caller.start()
    try:
        async with asyncio.timeout(DEADLINE_S):
            while bot.registrations["pbx"].status != 401:
                await asyncio.sleep(0.01)
        with pytest.raises(CallClosed, match="404"):
            await caller.invite(Address.parse(f"sip:7000@{LOOPBACK}:{proxy}"), OFFER, line="pbx").established(
                timeout_s=DEADLINE_S
            )
    finally:
        await caller.close()
        await bot.close()
