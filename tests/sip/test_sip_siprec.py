"""Recording sessions in the core: which requests are of one, what is accepted in it, and what is told of it."""

from __future__ import annotations

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sip_peer import OFFER, Peer, session, statuses

from voicebot.sip.agent_options import AgentOptions
from voicebot.sip.answering import CallOffered, IncomingSipCall
from voicebot.sip.body import metadata_in
from voicebot.sip.hop import Hop
from voicebot.sip.message import SipRequest, SipResponse, parse_message
from voicebot.sip.outputs import CallConfirmed, MetadataReceived, SessionOffered
from voicebot.sip.siprec import is_from_recording_client

METADATA = b"<recording/>"
MIXED = "multipart/mixed;boundary=b"
BOTH = (
    b"--b\r\nContent-Type: application/sdp\r\n\r\n" + OFFER + b"\r\n--b\r\n"
    b"Content-Type:application/rs-metadata+xml\r\nContent-Disposition:recording-session;handling=required\r\n\r\n"
    + METADATA
    + b"\r\n--b--\r\n"
)


def recorder() -> Peer:
    """Everybody's recording sessions are taken."""
    return Peer(options=AgentOptions(session_expires_s=0, records=lambda _invite, _trunk: True))


def invited(peer: Peer) -> tuple[IncomingSipCall, str]:
    """A recording session that is up, and our tag."""
    assert statuses(peer.send(peer.request("INVITE", body=BOTH, content_type=MIXED))) == [100]
    call = peer.event(CallOffered).call
    call.answer(session(), peer.now)
    (ok,) = peer.command()
    assert ok.contact[0].params == {"+sip.srs": None} and "siprec" in ok.tokens("Supported")
    peer.send(peer.request("ACK", to_tag=call.local_tag))
    assert peer.has(CallConfirmed) and call.recording
    return call, call.local_tag


@pytest.mark.parametrize(
    ("headers", "body", "content_type"),
    [
        ({"Require": "siprec"}, OFFER, "application/sdp"),
        ({"Require": "timer, siprec"}, OFFER, "application/sdp"),
        ({"Contact": "<sip:src@127.0.0.1:5070>;+sip.src"}, OFFER, "application/sdp"),
        ({"Contact": "<sip:127.0.0.1:5070>;src"}, OFFER, "application/sdp"),
        ({"Contact": "<sip:src@127.0.0.1:5070;+sip.src>"}, OFFER, "application/sdp"),
        ({"X-Cisco-Recording-Participant": 'sip:a@b;media-index="0"'}, OFFER, "application/sdp"),
        ({}, BOTH, MIXED),
        ({}, BOTH.replace(b"rs-metadata+xml", b"rs-metadata"), MIXED),
        ({}, BOTH.replace(b"application/rs-metadata+xml", b"text/xml").replace(b";handling=required", b""), MIXED),
        ({"Content-Disposition": "recording-session"}, METADATA, "application/rs-metadata+xml"),
    ],
)
def test_a_recording_client_is_known_by_any_of_its_signs(
    headers: dict[str, str], body: bytes, content_type: str
) -> None:
    peer = recorder()
    invite = peer.request("INVITE", body=body, content_type=content_type, headers=headers)
    assert is_from_recording_client(invite)
    assert statuses(peer.send(invite)) == [100] and peer.event(CallOffered).call.recording
    elsewhere = Peer()
    (answer,) = elsewhere.send(elsewhere.request("INVITE", body=body, content_type=content_type, headers=headers))
    refusal = 420 if "Require" in headers else 415 if body == METADATA or b"handling=required" in body else 100
    assert isinstance(answer, SipResponse) and answer.status == refusal, "as ever where nothing is set up for it"


