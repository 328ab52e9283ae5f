"""The test messages of RFC 4475: what each one must be answered with by a user agent server that takes calls.

Methods that we do not serve are answered 405 or 501 whatever else the RFC says about them, and responses to requests
that were never sent are dropped.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from sip_peer import Peer, session

from voicebot.sip.answering import CallOffered
from voicebot.sip.hop import Hop
from voicebot.sip.message import parse_message
from voicebot.sip.outputs import CallConfirmed, Transmit

TORTURE = Path(__file__).parent / "torture"

VALID_CALL = [100]
ANSWERS: dict[str, list[int]] = {
    # 3.1.1 valid messages
    "wsinv": [481],  # it has a To tag: a re-INVITE for a call that we do not have
    "intmeth": [501],
    "esc01": VALID_CALL,
    "escnull": [405],
    "esc02": [501],  # RE%47IST%45R is not REGISTER
    "lwsdisp": [200],
    "longreq": VALID_CALL,
    "dblreq": [405],  # the REGISTER alone; the INVITE behind it is no message
    "semiuri": [200],
    "transports": [200],
    "mpart01": [405],
    "unreason": [],
    "noreason": [],
    # 3.1.2 invalid messages
    "badinv01": [400],
    "clerr": [400],
    "ncl": [400],
    "scalar02": [400],
    "scalarlg": [],
    "quotbal": [400],
    "ltgtruri": [400],
    "lwsruri": [400],
    "lwsstart": [400],
    "trws": [400],
    "escruri": [400],
    "baddate": [400],
    "regbadct": [400],
    "badaspec": [400],
    "baddn": [400],
    "badvers": [505],
    "mismatch01": [400],
    "mismatch02": [400],
    "bigcode": [],
    # 3.2 transaction layer
    "badbranch": [200],
    # 3.3 application layer
    "insuf": [400],
    "unkscm": [416],
    "novelsc": [416],
    "unksm2": [405],
    "bext01": [420],
    "invut": [415],
    "regaut01": [405],
    "multi01": [400],
    "mcl01": [400],
    "bcast": [],
    "zeromf": [200],
    "cparam01": [405],
    "cparam02": [405],
    "regescrt": [405],
    "sdp01": [406],
    # 3.4 backward compatibility
    "inv2543": VALID_CALL,
}


def test_every_message_of_the_rfc_is_here() -> None:
    assert {path.stem for path in TORTURE.glob("*.dat")} == set(ANSWERS)


def answer(peer: Peer, name: str) -> list[bytes]:
    """Raw: the answer to a malformed request repeats its malformed headers."""
    outputs = peer.ua.receive((TORTURE / f"{name}.dat").read_bytes(), Hop("192.0.2.99", 5099), peer.now)
    return [output.data for output in outputs if isinstance(output, Transmit)]


@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_answer(name: str) -> None:
    peer = Peer()
    answers = answer(peer, name)
    assert [int(data[8:11]) for data in answers] == ANSWERS[name]
    rejected = [status for status in ANSWERS[name] if status >= 300]
    assert peer.ua.counters.rejected_by_status.total() == len(rejected)
    if not answers:
        assert peer.ua.counters.malformed + peer.ua.counters.dropped == 1


@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_a_repeated_message_gets_the_same_answer(name: str) -> None:
    peer = Peer()
    assert answer(peer, name) == answer(peer, name)


def test_unsupported_extensions_are_named() -> None:
    (data,) = answer(Peer(), "bext01")
    assert parse_message(data).tokens("Unsupported") == ["nothingSupportsThis", "nothingSupportsThisEither"]


def test_an_unsupported_body_is_told_what_is_supported() -> None:
    (data,) = answer(Peer(), "invut")
    assert parse_message(data).tokens("Accept") == ["application/sdp", "multipart/mixed", "multipart/alternative"]


def test_an_old_caller_without_branch_is_answered_and_its_ack_understood() -> None:
    """RFC 2543: INVITE and ACK have nothing but their headers to be matched by."""
    peer = Peer()
    invite = (TORTURE / "inv2543.dat").read_bytes()
    peer.send(invite)
    call = peer.event(CallOffered).call
    call.answer(session(), peer.now)
    (ok,) = peer.command()
    head = invite.partition(b"Content-Type")[0].replace(b"INVITE sip", b"ACK sip").replace(b"56 INVITE", b"56 ACK")
    to = next(line for line in head.split(b"\r\n") if line.startswith(b"To:"))
    peer.send(head.replace(to, f"To: {ok.headers['To']}".encode()) + b"\r\n")
    assert peer.has(CallConfirmed)
    assert peer.wait(20.0) == []
