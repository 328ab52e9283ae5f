"""The transaction machines against RFC 3261 section 17 and RFC 6026, on passed-in time."""

from __future__ import annotations

import pytest

from voicebot.sip.hop import Hop
from voicebot.sip.message import SipRequest, SipResponse, parse_message, response_to
from voicebot.sip.transaction import (
    InviteClient,
    InviteServer,
    NonInviteClient,
    NonInviteServer,
    SipTimers,
    ToUser,
    ToWire,
    Transaction,
    TransactionState,
)

TIMERS = SipTimers()
PEER = Hop("127.0.0.1", 5070)
STREAM = PEER._replace(transport="TCP")


def request(method: str) -> SipRequest:
    made = SipRequest(method, "sip:bot@127.0.0.1")
    for name, value in (
        ("Via", "SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bKa"),
        ("Via", "SIP/2.0/UDP 127.0.0.9;branch=z9hG4bKb"),
        ("From", "<sip:a@x>;tag=1"),
        ("To", "<sip:bot@127.0.0.1>"),
        ("Call-ID", "c"),
        ("CSeq", f"1 {method}"),
        ("Route", "<sip:p;lr>"),
    ):
        made.headers.add(name, value)
    return made


def run_timers(transaction: Transaction, until: float) -> list[float]:
    """The times at which something was sent."""
    sent: list[float] = []
    while transaction.deadline is not None and transaction.deadline <= until:
        now = transaction.deadline
        sent += [now for effect in transaction.timeout(now) if isinstance(effect, ToWire)]
    return sent


