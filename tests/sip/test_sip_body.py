"""Bodies of whole messages: what is taken, what is passed over, and what is refused."""

from __future__ import annotations

import pytest
from sip_calls import called_up, calling, offered, up
from sip_peer import OFFER, Peer, session, statuses

from voicebot.sip.answering import CallOffered
from voicebot.sip.message import SipRequest, SipResponse, parse_message
from voicebot.sip.offer_answer import offer
from voicebot.sip.outputs import (
    CallConfirmed,
    CallEnded,
    CallProgress,
    KeyReceived,
    ReferProgress,
    SessionAnswered,
    SessionOffered,
)

MIXED = "multipart/mixed;boundary=gw"
ISUP = b"application/isup;version=itu-t92+"
OTHER = bytes(offer("127.0.0.1", 40010))


def part(kind: bytes, content: bytes, disposition: bytes = b"") -> bytes:
    said = b"Content-Disposition: " + disposition + b"\r\n" if disposition else b""
    return said + b"Content-Type: " + kind + b"\r\n\r\n" + content


def mixed(*parts: bytes) -> bytes:
    return b"".join(b"--gw\r\n" + one + b"\r\n" for one in parts) + b"--gw--\r\n"


def beside(content: bytes = OFFER) -> bytes:
    """A session description, and what a gateway puts beside it."""
    return mixed(part(ISUP, b"\x01\0\r\n\xff", b"signal;handling=optional"), part(b"application/sdp", content))


def answer_to(body: bytes, content_type: str = MIXED, method: str = "INVITE", **headers: str) -> SipResponse:
    peer = Peer()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    (said,) = peer.send(peer.request(method, body=body, content_type=content_type, headers=named))
    assert isinstance(said, SipResponse)
    return said


@pytest.mark.parametrize(
    "kind", [ISUP, b"application/pidf+xml", b"application/gtd", b"application/rs-metadata+xml", b"application/qsig"]
)
@pytest.mark.parametrize("disposition", [b"", b"signal;handling=optional", b"render", b"by-reference"])
@pytest.mark.parametrize("first", [True, False])
def test_a_description_with_something_beside_it_is_an_ordinary_offer(
    kind: bytes, disposition: bytes, first: bool
) -> None:
    parts = [part(kind, b"\xff\0--gw", disposition), part(b"application/sdp", OFFER, b"session;handling=required")]
    peer = Peer()
    offered(peer, body=mixed(*(parts if first else parts[::-1])), content_type=MIXED)
    told = peer.event(CallOffered).call.offer
    assert told is not None and told.media[0].port == 40000


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (mixed(part(b"application/sdp", OFFER), part(ISUP, b"x", b"signal;handling=required")), MIXED),
        (mixed(part(b"text/plain", b"x")), MIXED),
        (mixed(part(b"application/sdp\r\nContent-Encoding: gzip", OFFER)), MIXED),
        (mixed(part(b"application/sdp", OFFER)), "multipart/mixed;boundary=other"),
        (mixed(part(b"application/sdp", OFFER)), "multipart/mixed"),
        (b"x", "text/plain"),
    ],
)
def test_what_must_be_understood_and_is_not_gets_415_with_what_would_be(body: bytes, content_type: str) -> None:
    refused = answer_to(body, content_type)
    assert refused.status == 415 and refused.headers["Accept-Encoding"] == "identity"
    assert refused.tokens("Accept") == ["application/sdp", "multipart/mixed", "multipart/alternative"]


def test_a_description_for_early_media_beside_the_sessions_is_passed_over() -> None:
    """RFC 3959."""
    peer = Peer()
    early = part(b"application/sdp", OTHER, b"early-session")
    offered(peer, body=mixed(early, part(b"application/sdp", OFFER)), content_type=MIXED)
    told = peer.event(CallOffered).call.offer
    assert told is not None and told.media[0].port == 40000


def test_a_body_that_need_not_be_understood_is_no_offer() -> None:
    peer = Peer()
    body = mixed(part(ISUP, b"x", b"signal;handling=optional"))
    call = offered(peer, body=body, content_type=MIXED, headers={"Supported": "100rel", "Require": "100rel"})
    assert peer.event(CallOffered).call.offer is None
    call.ring(peer.now)
    assert peer.command() == [], "the first reliable response must have our offer"
    call.answer(session(), peer.now)
    (ok,) = peer.command()
    assert peer.send(
        peer.request("ACK", to_tag=ok.recipient.tag, body=beside(), content_type=MIXED)
    ) == [] and peer.has(CallConfirmed)
    told = peer.event(CallConfirmed).answer
    assert told is not None and told.media[0].port == 40000


def test_compact_headers_are_headers() -> None:
    peer = Peer()
    data = bytes(peer.request("INVITE", body=beside(), content_type=MIXED))
    compact = data.replace(b"Content-Type", b"c", 1).replace(b"Content-Length", b"l", 1)
    assert statuses(peer.send(compact)) == [100] and peer.event(CallOffered).call.offer is not None


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_a_call_is_changed_by_a_description_with_something_beside_it(method: str) -> None:
    peer = Peer()
    call, tag = up(peer)
    peer.send(peer.request(method, cseq=2, to_tag=tag, body=beside(OTHER), content_type=MIXED))
    told = peer.event(SessionOffered).offer
    assert told is not None and told.media[0].port == 40010
    call.accept_session(session(), peer.now)
    assert statuses(peer.command()) == [200]


