"""The edge of a fleet (deploy/kamailio) with a node that is gone: what becomes of requests in its calls."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from local_fleet import CALLERS_HOST, EDGE_HOST, kamailio
from program import connects, free_port

from voicebot.address import Address
from voicebot.sip import ListenAt, SipEndpoint, offer_answer
from voicebot.sip.message import SipRequest, SipResponse, parse_message

NODE_HOST = "127.0.0.11"
DEADLINE_S = 30.0

pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(shutil.which("kamailio") is None, reason="not installed: apt-get install kamailio"),
]


class Node(asyncio.DatagramProtocol):
    """Takes a call, and answers nothing in it before the second offer: then there is another one in its place."""

    def __init__(self) -> None:
        self.offers: list[int] = []
        """The numbers of the INVITEs, the first of which was that of the call."""

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport
        self._port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, source: tuple[str, int]) -> None:
        request = parse_message(data)
        if not isinstance(request, SipRequest):
            return
        if request.method == "INVITE" and request.cseq[0] not in self.offers:
            self.offers.append(request.cseq[0])
        if request.method == "ACK" or self.offers[1:] == [request.cseq[0]]:
            return
        body = bytes(offer_answer.offer(NODE_HOST, 40000)) if request.method == "INVITE" else b""
        answer = SipResponse(200, "OK", body)
        for name in ("Via", "Record-Route", "From", "To", "Call-ID", "CSeq"):
            answer.headers.setlist(name, list(request.headers.getlist(name)))
        if not request.recipient.tag:
            answer.headers.set("To", f"{request.headers['To']};tag=node")
        answer.headers.set("Contact", f"<sip:{NODE_HOST}:{self._port}>")
        if body:
            answer.headers.set("Content-Type", "application/sdp")
        self._transport.sendto(bytes(answer), source)


@pytest.fixture
async def node() -> AsyncIterator[tuple[Node, int]]:
    loop, port = asyncio.get_running_loop(), free_port(NODE_HOST)
    transport, node = await loop.create_datagram_endpoint(Node, local_addr=(NODE_HOST, port))
    yield node, port
    transport.close()


@pytest.fixture
async def edge(tmp_path: Path, node: tuple[Node, int]) -> AsyncIterator[Address]:
    port = free_port(EDGE_HOST)
    program = kamailio(tmp_path, port, free_port(EDGE_HOST), [f"sip:{NODE_HOST}:{node[1]}"])
    await program.start()
    await program.answering(lambda: connects(EDGE_HOST, port))
    yield Address.parse(f"sip:bot@{EDGE_HOST}:{port}")
    await program.end()


async def test_an_offer_to_a_node_that_is_gone_is_put_off_and_the_call_stays_up(
    edge: Address, node: tuple[Node, int]
) -> None:
    caller = SipEndpoint(ListenAt("UDP", CALLERS_HOST, 0))
    await caller.start()
    async with asyncio.timeout(DEADLINE_S):
        call = caller.invite(edge, offer_answer.offer(CALLERS_HOST, 40002))
        await call.established()
        answered = asyncio.get_running_loop().create_future()
        call.on_session_answer = answered.set_result
        assert call.reoffer(offer_answer.offer(CALLERS_HOST, 40004))
        await answered  # 408 would have ended the call
        assert call.is_up and len(node[0].offers) == 3
        call.bye()
    await caller.close()
