"""What belongs to which transaction, and what goes where."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from sip_peer import OFFER, Peer, counting_token, session, statuses

from voicebot.address import Address
from voicebot.sip.hop import Hop, Listener
from voicebot.sip.message import MAX_MESSAGE, SipRequest, SipResponse, parse_message, response_to
from voicebot.sip.outputs import Locate, SipCounters, Transmit
from voicebot.sip.transaction import SipTimers
from voicebot.sip.transaction_layer import LARGE, TransactionLayer
from voicebot.sip.user_agent import UserAgent

UDP, TCP = Listener("UDP", "192.0.2.1", 5060), Listener("TCP", "192.0.2.1", 5060)


def layer(
    emit: Callable[[Transmit | Locate], None] = lambda _output: None, listeners: Sequence[Listener] = (UDP, TCP)
) -> TransactionLayer:
    return TransactionLayer(
        listeners, name="ours", timers=SipTimers(), counters=SipCounters(), token=counting_token(), emit=emit
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


# --- who we are


def test_our_first_address_is_ours_where_nobody_has_chosen_another() -> None:
    first, second = Listener("UDP", "192.0.2.1", 5060), Listener("TCP", "192.0.2.2", 5061)
    ours = layer(listeners=[first, second])
    assert ours.own_uri(None) == "sip:voicebot@192.0.2.1:5060"
    assert ours.own_uri(Hop("192.0.2.9", 5070, "TCP")) == "sip:voicebot@192.0.2.2:5061"
    assert ours.contact(None) == "<sip:voicebot@192.0.2.1:5060>"
    assert ours.contact(Hop("192.0.2.9", 5070, "TCP"), user="bot") == "<sip:bot@192.0.2.2:5061;transport=tcp>"
    assert ours.contact(None, secure=True) == "<sips:voicebot@192.0.2.1:5060>"
    assert ours.new_call_id().endswith("@192.0.2.1")


def test_tags_branches_and_call_ids_are_long_enough_to_be_unique() -> None:
    """RFC 3261 19.3 wants 32 bits at least."""
    ours = layer()
    request = Peer().request("OPTIONS")
    assert len(ours.new_tag()) == len(ours.tag_for(request)) == 16
    assert len(ours.new_call_id().partition("@")[0]) == 24
    assert len(ours.add_via(request, Hop("192.0.2.9", 5070))) == len("z9hG4bK") + 20


def test_a_connection_is_there_as_long_as_it_is_open() -> None:
    ours = layer()
    ours.open_flows = {7}
    assert [ours.has_flow(Hop("x", 0, "TCP", flow)) for flow in (0, 6, 7)] == [False, False, True]


def test_a_request_that_says_who_sends_it_is_left_to_say_so() -> None:
    request = Peer().request("OPTIONS", headers={"User-Agent": "theirs"})
    layer().add_via(request, Hop("192.0.2.9", 5070))
    assert request.headers["User-Agent"] == "theirs"


# --- answers without state


def test_the_tag_of_a_stateless_answer_is_the_same_for_a_repetition_and_for_nothing_else() -> None:
    ours = layer()

    def tag(vias: tuple[str, ...] = ("one", "two"), cseq: int = 1, call_id: str = "c") -> str:
        request = Peer().request("OPTIONS", cseq=cseq, call_id=call_id)
        request.headers.setlist("Via", [f"SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK{via}" for via in vias])
        return ours.tag_for(request)

    assert tag() == tag()
    others = [tag(vias=("other", "two")), tag(cseq=2), tag(call_id="d"), tag(vias=())]
    assert len({tag(), *others}) == 5
    assert tag(vias=("one", "other")) == tag(), "the Via on top tells one request from another"


def test_a_stateless_answer_says_who_we_are_why_and_when_to_come_again() -> None:
    sent: list[Transmit | Locate] = []
    ours = layer(sent.append)
    request = Peer().request("INVITE")
    ours.answer_stateless(request, 503, Hop("192.0.2.9", 5070), headers={"Retry-After": "0"})
    ours.answer_stateless(request, 400, Hop("192.0.2.9", 5070), reason="no CSeq")
    busy, bad = (parse_message(output.data) for output in sent if isinstance(output, Transmit))
    assert isinstance(busy, SipResponse) and isinstance(bad, SipResponse)
    assert (busy.status, busy.reason, busy.headers["Retry-After"]) == (503, "Service Unavailable", "0")
    assert (bad.status, bad.reason, bad.headers.get("Retry-After")) == (400, "Bad Request: no CSeq", None)
    assert busy.headers["Server"] == bad.headers["Server"] == "ours"
    assert busy.recipient.tag == ours.tag_for(request)
    assert ours.counters.rejected_by_status == {503: 1, 400: 1}


# --- transactions


def test_what_is_refused_is_counted_and_what_is_accepted_is_not() -> None:
    sent: list[Transmit | Locate] = []
    ours = layer(sent.append)
    for number, status in enumerate((200, 299, 300, 486)):
        request = Peer().request("OPTIONS", call_id=str(number), branch=f"z9hG4bK{number}")
        transaction = ours.start_server(request, Hop("192.0.2.9", 5070))
        ours.respond(transaction, response_to(request, status), 0.0)
    assert ours.counters.rejected_by_status == {300: 1, 486: 1} and len(sent) == 4


def test_a_refusal_has_the_headers_that_it_is_given_one_line_for_each_value() -> None:
    sent: list[Transmit | Locate] = []
    ours = layer(sent.append)
    request = Peer().request("OPTIONS")
    transaction = ours.start_server(request, Hop("192.0.2.9", 5070))
    ours.refuse(transaction, 420, 0.0, retry_after_s=0, headers={"Unsupported": "x", "WWW-Authenticate": ["a", "b"]})
    (output,) = sent
    assert isinstance(output, Transmit)
    answer = parse_message(output.data)
    assert answer.headers["Unsupported"] == "x" and answer.headers["Retry-After"] == "0"
    assert answer.headers.getlist("WWW-Authenticate") == ["a", "b"]


def test_a_response_counts_only_with_our_via_alone_on_it_and_others_are_counted_as_dropped() -> None:
    told: list[SipResponse | None] = []
    ours = layer()
    request = Peer().request("OPTIONS")
    hop = Hop("192.0.2.9", 5070)
    ours.start_client(request, hop, lambda response, _now: told.append(response), 0.0, ours.add_via(request, hop))
    via = request.headers["Via"]
    for number, vias in enumerate(
        (
            [via, "SIP/2.0/UDP 192.0.2.7;branch=z9hG4bKx"],
            [via.replace("branch=", "branch=x")],
        )
    ):
        response = response_to(request, 200)
        response.headers.setlist("Via", vias)
        ours.receive_response(response, 0.1)
        assert not told and ours.counters.dropped == number + 1
    ours.receive_response(response_to(request, 200), 0.1)
    assert len(told) == 1 and ours.counters.dropped == 2


def test_what_is_over_leaves_nothing_behind_and_what_is_forgotten_is_silent() -> None:
    sent: list[Transmit | Locate] = []
    ours = layer(sent.append)
    request, hop = Peer().request("OPTIONS"), Hop("192.0.2.9", 5070)
    branch = ours.add_via(request, hop)
    ours.start_client(request, hop, lambda _response, _now: None, 0.0, branch)
    came = Peer().request("INVITE")
    transaction = ours.start_server(came, hop)
    assert len(ours) == 2 and ours.is_merged(came)
    ours.respond(transaction, response_to(came, 200), 0.0)
    ours.forget_client(branch, "OPTIONS")
    ours.forget_client(branch, "OPTIONS")
    assert len(ours) == 1 and len(sent) == 2
    ours.timeout(100.0)
    assert len(ours) == 0 and len(sent) == 2 and not ours.is_merged(came)
    assert not (ours._on_response or ours._keys or ours._invites or ours._invite_keys)
    assert ours.next_deadline() is None


def test_a_client_that_nobody_answers_is_told_so_repeated_and_forgotten() -> None:
    told: list[SipResponse | None] = []
    sent: list[Transmit | Locate] = []
    ours = layer(sent.append)
    begin(ours, Hop("192.0.2.9", 5070), told)
    while (deadline := ours.next_deadline()) is not None:
        ours.timeout(deadline)
    assert told == [None] and len(ours) == 0 and not ours._on_response
    assert ours.counters.retransmitted == len(sent) - 1 == 10


@pytest.mark.parametrize(
    "other", [{"cseq": 2}, {"call_id": "other"}, {"from_tag": "other"}, {"method": "INFO"}, {"uri": "sip:other@x"}]
)
def test_each_part_of_what_identifies_a_request_tells_it_from_another(other: dict[str, object]) -> None:
    ours = layer()

    def request(method: str = "INVITE", uri: str = "sip:bot@x", **parts: object) -> SipRequest:
        made = Peer().request(method, headers={"Via": "SIP/2.0/UDP 192.0.2.9:5070"}, **parts)  # type: ignore[arg-type]
        made.uri = uri
        return made

    transaction = ours.start_server(request(), Hop("192.0.2.9", 5070))
    assert ours.server_of(request()) is transaction
    assert ours.server_of(request(**other)) is None  # type: ignore[arg-type]
    assert ours.invite_of(request("CANCEL"), Hop("192.0.2.8", 5070)) is transaction, "as what it cancels"


@pytest.mark.parametrize("other", [{"cseq": 2}, {"call_id": "other"}, {"method": "INFO"}])
def test_a_branch_that_is_used_again_is_another_request(other: dict[str, object]) -> None:
    ours, peer = layer(), Peer()
    first = ours.start_server(peer.request("OPTIONS", branch="z9hG4bKsame"), Hop("192.0.2.9", 5070))
    again = peer.request(**{"method": "OPTIONS", "branch": "z9hG4bKsame", **other})  # type: ignore[arg-type]
    assert ours.server_of(again) is None
    second = ours.start_server(again, Hop("192.0.2.9", 5070))
    assert ours.server_of(again) is second is not first
    assert ours.server_of(peer.request("OPTIONS", branch="z9hG4bKsame")) is first


@pytest.mark.parametrize(
    "other", [{"cseq": 2}, {"call_id": "other"}, {"from_tag": "other"}, {"source": Hop("192.0.2.8", 5070)}]
)
def test_an_ack_or_cancel_with_a_branch_of_its_own_is_known_by_call_id_tag_cseq_and_source(
    other: dict[str, object],
) -> None:
    ours, peer = layer(), Peer()
    transaction = ours.start_server(peer.request("INVITE"), Hop("192.0.2.9", 5070))

    def found(method: str, source: Hop | None = None, **parts: object) -> object:
        return ours.invite_of(peer.request(method, **parts), source or Hop("192.0.2.9", 40123))  # type: ignore[arg-type]

    assert found("CANCEL") is found("ACK") is transaction
    assert found("CANCEL", **other) is found("ACK", **other) is None  # type: ignore[arg-type]


def test_the_largest_message_that_a_datagram_holds_is_sent() -> None:
    sent: list[Transmit | Locate] = []
    ours = layer(sent.append)
    message = SipRequest("OPTIONS", "sip:x")
    message.body = bytes(60_000)
    message.body = bytes(MAX_MESSAGE - len(bytes(message)) + 60_000)
    assert len(bytes(message)) == MAX_MESSAGE
    ours.transmit(message, Hop("192.0.2.9", 5070))
    assert len(sent) == 1
    message.body += b"x"
    ours.transmit(message, Hop("192.0.2.9", 5070))
    assert len(sent) == 1 and ours.counters.send_errors == 1