@pytest.mark.parametrize("contact", ["<sip:src@127.0.0.1>", "<sip:a@127.0.0.1>;source", "<sip:a@127.0.0.1>;+sip.srs"])
def test_others_are_no_recording_clients(contact: str) -> None:
    peer = recorder()
    invite = peer.request("INVITE", body=OFFER, headers={"Contact": contact, "Supported": "siprec"})
    assert not is_from_recording_client(invite) and not is_from_recording_client(peer.request("OPTIONS", body=METADATA))
    peer.send(invite)
    assert not peer.event(CallOffered).call.recording


def test_who_is_taken_depends_on_the_trunk_and_the_request() -> None:
    asked: list[tuple[str, str]] = []

    def records(invite: SipRequest, trunk: str) -> bool:
        asked.append((invite.uri, trunk))
        return False

    peer = Peer(options=AgentOptions(records=records))
    (refused,) = peer.send(peer.request("INVITE", body=OFFER, headers={"Require": "siprec"}))
    assert isinstance(refused, SipResponse) and (refused.status, refused.headers["Unsupported"]) == (420, "siprec")
    assert asked == [("sip:bot@127.0.0.1:5060", "")]


@pytest.mark.parametrize("method", ["UPDATE", "INVITE"])
def test_metadata_comes_before_the_offer_beside_it(method: str) -> None:
    peer = recorder()
    call, tag = invited(peer)
    peer.events.clear()
    require = {"Require": "siprec"}
    peer.send(peer.request(method, cseq=2, to_tag=tag, body=BOTH, content_type=MIXED, headers=require))
    metadata, offered = peer.events
    assert isinstance(metadata, MetadataReceived) and metadata.content == METADATA
    assert isinstance(offered, SessionOffered) and offered.offer is not None
    call.accept_session(session(), peer.now)
    (ok,) = peer.command()
    assert statuses([ok]) == [200] and ok.contact[0].params == {"+sip.srs": None}


@pytest.mark.parametrize("kind", ["application/rs-metadata+xml", "application/rs-metadata"])
def test_an_update_with_metadata_only_gets_200_without_a_session(kind: str) -> None:
    peer = recorder()
    _call, tag = invited(peer)
    headers = {"Require": "siprec", "Content-Disposition": "recording-session"}
    (ok,) = peer.send(peer.request("UPDATE", cseq=2, to_tag=tag, body=METADATA, content_type=kind, headers=headers))
    assert isinstance(ok, SipResponse) and (ok.status, ok.body) == (200, b"")
    assert peer.event(MetadataReceived).content == METADATA
    assert statuses(peer.send(peer.request("BYE", cseq=3, to_tag=tag, headers={"Require": "siprec"}))) == [200]


def test_in_other_calls_metadata_is_what_it_was() -> None:
    peer = Peer()
    peer.send(peer.request("INVITE", body=OFFER))
    call = peer.event(CallOffered).call
    call.answer(session(), peer.now)
    peer.command()
    peer.send(peer.request("ACK", to_tag=call.local_tag))
    update = partial(peer.request, "UPDATE", to_tag=call.local_tag, content_type="application/rs-metadata+xml")
    assert statuses(peer.send(update(cseq=2, body=METADATA))) == [415]
    assert statuses(peer.send(update(cseq=3, body=METADATA, headers={"Require": "siprec"}))) == [420]
    assert not peer.has(MetadataReceived)


@given(st.lists(st.sampled_from([b"--b", b"--b--", b"\r\n", b"\n", BOTH, METADATA, b"Content-Type: ", b"a/b", b"\0"])))
def test_any_body_is_taken_or_refused(pieces: list[bytes]) -> None:
    peer = recorder()
    request = peer.request("INVITE", body=b"".join(pieces), content_type=MIXED, headers={"Require": "siprec"})
    outputs = peer.ua.receive(bytes(request), Hop("127.0.0.1", 5070), peer.now)
    assert outputs
    parsed = parse_message(bytes(request))
    assert metadata_in(parsed) is None or isinstance(metadata_in(parsed), bytes)
