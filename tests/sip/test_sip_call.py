"""Within a call that is up: changes of the session, keys, requests out of order."""

from __future__ import annotations

import pytest
from sip_calls import offered, up
from sip_peer import OFFER, Peer, session, statuses

from voicebot.sip.message import SipRequest
from voicebot.sip.outputs import (
    CallEnded,
    KeyReceived,
    SessionAnswered,
    SessionOffered,
    SessionRefused,
)


def test_a_reinvite_is_offered_up_answered_and_its_200_repeated() -> None:
    peer = Peer()
    call, tag = up(peer)
    hold = OFFER.replace(b"sendrecv", b"sendonly").replace(b"40000", b"40008")
    moved = {"Contact": "<sip:peer@127.0.0.1:5999>"}
    assert peer.send(peer.request("INVITE", cseq=2, to_tag=tag, body=hold, headers=moved)) == []
    event = peer.event(SessionOffered)
    assert event.offer is not None and event.offer.media[0].port == 40008
    call.accept_session(session(), peer.now)
    assert statuses(peer.command()) == [200]
    assert statuses(peer.wait(0.5)) == [200]
    peer.send(peer.request("ACK", cseq=2, to_tag=tag))
    assert peer.wait(30.0) == []
    call.bye(peer.now)
    (bye,) = peer.command()
    assert isinstance(bye, SipRequest) and bye.uri == "sip:peer@127.0.0.1:5999"


def test_a_refused_reinvite_leaves_the_call_up() -> None:
    peer = Peer()
    call, tag = up(peer)
    peer.send(peer.request("INVITE", cseq=2, to_tag=tag, body=OFFER))
    call.refuse_session(peer.now)
    assert statuses(peer.command()) == [488]
    assert not peer.has(CallEnded)


def test_a_reinvite_without_an_offer_brings_its_answer_in_the_ack() -> None:
    peer = Peer()
    call, tag = up(peer)
    peer.send(peer.request("INVITE", cseq=2, to_tag=tag))
    assert peer.event(SessionOffered).offer is None
    call.accept_session(session(), peer.now)
    peer.command()
    peer.send(peer.request("ACK", cseq=2, to_tag=tag, body=OFFER))
    assert peer.event(SessionAnswered).answer.media[0].port == 40000


@pytest.mark.parametrize("body", [b"", b"v=0\r\nm=nonsense\r\n"])
def test_a_reinvite_without_an_offer_whose_ack_has_no_answer_changes_nothing(body: bytes) -> None:
    peer = Peer()
    call, tag = up(peer)
    peer.send(peer.request("INVITE", cseq=2, to_tag=tag))
    call.accept_session(session(), peer.now)
    assert statuses(peer.command()) == [200]
    assert peer.send(peer.request("ACK", cseq=2, to_tag=tag, body=body)) == []
    assert peer.event(SessionRefused).reason == "no answer in the ACK" and not peer.has(SessionAnswered)
    assert call.is_up and call.renegotiation.is_free and peer.wait(40.0) == []
    peer.send(peer.request("INVITE", cseq=3, to_tag=tag, body=OFFER))
    assert peer.event(SessionOffered).offer is not None, "the next may come"


def test_a_reinvite_before_the_ack_gets_491_and_one_during_another_500() -> None:
    peer = Peer()
    call = offered(peer)
    call.answer(session(), peer.now)
    (ok,) = peer.command()
    tag = ok.recipient.tag
    assert statuses(peer.send(peer.request("INVITE", cseq=2, to_tag=tag, body=OFFER))) == [491]
    peer.send(peer.request("ACK", to_tag=tag))
    peer.send(peer.request("INVITE", cseq=3, to_tag=tag, body=OFFER))
    (answer,) = peer.send(peer.request("INVITE", cseq=4, to_tag=tag, body=OFFER))
    assert statuses([answer]) == [500] and answer.headers["Retry-After"]


def test_update_changes_the_session_at_once() -> None:
    peer = Peer()
    call, tag = up(peer)
    peer.send(peer.request("UPDATE", cseq=2, to_tag=tag, body=OFFER))
    call.accept_session(session(), peer.now)
    (answer,) = peer.command()
    assert statuses([answer]) == [200] and answer.body == bytes(session())
    assert statuses(peer.send(peer.request("UPDATE", cseq=3, to_tag=tag))) == [200]


def test_a_request_out_of_order_gets_500() -> None:
    peer = Peer()
    _, tag = up(peer, cseq=1)
    assert statuses(peer.send(peer.request("INFO", cseq=5, to_tag=tag))) == [200]
    assert statuses(peer.send(peer.request("INFO", cseq=4, to_tag=tag))) == [500]


@pytest.mark.parametrize(
    ("kind", "body", "key"),
    [
        ("application/dtmf-relay", b"Signal=5\r\nDuration=160\r\n", "5"),
        ("application/dtmf-relay", b"Signal= #\r\nDuration= 250\r\n", "#"),
        ("application/dtmf-relay", b"Signal=10\nDuration=160\n", "*"),
        ("application/dtmf", b"a", "A"),
    ],
)
def test_keys_come_by_info(kind: str, body: bytes, key: str) -> None:
    peer = Peer()
    _, tag = up(peer)
    assert statuses(peer.send(peer.request("INFO", cseq=2, to_tag=tag, body=body, content_type=kind))) == [200]
    assert peer.event(KeyReceived).key == key


def test_an_info_that_is_not_understood_is_refused() -> None:
    peer = Peer()
    _, tag = up(peer)
    wrong = peer.request("INFO", cseq=2, to_tag=tag, body=b"Signal=55\r\n", content_type="application/dtmf-relay")
    assert statuses(peer.send(wrong)) == [400]
    other = peer.request("INFO", cseq=3, to_tag=tag, body=b"x", content_type="application/media_control+xml")
    assert statuses(peer.send(other)) == [415]
    assert not peer.has(KeyReceived)


def test_the_reason_of_a_bye_is_told() -> None:
    peer = Peer()
    _, tag = up(peer)
    peer.send(peer.request("BYE", cseq=2, to_tag=tag, headers={"Reason": 'Q.850;cause=16;text="Normal"'}))
    assert peer.event(CallEnded).reason.startswith("Q.850;cause=16")
