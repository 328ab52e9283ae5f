"""What belongs to which transaction, and what goes where."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from sip_peer import OFFER, Peer, counting_token, session, statuses

from voicebot.address import Address
from voicebot.sip.hop import Hop, Listener
from voicebot.sip.message import MAX_MESSAGE, SipRequest, SipResponse
from voicebot.sip.outputs import Locate, SipCounters, Transmit
from voicebot.sip.transaction import SipTimers
from voicebot.sip.transaction_layer import LARGE, TransactionLayer
from voicebot.sip.user_agent import UserAgent

UDP, TCP = Listener("UDP", "192.0.2.1", 5060), Listener("TCP", "192.0.2.1", 5060)


def layer(emit: Callable[[Transmit | Locate], None] = lambda _output: None) -> TransactionLayer:
    return TransactionLayer(
        [UDP, TCP], name="ours", timers=SipTimers(), counters=SipCounters(), token=counting_token(), emit=emit
    )


def begin(layer: TransactionLayer, hop: Hop, told: list[SipResponse | None]) -> None:
    request = Peer().request("OPTIONS")
    layer.start_client(request, hop, lambda response, _now: told.append(response), 0.0, layer.add_via(request, hop))


@pytest.mark.parametrize(
    ("failed", "hit"),
    [
        (Hop("192.0.2.9", 5070, "TCP"), True),
        (Hop("192.0.2.9", 5071, "TCP"), False),
        (Hop("192.0.2.8", 5070, "TCP"), False),
        (Hop("192.0.2.9", 5070, "UDP"), False),
        (Hop("192.0.2.8", 1, "TCP", 7), True),
        (Hop("192.0.2.8", 1, "TCP", 6), False),
        (Hop("192.0.2.8", 1, "TCP", 0), False),
    ],
)
def test_requests_to_an_unreachable_hop_fail_and_no_others(failed: Hop, hit: bool) -> None:
    told: list[SipResponse | None] = []
    ours = layer()
    begin(ours, Hop("192.0.2.9", 5070, "TCP", 7), told)
    ours.transport_failed(failed, 1.0)
    assert told == ([None] if hit else [])


def test_without_a_flow_only_the_address_counts() -> None:
    told: list[SipResponse | None] = []
    ours = layer()
    begin(ours, Hop("192.0.2.9", 5070, "TCP"), told)
    ours.transport_failed(Hop("192.0.2.8", 1, "TCP", 0), 1.0)
    assert told == []


@pytest.mark.parametrize("branch", ["", "old", "z9hG4bK"])
def test_a_request_without_a_branch_of_its_own_is_known_by_all_that_identifies_it(branch: str) -> None:
    """RFC 2543: several transactions may have the same branch, or none."""
    peer = Peer()
    via = "SIP/2.0/UDP 127.0.0.1:5070" + (f";branch={branch}" if branch else "")

    def invite(call_id: str) -> SipRequest:
        return peer.request("INVITE", body=OFFER, call_id=call_id, headers={"Via": via})

    assert statuses(peer.send(invite("one"))) == [100] == statuses(peer.send(invite("two")))
    assert statuses(peer.send(invite("one"))) == [100] and peer.ua.counters.repeated == 1
    assert len(peer.ua.calls) == 2
    for call in peer.ua.calls:
        call.bye(peer.now)
    assert statuses(peer.command()) == [480, 480]
    for call_id in ("one", "two"):
        peer.send(peer.request("ACK", call_id=call_id, to_tag="any", headers={"Via": via}))
    assert peer.wait(10.0) == [], "both ACKs were understood"


def test_what_we_answer_says_who_we_are_and_is_counted() -> None:
    peer = Peer()
    (answer,) = peer.send(peer.request("OPTIONS"))
    assert answer.headers["Server"] == peer.ua.layer.name and peer.ua.counters.sent == 1
    peer.ua.invite(Address.parse("sip:peer@127.0.0.1:5070"), session(), peer.now)
    (invite,) = peer.command()
    assert invite.headers["User-Agent"] == peer.ua.layer.name and peer.ua.counters.sent == 2


@pytest.mark.parametrize(
    ("padding", "listeners", "transport"), [(200, [UDP, TCP], "UDP"), (LARGE, [UDP, TCP], "TCP"), (LARGE, [UDP], "UDP")]
)
def test_what_is_too_large_for_a_datagram_goes_over_tcp_first(
    padding: int, listeners: Sequence[Listener], transport: str
) -> None:
    ua = UserAgent(listeners, token=counting_token())
    ua.invite(Address.parse("sip:peer@192.0.2.9:5070"), session(), 0.0, headers={"X-Padding": "x" * padding})
    (output,) = ua.take()
    assert isinstance(output, Transmit) and output.hop.transport == transport


def test_a_message_too_large_for_a_datagram_is_counted_and_not_sent() -> None:
    sent: list[Transmit | Locate] = []
    ours = layer(sent.append)
    hop = Hop("192.0.2.9", 5070)
    message = SipRequest("OPTIONS", "sip:x")
    message.body = bytes(MAX_MESSAGE)
    ours.transmit(message, hop)
    assert not sent and ours.counters.send_errors == 1
    message.body = b""
    ours.transmit(message, hop)
    assert len(sent) == ours.counters.sent == 1