@pytest.mark.parametrize("status", [183, 180])
def test_an_early_answer_may_have_something_beside_it(status: int) -> None:
    peer = Peer()
    _, invite = calling(peer)
    early = peer.reply(invite, status, to_tag="theirs", body=beside())
    early.headers.set("Content-Type", MIXED)
    peer.send(early)
    told = peer.event(CallProgress).early
    assert told is not None and told.media[0].port == 40000


def test_the_answer_to_our_call_may_have_something_beside_it() -> None:
    peer = Peer()
    _, invite = calling(peer)
    ok = peer.reply(invite, 200, to_tag="theirs", body=beside())
    ok.headers.set("Content-Type", MIXED)
    assert statuses(peer.send(ok)) == ["ACK"]
    told = peer.event(CallConfirmed).answer
    assert told is not None and told.media[0].port == 40000 and not peer.has(CallEnded)


def test_the_answer_to_our_change_may_have_something_beside_it() -> None:
    peer = Peer()
    call, _ = called_up(peer)
    call.renegotiation.offer(session(), peer.now)
    (again,) = peer.command()
    assert isinstance(again, SipRequest)
    ok = peer.reply(again, 200, body=beside(OTHER))
    ok.headers.set("Content-Type", MIXED)
    assert statuses(peer.send(ok)) == ["ACK"]
    assert peer.event(SessionAnswered).answer.media[0].port == 40010


@pytest.mark.parametrize(("body", "status"), [(beside(), 488), (mixed(part(ISUP, b"x")), 200), (b"", 200)])
def test_a_prack_may_have_a_body_but_no_offer(body: bytes, status: int) -> None:
    peer = Peer()
    call = offered(peer, headers={"Supported": "100rel"})
    call.progress(session(), peer.now)
    (early,) = peer.command()
    rack = {"RAck": f"{early.headers['RSeq']} 1 INVITE"}
    tag = early.recipient.tag
    prack = peer.request("PRACK", cseq=2, to_tag=tag, body=body, content_type=MIXED, headers=rack)
    assert statuses(peer.send(prack)) == [status]


def test_a_bye_may_have_any_body() -> None:
    peer = Peer()
    _, tag = up(peer)
    bye = peer.request("BYE", cseq=2, to_tag=tag, body=mixed(part(ISUP, b"x")), content_type=MIXED)
    assert statuses(peer.send(bye)) == [200]


def test_a_key_may_have_something_beside_it() -> None:
    peer = Peer()
    _, tag = up(peer)
    body = mixed(part(ISUP, b"x"), part(b"application/dtmf-relay", b"Signal=5\r\n"))
    assert statuses(peer.send(peer.request("INFO", cseq=2, to_tag=tag, body=body, content_type=MIXED))) == [200]
    assert peer.event(KeyReceived).key == "5"


def test_the_outcome_of_a_transfer_may_have_something_beside_it() -> None:
    peer = Peer()
    call, tag = up(peer)
    assert call.referral.ask("sip:other@127.0.0.1", peer.now)
    (refer,) = peer.command()
    assert isinstance(refer, SipRequest)
    peer.send(peer.reply(refer, 202))
    body = mixed(part(b"text/plain", b"x"), part(b"message/sipfrag", b"SIP/2.0 486 Busy"))
    headers = {"Event": "refer", "Subscription-State": "terminated"}
    notify = peer.request("NOTIFY", cseq=2, to_tag=tag, body=body, content_type=MIXED, headers=headers)
    assert statuses(peer.send(notify)) == [200]
    assert peer.event(ReferProgress).status == 486


@pytest.mark.parametrize(
    ("event", "content_type"),
    [
        ("ua-profile", "application/simservs+xml"),
        ("message-summary", "application/simple-message-summary"),
        ("reg", "application/reginfo+xml"),
        ("check-sync;reboot=true", ""),
        ("refer", "message/sipfrag"),
        ("", "text/plain"),
    ],
)
def test_a_notify_that_nobody_subscribed_to_gets_a_plain_no_whatever_its_body(event: str, content_type: str) -> None:
    body = b"x: y\r\n" if content_type else b""
    headers = {"Event": event, "Subscription-State": "active"} if event else {}
    assert answer_to(body, content_type, "NOTIFY", **headers).status == 481
    peer = Peer()
    _, tag = up(peer)
    notify = peer.request("NOTIFY", cseq=2, to_tag=tag, body=body, content_type=content_type, headers=headers)
    (said,) = peer.send(notify)
    assert statuses([said]) == [481 if event == "refer" else 489]
    assert said.headers.get("Allow-Events") == (None if event == "refer" else "refer")


def test_an_info_of_a_package_gets_469_unless_it_is_a_key() -> None:
    peer = Peer()
    _, tag = up(peer)
    for number, (kind, status) in enumerate((("a/b", 469), ("", 469), ("application/dtmf", 200)), 2):
        headers = {"Info-Package": "x"}
        body = b"5" if kind else b""
        (said,) = peer.send(
            peer.request("INFO", cseq=number, to_tag=tag, body=body, content_type=kind, headers=headers)
        )
        assert statuses([said]) == [status] and (said.headers.get("Recv-Info") == "") is (status == 469)
        assert parse_message(bytes(said)).status == status  # type: ignore[union-attr]
    assert statuses(peer.send(peer.request("INFO", cseq=5, to_tag=tag))) == [200]


def test_options_say_what_bodies_we_take() -> None:
    said = Peer()
    (ok,) = said.send(said.request("OPTIONS"))
    assert {"application/sdp", "application/dtmf-relay", "multipart/mixed"} <= set(ok.tokens("Accept"))