def test_invite_client_doubles_its_interval_without_cap_and_gives_up_after_64_t1() -> None:
    transaction = InviteClient(request("INVITE"), PEER, TIMERS)
    assert [type(effect) for effect in transaction.start(0.0)] == [ToWire]
    assert run_timers(transaction, 31.9) == [0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
    assert transaction.timeout(32.0) == [ToUser(None)]
    assert transaction.terminated and transaction.deadline is None


def test_invite_client_stops_repeating_at_a_provisional_response() -> None:
    transaction = InviteClient(request("INVITE"), PEER, TIMERS)
    transaction.start(0.0)
    ringing = response_to(transaction.request, 180)
    assert transaction.receive(ringing, 0.1) == [ToUser(ringing)]
    assert transaction.state is TransactionState.PROCEEDING and transaction.deadline is None


def test_invite_client_acknowledges_a_failure_within_the_transaction_and_again_when_it_is_repeated() -> None:
    transaction = InviteClient(request("INVITE"), PEER, TIMERS)
    transaction.start(0.0)
    busy = response_to(transaction.request, 486, to_tag="2")
    ack, passed = transaction.receive(busy, 0.1)
    assert isinstance(ack, ToWire) and passed == ToUser(busy)
    message = parse_message(ack.data)
    assert isinstance(message, SipRequest) and message.method == "ACK" and message.uri == transaction.request.uri
    assert message.headers.getlist("Via") == ["SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bKa"]
    assert message.headers.getlist("Route") == ["<sip:p;lr>"]
    assert message.headers["To"].endswith(";tag=2") and message.headers["CSeq"] == "1 ACK"
    assert message.headers["Max-Forwards"] == "70" and message.headers["From"] == transaction.request.headers["From"]
    again = transaction.receive(busy, 0.6)
    assert len(again) == 1 and isinstance(again[0], ToWire)
    assert transaction.timeout(32.1) == [] and transaction.terminated


def test_invite_client_passes_every_2xx_up_until_timer_m() -> None:
    transaction = InviteClient(request("INVITE"), PEER, TIMERS)
    transaction.start(0.0)
    ok = response_to(transaction.request, 200, to_tag="2")
    assert transaction.receive(ok, 0.1) == [ToUser(ok)]
    assert transaction.receive(ok, 0.6) == [ToUser(ok)]
    assert transaction.state is TransactionState.ACCEPTED
    transaction.timeout(32.1)
    assert transaction.terminated


def test_non_invite_client_caps_its_interval_at_t2_and_gives_up_after_64_t1() -> None:
    transaction = NonInviteClient(request("BYE"), PEER, TIMERS)
    transaction.start(0.0)
    assert run_timers(transaction, 31.9) == [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert transaction.timeout(32.0) == [ToUser(None)]


def test_non_invite_client_repeats_every_t2_once_it_is_proceeding_and_keeps_its_time_limit() -> None:
    transaction = NonInviteClient(request("BYE"), PEER, TIMERS)
    transaction.start(0.0)
    transaction.receive(response_to(transaction.request, 100), 0.1)
    assert run_timers(transaction, 12.6) == [0.5, 4.5, 8.5, 12.5]
    assert ToUser(None) in transaction.timeout(32.0)


@pytest.mark.parametrize("reliable", [False, True])
def test_non_invite_client_absorbs_repeated_responses_for_t4(reliable: bool) -> None:
    transaction = NonInviteClient(request("BYE"), STREAM if reliable else PEER, TIMERS)
    transaction.start(0.0)
    ok = response_to(transaction.request, 200)
    assert transaction.receive(ok, 0.1) == [ToUser(ok)]
    assert transaction.receive(ok, 0.2) == []
    assert transaction.deadline == (0.1 if reliable else 5.1)
    transaction.timeout(5.1)
    assert transaction.terminated


def test_invite_server_repeats_its_last_response_when_the_invite_is_repeated() -> None:
    transaction = InviteServer(request("INVITE"), PEER, TIMERS)
    for status in (100, 180, 200):
        response = response_to(request("INVITE"), status, to_tag="2")
        assert transaction.respond(response, 0.0) == [ToWire(bytes(response))]
        assert transaction.receive(request("INVITE"), 0.1) == [ToWire(bytes(response), again=True)]


def test_invite_server_repeats_a_failure_until_its_ack_and_then_only_absorbs() -> None:
    transaction = InviteServer(request("INVITE"), PEER, TIMERS)
    transaction.respond(response_to(request("INVITE"), 486, to_tag="2"), 0.0)
    assert run_timers(transaction, 12.0) == [0.5, 1.5, 3.5, 7.5, 11.5]
    assert transaction.receive(request("ACK"), 12.0) == []
    assert transaction.state is TransactionState.CONFIRMED
    assert transaction.receive(request("INVITE"), 12.1) == []
    assert run_timers(transaction, 20.0) == [] and transaction.terminated


def test_invite_server_gives_up_waiting_for_the_ack_of_a_failure_after_64_t1() -> None:
    transaction = InviteServer(request("INVITE"), PEER, TIMERS)
    transaction.respond(response_to(request("INVITE"), 486, to_tag="2"), 0.0)
    run_timers(transaction, 32.0)
    assert transaction.terminated


def test_invite_server_takes_no_other_final_response_after_the_first() -> None:
    transaction = InviteServer(request("INVITE"), PEER, TIMERS)
    transaction.respond(response_to(request("INVITE"), 487, to_tag="2"), 0.0)
    assert transaction.respond(response_to(request("INVITE"), 200, to_tag="2"), 0.1) == []


def test_non_invite_server_is_silent_until_it_answers_and_repeats_the_answer_for_64_t1() -> None:
    transaction = NonInviteServer(request("BYE"), PEER, TIMERS)
    assert transaction.receive(request("BYE"), 0.1) == []
    ok = response_to(request("BYE"), 200)
    assert transaction.respond(ok, 0.2) == [ToWire(bytes(ok))]
    assert transaction.receive(request("BYE"), 0.3) == [ToWire(bytes(ok), again=True)]
    assert run_timers(transaction, 32.1) == [] and not transaction.terminated
    transaction.timeout(32.2)
    assert transaction.terminated


@pytest.mark.parametrize(
    ("kind", "method", "status"),
    [(InviteServer, "INVITE", 486), (NonInviteServer, "BYE", 200)],
)
def test_over_a_reliable_transport_nothing_is_repeated(
    kind: type[InviteServer] | type[NonInviteServer], method: str, status: int
) -> None:
    transaction = kind(request(method), STREAM, TIMERS)
    transaction.respond(response_to(request(method), status, to_tag="2"), 0.0)
    assert run_timers(transaction, 100.0) == []
    assert transaction.terminated


def test_a_response_keeps_all_vias_and_gets_our_tag_once() -> None:
    response = response_to(request("INVITE"), 200, to_tag="2")
    assert isinstance(response, SipResponse)
    assert len(response.headers.getlist("Via")) == 2
    assert response.headers["To"] == "<sip:bot@127.0.0.1>;tag=2"


@pytest.mark.parametrize(("status", "state"), [(199, "PROCEEDING"), (299, "ACCEPTED"), (300, "COMPLETED")])
def test_a_redirection_is_a_failure_and_ends_the_invite_like_one(status: int, state: str) -> None:
    client = InviteClient(request("INVITE"), PEER, TIMERS)
    client.start(0.0)
    server = InviteServer(request("INVITE"), PEER, TIMERS)
    response = response_to(request("INVITE"), status, to_tag="2")
    effects = client.receive(response, 0.1)
    server.respond(response, 0.1)
    assert client.state is server.state is TransactionState[state]
    assert ToUser(response) in effects and len(effects) == (2 if status == 300 else 1), (
        "only a failure gets its ACK here"
    )


def test_invite_server_waits_t4_for_repeated_acks_and_not_at_all_over_a_stream() -> None:
    transaction = InviteServer(request("INVITE"), PEER, TIMERS)
    transaction.respond(response_to(request("INVITE"), 486, to_tag="2"), 0.0)
    transaction.receive(request("ACK"), 1.0)
    assert transaction.deadline == 6.0
    stream = InviteServer(request("INVITE"), STREAM, TIMERS)
    stream.respond(response_to(request("INVITE"), 486, to_tag="2"), 0.0)
    stream.receive(request("ACK"), 1.0)
    assert stream.deadline == 1.0


@pytest.mark.parametrize(("kind", "method"), [(InviteClient, "INVITE"), (NonInviteClient, "BYE")])
def test_a_request_that_cannot_be_delivered_fails_at_once(
    kind: type[InviteClient] | type[NonInviteClient], method: str
) -> None:
    transaction = kind(request(method), PEER, TIMERS)
    transaction.start(0.0)
    assert transaction.fail(0.1) == [ToUser(None)] and transaction.terminated
    assert transaction.fail(0.2) == [], "told once"


def test_a_hop_among_others_is_given_up_in_its_own_time() -> None:
    transaction = NonInviteClient(request("BYE"), PEER, TIMERS, give_up=TIMERS.next_hop)
    transaction.start(0.0)
    assert run_timers(transaction, 3.9) == [0.5, 1.5, 3.5]
    assert transaction.timeout(4.0) == [ToUser(None)]


def test_what_is_abandoned_is_silent() -> None:
    transaction = InviteClient(request("INVITE"), PEER, TIMERS)
    transaction.start(0.0)
    transaction.abandon()
    assert transaction.deadline is None and transaction.timeout(100.0) == []


def test_over_a_stream_an_invite_is_sent_once_and_given_up_after_64_t1() -> None:
    transaction = InviteClient(request("INVITE"), STREAM, TIMERS)
    transaction.start(0.0)
    assert run_timers(transaction, 31.9) == [] and transaction.timeout(32.0) == [ToUser(None)]


def test_a_server_transaction_keeps_its_request_until_the_final_response() -> None:
    transaction = InviteServer(request("INVITE"), PEER, TIMERS)
    transaction.respond(response_to(request("INVITE"), 180, to_tag="2"), 0.0)
    assert transaction.request.method == "INVITE"
    transaction.respond(response_to(request("INVITE"), 200, to_tag="2"), 0.0)
    with pytest.raises(AssertionError):
        _ = transaction.request
