"""An account that two nodes share by Redis, at a live registrar: when its node is killed, only the other one has it."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from redis_server_run import redis_server
from registrar import KAMAILIO, LOOPBACK, NO_KAMAILIO, registrar_running
from waiting import until

from voicebot.address import Address
from voicebot.fleet import Fleet, Limits, NodeState
from voicebot.redis_server import RedisAddress, RedisServer
from voicebot.sip import Access, Account, IncomingCall, ListenAt, SipEndpoint, offer_answer, registration
from voicebot.sip.message import SipResponse

OFFER = offer_answer.offer(LOOPBACK, 40000)
LEASE_S = 1.0

pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(KAMAILIO is None, reason=NO_KAMAILIO),
    pytest.mark.skipif(shutil.which("redis-server") is None, reason="needs a redis-server (Debian)"),
]


class Node:
    """An endpoint that registers what the fleet says."""

    def __init__(self, name: str, registrar: int, redis: str) -> None:
        self.calls: list[IncomingCall] = []
        account = Account("pbx", f"sip:{LOOPBACK}:{registrar}", "7000", "secret", expires_s=60)
        listen = ListenAt("UDP", port=0)
        self.endpoint = SipEndpoint(
            listen, accounts=[account], access=Access("drop"), on_invite=self._take, shared=True
        )
        self.fleet = Fleet(
            RedisServer(RedisAddress.parse(redis)),
            Limits(),
            state=lambda: NodeState(name),
            accounts=["pbx"],
            register=self.endpoint.share,
            lease_s=LEASE_S,
        )

    def _take(self, call: IncomingCall) -> None:
        self.calls.append(call)
        call.ring()
        asyncio.ensure_future(call.answer(OFFER)).add_done_callback(lambda done: done.exception())

    @property
    def registered(self) -> bool:
        found = self.endpoint.registrations.get("pbx")
        return found is not None and found.registered(self.endpoint.loop.time())

    async def start(self) -> None:
        await self.endpoint.start()
        await self.fleet.start()

    async def killed(self) -> None:
        """It says nothing any more, to nobody."""
        self.endpoint.registrations.clear()
        await self.endpoint.close()
        await self.fleet._tasks.close()
        await self.fleet._server.close()


@asynccontextmanager
async def caller_at(registrar: int) -> AsyncIterator[SipEndpoint]:
    account = Account("pbx", f"sip:{LOOPBACK}:{registrar}", "7001", "secret", expires_s=60)
    caller = SipEndpoint(ListenAt(port=0), accounts=[account])
    await caller.start()
    await until(lambda: caller.registrations["pbx"].registered(caller.loop.time()))
    yield caller
    await caller.close()


async def test_the_binding_is_taken_over_once_and_nothing_is_left_of_the_node_that_was_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed: list[int] = []
    of_others = registration.of_others

    def counting(response: SipResponse, own: str, address: str) -> list[str]:
        listed.append(len(response.contact))
        return of_others(response, own, address)

    monkeypatch.setattr(registration, "of_others", counting)
    async with redis_server(tmp_path) as (url, _):
        with registrar_running(tmp_path) as port:
            first, second = Node("first", port, url), Node("second", port, url)
            await first.start()
            await until(lambda: first.registered)
            await second.start()
            assert not second.endpoint.registrations and second.endpoint.accounts_elsewhere == {"pbx"}
            await first.killed()
            await until(lambda: second.registered)
            assert listed[-1] == 2, "the registrar still has the binding of the first"
            second.endpoint.registrations["pbx"].start(second.endpoint.loop.time())  # as it does before its end
            second.endpoint.flush()
            await until(lambda: listed[-1] == 1)
            async with caller_at(port) as caller, asyncio.timeout(20):
                call = caller.invite(Address.parse(f"sip:7000@{LOOPBACK}:{port}"), OFFER, line="pbx")
                await call.established()
                assert len(second.calls) == 1
                call.bye()
            await second.fleet.close()
            await second.endpoint.close()
